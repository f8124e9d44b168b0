"""`launcher report [RUN]`: one run as a web page."""

from __future__ import annotations

from pathlib import Path

import click

from launcher.cli.console import Console
from launcher.cli.options import GlobalOptions, global_options
from launcher.cli.paths import shown_path
from launcher.cli.session import carry_out, chosen_run, opened_ledger, refuse_pruned, settings_of
from launcher.engine.report import save_report
from launcher.report.page import check_page_path, report_path


@click.command("report")
@click.argument("run", required=False)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="An .html file; without it, NAME.report.html beside the results.",
)
@global_options
def command(run: str | None, output: Path | None) -> None:
    """Write RUN (without it, the last one) as one web page, to open, to mail or to print.

    Counts, the run over time with its waits, errors by cause, the rows to mend. It needs no network.
    """
    carry_out(lambda said: _write(said, run, output))


async def _write(said: GlobalOptions, name: str | None, output: Path | None) -> int:
    if output is not None:
        check_page_path(output)
    async with opened_ledger(said, settings_of(said)) as ledger:
        run = await chosen_run(ledger, name)
        refuse_pruned(run, "no page can be made of them")
        path = output or report_path(run)
        await save_report(ledger, run, path)
    console = Console(said)
    if console.wants_json:
        console.show_json({"run_id": run.name, "report": str(path.resolve())})
    else:
        console.print(f"Report of run {run.name}: {shown_path(path)}")
    return 0
