"""`launcher report [RUN]`: one run as a web page."""

from __future__ import annotations

from pathlib import Path

import click

from launcher.cli.main import async_command
from launcher.cli.params import GlobalOptions, global_options, shown_path


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
@async_command
async def command(options: GlobalOptions, run: str | None, output: Path | None) -> None:
    """Write RUN (without it, the last one) as one web page, to open, to mail or to print.

    Counts, the run over time with its waits, errors by cause, the rows to fix. It needs no network.
    """
    from launcher.cli.runtime import opened

    async with opened(options) as (launcher, console):
        written = await launcher.write_report(run, output)
    console.show(written.to_dict(), f"Report of run {written.run}: {shown_path(written.path)}")
