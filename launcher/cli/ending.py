"""The end of a run on a terminal: its results where they go to standard output, its summary, its exit code."""

from __future__ import annotations

from pathlib import Path

from launcher.app.context import Context
from launcher.app.query import write_results
from launcher.cli.console import Console
from launcher.cli.params import GlobalOptions
from launcher.core.summary import Summary
from launcher.ledger import LedgerError
from launcher.report.results import STDOUT, ResultsError


async def end_run(options: GlobalOptions, launcher: Context, summary: Summary) -> int:
    """Show what the run came to, and return its exit code."""
    to_stdout = Path(summary.results) == STDOUT
    console = Console(options, results_on_stdout=to_stdout)
    if to_stdout and not summary.pruned:
        if options.json:
            console.tell(f"standard output has the JSON document; the results: launcher results {summary.run}")
        else:
            try:
                await write_results(launcher, summary.run)
            except (ResultsError, LedgerError) as error:
                console.tell(f"{error} Then: launcher results {summary.run}")
    console.show_summary(summary)
    return int(summary.exit_code)
