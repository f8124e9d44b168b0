"""What a check found, on the terminal and as JSON."""

from __future__ import annotations

import rich.box
from rich.table import Table
from rich.text import Text

from launcher.app.check import CheckReport
from launcher.cli.console import Console
from launcher.core.findings import Finding, Severity, row_ranges
from launcher.core.next_steps import NO_ROWS
from launcher.core.pacing import Why
from launcher.core.words import counted, duration

_STYLES = {Severity.STOPS: "bold red", Severity.ROWS: "red", Severity.WARNING: "yellow", Severity.NOTE: "dim"}
_WORDS = {
    Severity.STOPS: "stops the run",
    Severity.ROWS: "would not start",
    Severity.WARNING: "warning",
    Severity.NOTE: "note",
}
_BINDS = {
    Why.RATE: "the portal's rate limit sets the pace",
    Why.OPERATING: "the portal's operating time limit sets the pace",
    Why.IN_THE_AIR: "what a start costs sets the pace; more concurrency: may help",
}


def show_check(console: Console, report: CheckReport) -> None:
    """Show it as the person asked for."""
    if console.wants_json:
        console.show_json(report.to_dict())
        return
    console.print(Text(_headline(report), style="bold"))
    found = report.findings.sorted()
    if found:
        console.print(_table(found))
    console.print(Text(_ending(report)))


def _headline(report: CheckReport) -> str:
    return f"{report.file}: {counted(report.rows, 'row')} checked against {report.portal}. Nothing was started."


def _table(found: list[Finding]) -> Table:
    table = Table(box=rich.box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", no_wrap=True)
    table.add_column("rows", justify="right", no_wrap=True)
    table.add_column("what", overflow="fold")
    table.add_column("which rows", overflow="fold", min_width=10)
    for finding in found:
        table.add_row(
            Text(_WORDS[finding.severity], style=_STYLES[finding.severity]),
            f"{finding.rows:,}" if finding.rows else "",
            Text(finding.text),
            row_ranges(finding.row_numbers, finding.rows),
        )
    return table


def _ending(report: CheckReport) -> str:
    stops = any(finding.severity is Severity.STOPS for finding in report.findings.sorted())
    if stops:
        return "A run would start nothing. Mend what stops it, and check again."
    ahead = report.forecast
    if ahead is None:
        return "There is nothing to start." if report.rows else NO_ROWS
    why = f"; {_BINDS[ahead.binds]}" if ahead.binds in _BINDS else ""
    return (
        f"A run would start {counted(report.would_start, 'row')}, in about {duration(ahead.seconds)} and "
        f"{counted(ahead.requests, 'request')}{why}."
    )
