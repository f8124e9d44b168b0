"""`launcher status [RUN]`: one run."""

from __future__ import annotations

import click

from launcher.cli.console import Console
from launcher.cli.options import GlobalOptions, global_options
from launcher.cli.session import carry_out, chosen_run, opened_ledger, settings_of
from launcher.engine import summarise


@click.command("status")
@click.argument("run", required=False)
@global_options
def command(run: str | None) -> None:
    """Show RUN (without it, the last one): counts, errors by cause, what to do next."""
    carry_out(lambda said: _status(said, run))


async def _status(said: GlobalOptions, name: str | None) -> int:
    async with opened_ledger(said, settings_of(said)) as ledger:
        run = await chosen_run(ledger, name)
        summary = await summarise(ledger, run.id)
    Console(said).show_summary(summary)
    return 0
