"""`launcher status [RUN]`: one run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from launcher.cli.main import async_command
from launcher.cli.params import GlobalOptions, global_options

if TYPE_CHECKING:
    from launcher.app.query import Status


@click.command("status")
@click.argument("run", required=False)
@global_options
@async_command
async def command(options: GlobalOptions, run: str | None) -> None:
    """Show RUN (without it, the last one): counts, errors by cause, what to do next."""
    from launcher.cli.console import unsent_lines
    from launcher.cli.runtime import opened

    async with opened(options) as (launcher, console):
        found = await launcher.status(run)
    if console.wants_json:
        console.show_json(found.to_dict())
        return
    console.show_summary(found.summary)
    for line in unsent_lines(found.unsent):
        console.print(line)
    if found.stopped and not options.quiet:
        console.print(_stopped(found))


def _stopped(found: Status) -> str:
    """Return what `launcher stop` made of the run's workflows."""
    from launcher.core.workflows import Termination, Way

    counts, stopped = found.by_fate(), found.stopped
    numbers = (
        (stopped.get((Way.TERMINATE, Termination.ENDED), 0), "terminated"),
        (stopped.get((Way.KILL, Termination.ENDED), 0), "deleted"),
        (counts[Termination.GONE], "had ended by then"),
        (counts[Termination.REFUSED], "still ran"),
        (counts[Termination.ASKED], "asked for, and the answer is not known"),
    )
    parts = [f"{number:,} {what}" for number, what in numbers if number]
    left = counts[Termination.REFUSED] or counts[Termination.ASKED]
    go_on = f". To continue: launcher stop {found.summary.run}" if left else ""
    return f"Its workflows were stopped: {' · '.join(parts)}{go_on}"
