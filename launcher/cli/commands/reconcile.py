"""`launcher reconcile [RUN]`: asks the portal about unknown rows."""

from __future__ import annotations

import click

from launcher.cli.main import async_command
from launcher.cli.params import GlobalOptions, global_options


@click.command("reconcile")
@click.argument("run", required=False)
@global_options
@async_command
async def command(options: GlobalOptions, run: str | None) -> int:
    """Ask the portal about the unknown rows of RUN (without it, the last one).

    A row whose workflow is found running is started, with its ID. The others stay unknown: a workflow that
    has ended is not listed, so a miss proves nothing. Starts nothing.
    """
    from launcher.cli.render import end_run
    from launcher.cli.runtime import opened

    async with opened(options) as (launcher, _):
        return await end_run(options, launcher, await launcher.reconcile(run))
