"""`launcher run FILE`: reads, checks, starts, writes results."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from launcher.cli.access import access_of, portal_of
from launcher.cli.console import Console
from launcher.cli.dry_run import show_plan
from launcher.cli.inputs import Input, taken
from launcher.cli.job_file import with_file_of_job
from launcher.cli.job_options import Chosen, RunOptions, choose_job, run_options
from launcher.cli.options import GlobalOptions, Refused, global_options
from launcher.cli.other_ledger import results_of_another_ledger, starts_of_another_ledger
from launcher.cli.running import Running, Unattended
from launcher.cli.session import carry_out, metrics_file, opened_ledger, settings_of
from launcher.cli.settling import settle_job
from launcher.cli.two_ledgers import refuse_second_ledger
from launcher.core.columns import MappingError
from launcher.core.mapping import Mapper, RowMapping
from launcher.core.plan import Duplicates
from launcher.engine.asking import Asker
from launcher.engine.candidates import Candidates, mapping_of
from launcher.engine.job import Job
from launcher.engine.recalling import recall
from launcher.engine.rehearsal import refuse_duplicates
from launcher.ledger import Ledger, NewRun, hold_portal
from launcher.report.results import STDOUT, check_writable, results_path
from launcher.settings import PortalConfig, Settings
from launcher.sheets import Table, open_table


@click.command("run")
@run_options
@global_options
def command(options: RunOptions) -> None:
    """Start a workflow on every row of FILE, a CSV or an Excel file.

    FILE may be an https:// address, or - for standard input; without it, the job's file: is taken. Rows that an
    earlier run of the same job, or one without a job, has started are skipped; without --job, those of any job.
    The results file is written beside FILE, of an address or standard input into the current folder.
    """
    carry_out(lambda said: _run(said, settings_of(said), options))


async def _run(said: GlobalOptions, settings: Settings, options: RunOptions) -> int:
    return await run_file(said, settings, with_file_of_job(settings, options))


async def run_file(
    said: GlobalOptions,
    settings: Settings,
    options: RunOptions,
    portal_config: PortalConfig | None = None,
    unattended: Unattended | None = None,
) -> int:
    """One file through one job; gives the exit code.

    `portal_config` stands in for the configured portal.
    """
    chosen = choose_job(settings, options, portal_config)
    access = access_of(chosen.portal)
    given = await taken(options.file)
    table = open_table(
        given.source,
        sheet=options.sheet,
        encoding=options.encoding,
        delimiter=options.delimiter,
        header_row=options.header_row,
    )
    for note in table.notes:
        Console(said).tell(note)
    results = options.results or results_path(given.beside, table.dialect)
    if not options.dry_run:
        _check_stdout(said, results)
        check_writable(results, source=given.beside if given.is_file else None)
    async with opened_ledger(said, settings) as ledger, portal_of(ledger, access) as portal:
        await refuse_second_ledger(said, settings, ledger, portal.name)
        await _refuse_other_ledger(ledger, options, given, table, results)
        asker = Asker(portal, chosen.portal.pacing())
        await recall(ledger, asker)
        job = await _settled(settle_job(chosen, options, asker, Console(said).tell), chosen, asker, unattended)
        mapper = _bound(await mapping_of(job, ledger, portal.name), table, given)
        job = _with_column(job, mapper, Console(said))
        if job.duplicates is Duplicates.ERROR:
            await refuse_duplicates(Candidates(mapper, asker), table)
        if options.dry_run:
            return await show_plan(
                said, ledger, job, Candidates(mapper, asker), table, file=given.shown, portal=portal.name
            )
        async with hold_portal(ledger, portal.name, wait=options.wait):
            await recall(ledger, asker)  # again: until it is held, others may send
            new = NewRun(
                job=job.name,
                file=given.origin,
                portal=portal.name,
                plan=job.to_plan() | ({"nightly": True} if options.nightly else {}),
                header=table.header,
                dialect=table.dialect.to_dict(),
                fingerprint=given.fingerprint,
                results=str(results if results == STDOUT else results.resolve()),
            )
            running = Running(said, ledger, asker, chosen.portal, metrics_file(said, settings), unattended)
            return await running.go(await ledger.begin_run(new), job, table)


async def _refuse_other_ledger(
    ledger: Ledger, options: RunOptions, given: Input, table: Table, results: Path
) -> None:
    """Raises Refused where a file at hand reports a start that the ledger does not know."""
    why = ""
    if not options.ignore_launch_columns:
        why = await starts_of_another_ledger(ledger, given.shown, table)
    if not options.dry_run:  # it writes no results
        why = why or await results_of_another_ledger(ledger, results, table.dialect)
    if why:
        raise Refused(why)


async def _settled(
    settling: Coroutine[Any, Any, Job], chosen: Chosen, asker: Asker, unattended: Unattended | None
) -> Job:
    if unattended is None:
        return await settling
    # At night a portal may be down for a while, and nobody is there to try again.
    with asker.patiently(chosen.portal.give_up_after):
        return await unattended.cancel.race(settling)


def _bound(mapping: RowMapping, table: Table, given: Input) -> Mapper:
    """The mapping for this file. Raises MappingError, which names the file and what to say."""
    try:
        return Mapper(mapping, table.header)
    except MappingError as error:
        raise MappingError(f"{given.source.name}: {error}") from None


def _with_column(job: Job, mapper: Mapper, console: Console) -> Job:
    """The job with its document's column; where it was found by its heading, the person is told."""
    if job.document_column:
        return job
    if mapper.document_heading != "ID":
        console.tell(f'the document\'s ID is taken from the column "{mapper.document_heading}"')
    return replace(job, document_column=mapper.document_heading)


def _check_stdout(said: GlobalOptions, results: Path) -> None:
    if said.json and results == STDOUT:
        raise Refused(
            "--results - and --json: standard output holds one of the two; name a file for the results"
        )
