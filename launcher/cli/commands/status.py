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
    terminated, killed = (
        stopped.get((Way.TERMINATE, Termination.ENDED), 0),
        stopped.get((Way.KILL, Termination.ENDED), 0),
    )
    parts = [
        f"{terminated:,} terminated" if terminated else "",
        f"{killed:,} deleted" if killed else "",
        f"{counts[Termination.GONE]:,} had ended by then" if counts[Termination.GONE] else "",
        f"{counts[Termination.REFUSED]:,} still ran" if counts[Termination.REFUSED] else "",
        f"{counts[Termination.ASKED]:,} asked for, and the answer is not known"
        if counts[Termination.ASKED]
        else "",
    ]
    left = counts[Termination.REFUSED] or counts[Termination.ASKED]
    go_on = f". Go on with: launcher stop {found.summary.run}" if left else ""
    return f"Its workflows were stopped: {' · '.join(part for part in parts if part)}{go_on}"
