"""`launcher reconcile [RUN]`: asks the portal about unknown rows."""

from __future__ import annotations

import click

from launcher.cli.options import GlobalOptions, global_options
from launcher.cli.resume import taken_up
from launcher.cli.session import carry_out, chosen_run, opened_ledger, settings_of
from launcher.settings import Settings


@click.command("reconcile")
@click.argument("run", required=False)
@global_options
def command(run: str | None) -> None:
    """Ask the portal about the unknown rows of RUN (without it, the last one).

    A row whose workflow is found running is started, with its ID. The others stay unknown: a workflow that
    has ended is not listed, so a miss proves nothing. Starts nothing.
    """
    carry_out(lambda said: _reconcile(said, settings_of(said), run))


async def _reconcile(said: GlobalOptions, settings: Settings, name: str | None) -> int:
    async with opened_ledger(said, settings) as ledger:
        run = await chosen_run(ledger, name)
        async with taken_up(said, settings, ledger, run) as running:
            return await running.reconcile(run)
