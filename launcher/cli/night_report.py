"""A night in front of the person who reads it in the morning."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import rich.box
from rich.table import Table
from rich.text import Text

from launcher.cli.console import Console
from launcher.cli.not_sent import not_sent_as_json, not_sent_in_words
from launcher.cli.paths import shown_path
from launcher.core.next_steps import headline, next_steps
from launcher.core.nights import JobResult, night_as_json, worst
from launcher.core.summary import SHOWN, Ending, Exit
from launcher.ledger import Unsent
from launcher.report.results import failed_file


def show_night(
    console: Console, results: Sequence[JobResult], unsent: Sequence[Unsent], *, quiet: bool
) -> None:
    """A table with a line for each run, below it what was noted, what is to be done, and who was not told."""
    if console.wants_json:
        document = night_as_json(results)
        console.show_json(document | {"messages_not_sent": not_sent_as_json(unsent)} if unsent else document)
        return
    for line in not_sent_in_words(unsent):
        console.tell(line)
    if quiet and worst(result.exit_code for result in results) is Exit.ALL_STARTED:
        return
    console.print(_table(results))
    for result in results:
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
