"""`launcher run FILE`: reads, checks, starts, writes results."""

from __future__ import annotations

from pathlib import Path

import click

from launcher.cli.access import access_of
from launcher.cli.console import Console
from launcher.cli.dry_run import refuse_duplicates, show_plan
from launcher.cli.job_options import RunOptions, choose_job, run_options, settle_job
from launcher.cli.options import GlobalOptions, global_options
from launcher.cli.running import Running, fingerprint
from launcher.cli.session import carry_out, opened_ledger, portal_of, settings_of
from launcher.core.mapping import Mapper, MappingError
from launcher.core.plan import Duplicates
from launcher.engine import Job
from launcher.ledger import NewRun, hold_portal
from launcher.report.results import check_writable, results_path
from launcher.settings import PortalConfig, Settings
from launcher.sheets import SheetError, Table, open_table


@click.command("run")
@run_options
@global_options
def command(options: RunOptions) -> None:
    """Start a workflow on every row of FILE, a CSV or an Excel file.

    Rows that an earlier run of the same job has started are skipped. The results file is written beside FILE.
    """
    carry_out(lambda said: run_file(said, settings_of(said), options))


async def run_file(
    said: GlobalOptions, settings: Settings, options: RunOptions, portal_config: PortalConfig | None = None
) -> int:
    """One file through one job; gives the exit code.

    `portal_config` stands in for the configured portal.
    """
    chosen = choose_job(settings, options, portal_config)
    _check_name(options.file)
    access = access_of(chosen.portal)
    table = open_table(
        options.file,
        sheet=options.sheet,
        encoding=options.encoding,
        delimiter=options.delimiter,
        header_row=options.header_row,
    )
    for note in table.notes:
        Console(said).tell(note)
    results = options.results or results_path(options.file, table.dialect)
    if not options.dry_run:
        check_writable(results, source=options.file)
    async with opened_ledger(said, settings) as ledger, portal_of(ledger, access) as portal:
        job = await settle_job(chosen, options, portal)
        mapper = _bound(job, portal.name, table, options.file)
        if job.duplicates is Duplicates.ERROR:
            refuse_duplicates(mapper, table)
        if options.dry_run:
            return await show_plan(said, ledger, job, table, file=str(options.file), portal=portal.name)
        async with hold_portal(ledger, portal.name, wait=options.wait):
            new = NewRun(
                job=job.name,
                file=str(options.file.resolve()),
                portal=portal.name,
                plan=job.to_plan(),
                header=table.header,
                dialect=table.dialect.to_dict(),
                fingerprint=fingerprint(options.file),
                results=str(results.resolve()),
            )
            running = Running(said, ledger, portal, chosen.portal)
            return await running.go(await ledger.begin_run(new), job, table)


def _bound(job: Job, portal: str, table: Table, file: Path) -> Mapper:
    """The job's mapping for this file. Raises MappingError, which names the file and what to say."""
    try:
        return Mapper(job.mapping(portal), table.header)
    except MappingError as error:
        raise MappingError(f"{file.name}: {error}") from None


def _check_name(file: Path) -> None:
    """Raises SheetError where the name cannot be written into the ledger."""
    if str(file) == "-":
        raise SheetError("a run needs a file with a name, beside which its results go; save it and name it.")
    try:
        str(file).encode()
    except UnicodeEncodeError:
        shown = str(file).encode("utf-8", "replace").decode()
        raise SheetError(f"{shown}: the file's name is not UTF-8. Rename it and run again.") from None
