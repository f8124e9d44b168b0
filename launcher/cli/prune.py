"""`launcher prune --older-than 90d`: old runs lose what nobody needs any more."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path

import click
import rich.box
from rich.table import Table

from launcher.cli.console import Console
from launcher.cli.not_sent import SHOWN_S
from launcher.cli.options import GlobalOptions, Refused, global_options
from launcher.cli.session import carry_out, opened_ledger, settings_of
from launcher.core.periods import period_s
from launcher.core.words import counted
from launcher.ledger import (
    Age,
    Ledger,
    OldNights,
    Prunable,
    compact,
    hold_portal,
    old_nights,
    portals,
    prunable,
    prune,
    prune_nights,
)
from launcher.notify.outbox import TOO_OLD_S

_WHAT_STAYS = """\
Dropped: rows that failed, were invalid or were skipped. They did not start, and a later run plans them anew.
Emptied: rows that started. Their start keys, documents, workflow IDs and times stay, so that no later run
starts them twice and reconciling knows whose a workflow is; their cells and parameters go.
Kept whole: unknown rows, since nobody knows whether they started, and runs that are not finished."""
_WHAT_STAYS_OF_NIGHTS = """\
Kept of nights: each job's last one and those by which it is known when it is due, messages that are still
tried, and those that nobody has been told yet."""


def _period(_context: click.Context, _option: click.Parameter, value: str) -> float:
    try:
        return period_s(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command("prune")
@click.option(
    "--older-than",
    required=True,
    callback=_period,
    metavar="PERIOD",
    help="Runs, nights and messages that ended longer ago, as in 90d.",
)
@click.option("--dry-run", is_flag=True, help="Show what would go; change nothing.")
@click.option("--vacuum", is_flag=True, help="Then give the room back to the disk; no run may be going.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@global_options
def command(older_than: float, dry_run: bool, vacuum: bool, yes: bool) -> None:
    """Drop what nobody needs any more of old runs and nights.

    What protects against starting twice stays: the start keys of all rows that started or may have. So do each
    job's last night, the nights by which it is known when it is due, and messages that are still to be sent. A
    run may go on at the same time. The room in the ledger's file is used again by later runs; --vacuum makes it
    smaller.
    """
    carry_out(lambda said: _prune(said, older_than, dry_run=dry_run, vacuum=vacuum, yes=yes))


async def _prune(said: GlobalOptions, older_than_s: float, *, dry_run: bool, vacuum: bool, yes: bool) -> int:
    console = Console(said)
    async with opened_ledger(said, settings_of(said)) as ledger:
        now = time.time()
        age = Age(now=now, before=now - older_than_s, tried_since=now - max(TOO_OLD_S, SHOWN_S))
        old, of_nights = await prunable(ledger, before=age.before), await old_nights(ledger, age)
        pruned = [one for one in old if not one.not_over]
        if not dry_run:
            if (pruned or of_nights) and not yes:
                _ask(pruned, of_nights, console)
            pruned = [one for one in pruned if await prune(ledger, one.run.id)]
            of_nights = await prune_nights(ledger, age)
            if vacuum:
                await _vacuum(ledger)
    left = [one for one in old if one not in pruned]
    if console.wants_json:
        console.show_json(_document(pruned, left, of_nights, dry_run=dry_run))
    else:
        _show(pruned, left, of_nights, console, dry_run=dry_run)
    return 0


def _ask(pruned: Sequence[Prunable], of_nights: OldNights, console: Console) -> None:
    rows = sum(one.dropped for one in pruned)
    what = [f"{counted(rows, 'row')} of {counted(len(pruned), 'run')}"] if pruned else []
    question = f"{', '.join([*what, *_in_words(of_nights)])} are to be dropped for good"
    if not sys.stdin.isatty():
        raise Refused(f"{question}. Say --yes to do it, or --dry-run to see what goes")
    _show(pruned, [], of_nights, console, dry_run=True)
    if not click.confirm(f"launcher: {question}. Go on?", err=True):
        raise Refused("nothing was pruned")


async def _vacuum(ledger: Ledger) -> None:
    """Nobody may write meanwhile, and it takes too long to be waited for."""
    async with AsyncExitStack() as held:
        for portal in await portals(ledger):
            await held.enter_async_context(hold_portal(ledger, portal))
        await compact(ledger)


def _in_words(of_nights: OldNights) -> list[str]:
    numbers = ((of_nights.nights, "night"), (of_nights.messages, "message"))
    return [counted(number, what) for number, what in numbers if number]


def _document(
    pruned: Sequence[Prunable], left: Sequence[Prunable], of_nights: OldNights, *, dry_run: bool
) -> dict[str, object]:
    return {
        "pruned": [
            {"run_id": one.run.name, "dropped": one.dropped, "emptied": one.emptied, "kept": one.kept}
            for one in pruned
        ],
        "left": [{"run_id": one.run.name, "rows": one.counts.total, "because": _why_left(one)} for one in left],
        "nights": of_nights.nights,
        "messages": of_nights.messages,
        "dry_run": dry_run,
    }


def _show(
    pruned: Sequence[Prunable],
    left: Sequence[Prunable],
    of_nights: OldNights,
    console: Console,
    *,
    dry_run: bool,
) -> None:
    if not pruned and not left and not of_nights:
        console.print("Nothing to prune.")
        return
    if pruned:
        table = Table(box=rich.box.SIMPLE_HEAD, pad_edge=False)
        for heading in ("run", "when", "file"):
            table.add_column(heading, overflow="fold")
        for heading in ("dropped", "emptied", "kept whole"):
            table.add_column(heading, justify="right", no_wrap=True)
        for one in pruned:
            when = datetime.fromtimestamp(one.run.created_at).strftime("%Y-%m-%d %H:%M")
            numbers = (f"{number:,}" for number in (one.dropped, one.emptied, one.kept))
            table.add_row(one.run.name, when, Path(one.run.file).name, *numbers)
        console.print(table)
        console.print(_WHAT_STAYS)
    if of_nights:
        console.print(f"Dropped of nights: {' and '.join(_in_words(of_nights))}.\n{_WHAT_STAYS_OF_NIGHTS}")
    for one in left:
        console.print(
            f"Run {one.run.name} is left as it is: {_why_left(one)}. See: launcher resume {one.run.name}"
        )
    if dry_run:
        console.print("Nothing was changed.")


def _why_left(one: Prunable) -> str:
    return one.not_over or "it goes on again"
