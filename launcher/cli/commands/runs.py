"""`launcher runs`: lists runs."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from launcher.cli.main import async_command
from launcher.cli.params import GlobalOptions, global_options

if TYPE_CHECKING:
    from launcher.app.query import ListedRun


_COUNTED = {"started": ("started",), "to fix": ("failed", "invalid"), "unknown": ("unknown",)}
"""Heading → states whose rows are counted under it."""


@click.command("runs")
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many, the newest."
)
@global_options
@async_command
async def command(options: GlobalOptions, limit: int) -> None:
    """List runs, the newest first."""
    import rich.box
    from rich.table import Table

    from launcher.cli.runtime import opened

    async with opened(options) as (launcher, console):
        found = await launcher.runs(limit)
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
    console.show(
        [one.to_dict() for one in found], table if found else "No runs yet. Begin with: launcher run FILE"
    )


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
