"""`launcher retry [RUN]`: starts the failed rows again."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from launcher.cli.console import Console
from launcher.cli.inputs import FileType, taken
from launcher.cli.options import GlobalOptions, Refused, global_options
from launcher.cli.resume import go_on, taken_up
from launcher.cli.running import Running
from launcher.cli.session import carry_out, chosen_run, opened_ledger, refuse_pruned, settings_of
from launcher.core.model import State
from launcher.core.words import counted
from launcher.engine.job import Job
from launcher.engine.mending import mend
from launcher.ledger import Ledger, RunRecord
from launcher.settings import Settings
from launcher.sheets import WebAddress, open_table


@click.command("retry")
@click.argument("run", required=False)
@click.option(
    "--file",
    type=FileType(),
    metavar="MENDED",
    help="Take the rows that were mended from this file: yours, or the one with the rows to mend.",
)
@click.option("--unknown", is_flag=True, help="Send the unknown rows too, which may start them a second time.")
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
            if file is not None:
                await _mend(running, run, file, console)
            else:
                again = await ledger.retry(run.id, [State.FAILED])
                console.tell(f"{counted(again, 'failed row')} of run {run.name} to be sent again")
            if unknown:
                await _send_unknown(ledger, run, console, yes=yes)
            return await go_on(running, run, console)


async def _mend(running: Running, run: RunRecord, file: Path | WebAddress, console: Console) -> None:
    job, asker = Job.from_plan(run.job, run.plan), running.asker
    table = open_table((await taken(file)).source)
    for line in await mend(running.ledger, run, job, table, asker):
        console.tell(line)


async def _send_unknown(ledger: Ledger, run: RunRecord, console: Console, *, yes: bool) -> None:
    counts = await ledger.counts(run.id)
    if not counts[State.UNKNOWN]:
        console.tell(f"run {run.name} has no unknown rows")
        return
    rows = counted(counts[State.UNKNOWN], "row")
    question = f"{rows} of run {run.name} may have started. Sending them again starts those a second time."
    if not yes:
        if not sys.stdin.isatty():
            raise Refused(f"{question} Say --yes to do it all the same")
        console.tell(question)
        if click.prompt('Type "again" to send them', default="", show_default=False, err=True) != "again":
            raise Refused("nothing was sent")
    await ledger.retry(run.id, [State.UNKNOWN])
