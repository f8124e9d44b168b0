"""A night in front of the person who reads it in the morning."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import rich.box
from rich.table import Table
from rich.text import Text

from launcher.automation.night import NightResult
from launcher.cli.console import Console
from launcher.cli.paths import shown_path
from launcher.cli.unsent import unsent_lines
from launcher.core.next_steps import headline, next_steps
from launcher.core.nights import JobResult
from launcher.core.summary import SHOWN, Ending, Exit
from launcher.report.results import failed_file


def show_night(console: Console, night: NightResult, *, quiet: bool) -> None:
    """Show a table with a line for each run, below it the notes, what is to be done, and who was not told."""
    if console.wants_json:
        console.show_json(night.to_dict())
        return
    for line in unsent_lines(night.unsent):
        console.tell(line)
    if quiet and night.exit_code is Exit.ALL_STARTED:
        return
    console.print(_table(night.jobs))
    for result in night.jobs:
        for note in result.notes:
            console.print(Text(f"{result.job}: {note}"))
        for step in result.steps:
            if step.summary.exit_code is Exit.ALL_STARTED:
                continue
            summary = step.summary
            console.print(Text(f"{result.job}: {headline(summary)}"))
            failed = shown_path(failed_file(summary.results, summary.failed)) if summary.results else ""
            for one in next_steps(summary, failed):
                console.print(Text(f"  {one}"))


def _table(results: Sequence[JobResult]) -> Table:
    table = Table(box=rich.box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("job", "outcome", "run", "file"):
        table.add_column(heading, overflow="fold")
    table.add_column("rows")
    table.add_column("exit code", justify="right")
    for result in results:
        if not result.steps:
            table.add_row(result.job, result.outcome.value, "", "", "", str(int(result.exit_code)))
        for step in result.steps:
            summary = step.summary
            counts = summary.counts.shown(running=summary.ending is Ending.RUNNING)
            rows = " · ".join(f"{counts[state]:,} {state.value}" for state in SHOWN if counts[state])
            table.add_row(
                result.job, result.outcome.value, f"{summary.run} ({step.way.value})",
                Path(summary.file).name, rows, str(int(summary.exit_code)),
            )  # fmt: skip
    return table
