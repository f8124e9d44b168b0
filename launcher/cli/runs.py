"""`launcher runs`: lists runs."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click
import rich.box
from rich.table import Table

from launcher.cli.console import Console
from launcher.cli.options import GlobalOptions, global_options
from launcher.cli.session import carry_out, opened_ledger, settings_of
from launcher.core.summary import Summary
from launcher.engine.summary import summarise

_COUNTED = {"started": ("started",), "to mend": ("failed", "invalid"), "unknown": ("unknown",)}
"""Heading → states whose rows are counted under it."""


@click.command("runs")
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many, the newest."
)
@global_options
def command(limit: int) -> None:
    """List runs, the newest first."""
    carry_out(lambda said: _list(said, limit))


async def _list(said: GlobalOptions, limit: int) -> int:
    async with opened_ledger(said, settings_of(said)) as ledger:
        found = [(run, await summarise(ledger, run.id, causes=0)) for run in await ledger.last_runs(limit)]
    console = Console(said)
    if console.wants_json:
        console.show_json([summary.as_json() | {"created_at": _iso(run.created_at)} for run, summary in found])
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
    for run, summary in found:
        table.add_row(*_cells(run.created_at, summary))
    console.print(table)
    return 0


def _cells(created_at: float, summary: Summary) -> list[str]:
    counts = summary.counts.shown(running=False)
    return [
        summary.run,
        datetime.fromtimestamp(created_at).strftime("%Y-%m-%d %H:%M"),
        summary.job,
        Path(summary.file).name,
        f"{summary.counts.total:,}",
        *(f"{sum(counts[state] for state in states):,}" for states in _COUNTED.values()),
        summary.ending.value,
    ]


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="seconds")
