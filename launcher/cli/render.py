"""What commands show: templates, a check, a night and its messages, and the end of a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import rich.box
from rich.table import Table
from rich.text import Text

from launcher.app.check import CheckReport
from launcher.app.context import Context
from launcher.app.first_steps import described
from launcher.app.query import write_results
from launcher.app.templates import TemplateList
from launcher.automation.night import NightResult
from launcher.cli.console import Console, stdout_rows, unsent_lines
from launcher.cli.params import GlobalOptions, shown_path
from launcher.core.findings import Finding, Severity, row_ranges
from launcher.core.nights import JobResult
from launcher.core.notices import NO_ROWS, headline, next_steps
from launcher.core.pacing.controller import WaitReason
from launcher.core.summary import SHOWN, Ending, Exit, Summary
from launcher.core.templates import Parameter, Template
from launcher.core.words import duration, pluralize
from launcher.errors import ResultsError
from launcher.ledger import LedgerError
from launcher.report import STDOUT, failed_file


def template_table(found: TemplateList) -> Table:
    """Return one row for each listed template, one line for each parameter."""
    table = Table(box=rich.box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("ID", justify="right", no_wrap=True)
    table.add_column("name", overflow="fold", min_width=12)
    table.add_column("kind", overflow="fold", min_width=10)
    table.add_column("parameters", overflow="fold")
    for template in found.listed:
        lines = [f"{_called(each)}: {described(each)}" for each in template.parameters]
        table.add_row(
            str(template.id), Text(template.name), Text(_kind(template, found)), Text("\n".join(lines))
        )
    return table


def _called(parameter: Parameter) -> str:
    return parameter.name if parameter.title == parameter.name else f'{parameter.name} "{parameter.title}"'


def _kind(template: Template, found: TemplateList) -> str:
    if template.kind is None:
        return template.document_type
    name = found.smart_processes.get(template.kind.name, "")
    return f"{template.kind.name} {name}".rstrip()


_STYLES = {Severity.STOPS: "bold red", Severity.ROWS: "red", Severity.WARNING: "yellow", Severity.NOTE: "dim"}
_WORDS = {
    Severity.STOPS: "stops the run",
    Severity.ROWS: "would not start",
    Severity.WARNING: "warning",
    Severity.NOTE: "note",
}
_BINDS = {
    WaitReason.RATE: "the portal's rate limit sets the pace",
    WaitReason.OPERATING: "the portal's operating time limit sets the pace",
    WaitReason.IN_FLIGHT: "what a start costs sets the pace; more concurrency: may help",
}


def show_check(console: Console, report: CheckReport) -> None:
    """Show it as the person asked for."""
    rows, found = pluralize(report.rows, "row"), report.findings.sorted()
    headline = f"{report.file}: {rows} checked against {report.portal}. Nothing was started."
    tables = [_findings_table(found)] if found else []
    console.show(report.to_dict(), Text(headline, style="bold"), *tables, _ending(report))


def _findings_table(found: list[Finding]) -> Table:
    table = Table(box=rich.box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", no_wrap=True)
    table.add_column("rows", justify="right", no_wrap=True)
    table.add_column("what", overflow="fold")
    table.add_column("which rows", overflow="fold", min_width=10)
    for finding in found:
        table.add_row(
            Text(_WORDS[finding.severity], style=_STYLES[finding.severity]),
            f"{finding.rows:,}" if finding.rows else "",
            Text(str(finding.text)),
            row_ranges(finding.row_numbers, finding.rows),
        )
    return table


def _ending(report: CheckReport) -> str:
    stops = any(finding.severity is Severity.STOPS for finding in report.findings.sorted())
    if stops:
        return "A run would start nothing. Fix what stops it, and check again."
    ahead = report.forecast
    if ahead is None:
        return "There is nothing to start." if report.rows else str(NO_ROWS)
    why = f"; {_BINDS[ahead.binds]}" if ahead.binds in _BINDS else ""
    return (
        f"A run would start {pluralize(report.would_start, 'row')}, in about {duration(ahead.seconds)} and "
        f"{pluralize(ahead.requests, 'request')}{why}."
    )


def show_night(console: Console, night: NightResult, *, quiet: bool) -> None:
    """Show a table with a line for each run, below it the notes, what is to be done, and who was not told."""
    if console.wants_json:
        console.show_json(night.to_dict())
        return
    for line in unsent_lines(night.unsent):
        console.tell(line)
    if quiet and night.exit_code is Exit.ALL_STARTED:
        return
    console.print(_jobs_table(night.jobs))
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


def _jobs_table(results: Sequence[JobResult]) -> Table:
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


async def end_run(options: GlobalOptions, launcher: Context, summary: Summary) -> int:
    """Show what the run came to, and return its exit code."""
    to_stdout = Path(summary.results) == STDOUT
    console = Console(options, results_on_stdout=to_stdout)
    if to_stdout and not summary.pruned:
        if options.json:
            console.tell(f"standard output has the JSON document; the results: launcher results {summary.run}")
        else:
            try:
                with stdout_rows() as stream:
                    await write_results(launcher, summary.run, stream)
            except (ResultsError, LedgerError) as error:
                console.tell(f"{error} Then: launcher results {summary.run}")
    console.show_summary(summary)
    return int(summary.exit_code)
