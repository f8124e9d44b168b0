"""`launcher status [RUN]`: one run."""

from __future__ import annotations

import time
from collections.abc import Mapping

import click

from launcher.cli.console import Console
from launcher.cli.not_sent import messages_not_sent, not_sent_as_json, not_sent_in_words
from launcher.cli.options import GlobalOptions, global_options
from launcher.cli.session import carry_out, chosen_run, opened_ledger, settings_of
from launcher.core.stops import Fate, Way
from launcher.engine.summary import summarise
from launcher.ledger import Stops


@click.command("status")
@click.argument("run", required=False)
@global_options
def command(run: str | None) -> None:
    """Show RUN (without it, the last one): counts, errors by cause, what to do next."""
    carry_out(lambda said: _status(said, run))


async def _status(said: GlobalOptions, name: str | None) -> int:
    async with opened_ledger(said, settings_of(said)) as ledger:
        run = await chosen_run(ledger, name)
        summary = await summarise(ledger, run.id)
        stopped = await Stops(ledger.database).counts(run.id)
        unsent = await messages_not_sent(ledger, time.time())
    console = Console(said)
    if console.wants_json:
        more: dict[str, object] = {"stopped_workflows": _by_fate(stopped)} if stopped else {}
        more |= {"messages_not_sent": not_sent_as_json(unsent)} if unsent else {}
        console.show_json(summary.as_json() | more)
        return 0
    console.show_summary(summary)
    for line in not_sent_in_words(unsent):
        console.print(line)
    if stopped and not said.quiet:
        console.print(_stopped_in_words(run.name, stopped))
    return 0


def _by_fate(stopped: Mapping[tuple[Way, Fate], int]) -> dict[str, int]:
    return {fate.value: sum(number for (_, each), number in stopped.items() if each is fate) for fate in Fate}


def _stopped_in_words(run: str, stopped: Mapping[tuple[Way, Fate], int]) -> str:
    """What `launcher stop` made of the run's workflows."""
    counts = _by_fate(stopped)
    terminated, killed = stopped.get((Way.TERMINATE, Fate.ENDED), 0), stopped.get((Way.KILL, Fate.ENDED), 0)
    parts = [
        f"{terminated:,} terminated" if terminated else "",
        f"{killed:,} deleted" if killed else "",
        f"{counts[Fate.GONE]:,} had ended by then" if counts[Fate.GONE] else "",
        f"{counts[Fate.REFUSED]:,} still ran" if counts[Fate.REFUSED] else "",
        f"{counts[Fate.ASKED]:,} asked for, and the answer is not known" if counts[Fate.ASKED] else "",
    ]
    left = counts[Fate.REFUSED] or counts[Fate.ASKED]
    go_on = f". Go on with: launcher stop {run}" if left else ""
    return f"Its workflows were stopped: {' · '.join(part for part in parts if part)}{go_on}"
