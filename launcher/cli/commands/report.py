"""`launcher report [RUN]`: one run as a web page."""

from __future__ import annotations

from pathlib import Path

import click

from launcher.cli.main import run_command
from launcher.cli.params import GlobalOptions, global_options


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
    run_command(lambda options: _write(options, run, output))


async def _write(options: GlobalOptions, name: str | None, output: Path | None) -> int:
    from launcher.app.query import write_report
    from launcher.cli.console import Console
    from launcher.cli.params import shown_path
    from launcher.cli.runtime import opened

    async with opened(options) as launcher:
        written = await write_report(launcher, name, output)
    console = Console(options)
    if console.wants_json:
        console.show_json(written.to_dict())
    else:
        console.print(f"Report of run {written.run}: {shown_path(written.path)}")
    return 0
