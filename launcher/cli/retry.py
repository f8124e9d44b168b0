"""`launcher retry [RUN]`: starts the failed rows again."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path

import click

from launcher.cli.console import Console
from launcher.cli.inputs import FileType, taken
from launcher.cli.options import GlobalOptions, Refused, global_options
from launcher.cli.resume import go_on, taken_up
from launcher.cli.running import Running
from launcher.cli.session import carry_out, chosen_run, opened_ledger, refuse_pruned, settings_of
from launcher.core.findings import row_ranges
from launcher.core.model import State
from launcher.core.words import counted
from launcher.engine.job import Job
from launcher.engine.mending import keep_taken_over, mend, unknown_rows
from launcher.ledger import Ledger, RunRecord
from launcher.settings import Settings
from launcher.sheets import Source, Table, WebAddress, content_fingerprint, open_table


@click.command("retry")
@click.argument("run", required=False)
@click.option(
    "--file",
    type=FileType(),
    metavar="MENDED",
    help="Take the rows that were mended from this file: yours, or the one with the rows to mend.",
)
@click.option(
    "--unknown",
    is_flag=True,
    help="Send the unknown rows too, with --file those of the file that are not changed in it. This may start "
    "them a second time.",
)
@click.option("--yes", is_flag=True, help="With --unknown: do not ask.")
@global_options
def command(run: str | None, file: Path | WebAddress | None, unknown: bool, yes: bool) -> None:
    """Start the failed rows of RUN (without it, the last one) again."""
    carry_out(lambda said: _retry(said, settings_of(said), run, file, unknown=unknown, yes=yes))


async def _retry(
    said: GlobalOptions,
    settings: Settings,
    name: str | None,
    file: Path | WebAddress | None,
    *,
    unknown: bool,
    yes: bool,
) -> int:
    console = Console(said)
    async with opened_ledger(said, settings) as ledger:
        run = await chosen_run(ledger, name)
        if file is not None or not unknown:
            refuse_pruned(run, "run the file again for those that failed; what has started is skipped")
        async with taken_up(said, settings, ledger, run) as running:
            given = None if file is None else await _Corrections.read(file)
            table = None if given is None else given.table
            again = await _confirmed(ledger, run, table, console, yes=yes) if unknown else ()
            if given is not None:
                await _mend(running, run, given, console)
            else:
                failed = await ledger.retry(run.id, [State.FAILED])
                console.tell(f"{counted(failed, 'failed row')} of run {run.name} to be sent again")
            if unknown:
                await ledger.retry(run.id, [State.UNKNOWN], only=again)
            return await go_on(running, run, console)


@dataclass(frozen=True, slots=True)
class _Corrections:
    """A file with corrected rows."""

    source: Source
    table: Table
    digest: str
    """Of the content that was read; empty where it is no file of this machine."""

    @classmethod
    async def read(cls, file: Path | WebAddress) -> _Corrections:
        given = await taken(file)
        digest = await asyncio.to_thread(content_fingerprint, given.source) if given.is_file else ""
        return cls(given.source, open_table(given.source), digest)


async def _mend(running: Running, run: RunRecord, given: _Corrections, console: Console) -> None:
    job, asker = Job.from_plan(run.job, run.plan), running.asker
    for line in await mend(running.ledger, run, job, given.table, asker):
        console.tell(line)
    if given.digest:
        await keep_taken_over(running.ledger, run, given.source, given.digest, given.table)


async def _confirmed(
    ledger: Ledger, run: RunRecord, table: Table | None, console: Console, *, yes: bool
) -> tuple[int, ...] | None:
    """The unknown rows that a person wants to be sent again, by number; None: all of the run.

    Raises Refused, before anything is changed.
    """
    rows = None if table is None else await _of_the_file(ledger, run, table, console)
    number = (await ledger.counts(run.id))[State.UNKNOWN] if rows is None else len(rows)
    if not number:
        where = "has no unknown rows" if rows is None else "has no unknown row that the file names unchanged"
        console.tell(f"run {run.name} {where}: none is sent again")
        return ()
    may_run = f"{counted(number, 'row')} of run {run.name} may have started"
    question = f"{may_run}. Sending them again starts those a second time."
    if not yes:
        if not sys.stdin.isatty():
            raise Refused(f"{question} Say --yes to do it all the same")
        console.tell(question)
        if click.prompt('Type "again" to send them', default="", show_default=False, err=True) != "again":
            raise Refused("nothing was sent")
    return rows


async def _of_the_file(ledger: Ledger, run: RunRecord, table: Table, console: Console) -> tuple[int, ...]:
    found = await unknown_rows(ledger, run, table)
    if found.changed:
        number, rows = len(found.changed), row_ranges(list(found.changed), len(found.changed))
        console.tell(
            f"{counted(number, 'unknown row')} of run {run.name} changed in the file (row {rows}): not sent, "
            "and still unknown. The row may have started with the values that were sent, and another value is "
            "another start. To send the row again, give it back with the values that were sent"
        )
    return found.unchanged
