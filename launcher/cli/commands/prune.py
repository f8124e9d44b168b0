"""`launcher prune --older-than 90d`: old runs lose what nobody needs any more."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from launcher.cli.main import async_command
from launcher.cli.params import CommandError, GlobalOptions, global_options, seconds_of
from launcher.core.words import pluralize

if TYPE_CHECKING:
    from launcher.app.housekeeping import PrunePlan
    from launcher.cli.console import Console
    from launcher.ledger.pruning_nights import OldNights


_WHAT_STAYS = """\
Dropped: rows that failed, were invalid or were skipped. They did not start, and a later run plans them anew.
Emptied: rows that started. Their start keys, documents, workflow IDs and times stay, so that no later run
starts them twice and reconciling knows whose a workflow is; their cells and parameters go.
Kept whole: unknown rows, since nobody knows whether they started, and runs that are not finished."""
_WHAT_STAYS_OF_NIGHTS = """\
Kept of nights: each job's last one and those by which it is known when it is due, messages that are still
tried, and those that nobody has been told yet."""


@click.command("prune")
@click.option(
    "--older-than",
    required=True,
    callback=seconds_of,
    metavar="PERIOD",
    help="Runs, nights and messages that ended longer ago, as in 90d.",
)
@click.option("--dry-run", is_flag=True, help="Show what would go; change nothing.")
@click.option("--vacuum", is_flag=True, help="Then give the room back to the disk; no run may be going.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@global_options
@async_command
async def command(options: GlobalOptions, older_than: float, dry_run: bool, vacuum: bool, yes: bool) -> None:
    """Drop what nobody needs any more of old runs and nights.

    What protects against starting twice stays: the start keys of all rows that started or may have. So do each
    job's last night, the nights by which it is known when it is due, and messages that are still to be sent. A
    run may go on at the same time. The room in the ledger's file is used again by later runs; --vacuum makes it
    smaller.
    """
    from launcher.cli.runtime import opened

    async with opened(options) as (launcher, console):
        plan = await launcher.plan_prune(older_than)
        if not dry_run:
            if not (plan.is_empty or yes):
                _confirm(plan, console)
            plan = await launcher.prune(plan, vacuum=vacuum)
    if console.wants_json:
        console.show_json(plan.to_dict(dry_run=dry_run))
    else:
        _show(plan, console, dry_run=dry_run)


def _confirm(plan: PrunePlan, console: Console) -> None:
    what = [f"{pluralize(plan.rows, 'row')} of {pluralize(len(plan.runs), 'run')}"] if plan.runs else []
    question = f"{', '.join([*what, *_nights(plan.nights)])} are to be dropped for good"
    if not sys.stdin.isatty():
        raise CommandError(f"{question}. Say --yes to do it, or --dry-run to see what goes")
    _show(replace(plan, left=()), console, dry_run=True)
    if not click.confirm(f"launcher: {question}. Go on?", err=True):
        raise CommandError("nothing was pruned")


def _nights(of_nights: OldNights) -> list[str]:
    numbers = ((of_nights.nights, "night"), (of_nights.messages, "message"))
    return [pluralize(number, what) for number, what in numbers if number]


def _show(plan: PrunePlan, console: Console, *, dry_run: bool) -> None:
    import rich.box
    from rich.table import Table

    from launcher.app.housekeeping import why_left

    if plan.is_empty and not plan.left:
        console.print("Nothing to prune.")
        return
    if plan.runs:
        table = Table(box=rich.box.SIMPLE_HEAD, pad_edge=False)
        for heading in ("run", "when", "file"):
            table.add_column(heading, overflow="fold")
        for heading in ("dropped", "emptied", "kept whole"):
            table.add_column(heading, justify="right", no_wrap=True)
        for one in plan.runs:
            when = datetime.fromtimestamp(one.run.created_at).strftime("%Y-%m-%d %H:%M")
            numbers = (f"{number:,}" for number in (one.dropped, one.emptied, one.kept))
            table.add_row(one.run.name, when, Path(one.run.file).name, *numbers)
        console.print(table)
        console.print(_WHAT_STAYS)
    if plan.nights:
        console.print(f"Dropped of nights: {' and '.join(_nights(plan.nights))}.\n{_WHAT_STAYS_OF_NIGHTS}")
    for one in plan.left:
        console.print(
            f"Run {one.run.name} is left as it is: {why_left(one)}. See: launcher resume {one.run.name}"
        )
    if dry_run:
        console.print("Nothing was changed.")
