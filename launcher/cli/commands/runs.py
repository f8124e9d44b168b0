"""`launcher runs`: lists runs."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from launcher.cli.main import run_command
from launcher.cli.params import GlobalOptions, global_options

if TYPE_CHECKING:
    from launcher.app.query import ListedRun


_COUNTED = {"started": ("started",), "to mend": ("failed", "invalid"), "unknown": ("unknown",)}
"""Heading → states whose rows are counted under it."""


@click.command("runs")
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many, the newest."
)
@global_options
def command(limit: int) -> None:
    """List runs, the newest first."""
    run_command(lambda options: _list(options, limit))


async def _list(options: GlobalOptions, limit: int) -> int:
    import rich.box
    from rich.table import Table

    from launcher.app.query import runs
    from launcher.cli.console import Console
    from launcher.cli.runtime import opened

    async with opened(options) as launcher:
        found = await runs(launcher, limit)
    console = Console(options)
    if console.wants_json:
        console.show_json([one.to_dict() for one in found])
        return 0
    if not found:
        console.print("No runs yet. Begin with: launcher run FILE")
        return 0
    table = Table(box=rich.box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("run", "when"):
        table.add_column(heading, no_wrap=True)
    for heading in ("job", "file"):
        table.add_column(heading, overflow="fold", min_width=6)
    for heading in ("rows", *_COUNTED):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("ended", no_wrap=True)
    for one in found:
        table.add_row(*_cells(one))
    console.print(table)
    return 0


def _cells(one: ListedRun) -> list[str]:
    summary = one.summary
    counts = summary.counts.shown(running=False)
    return [
        summary.run,
        datetime.fromtimestamp(one.created_at).strftime("%Y-%m-%d %H:%M"),
        summary.job,
        Path(summary.file).name,
        f"{summary.counts.total:,}",
        *(f"{sum(counts[state] for state in states):,}" for states in _COUNTED.values()),
        summary.ending.value,
    ]
