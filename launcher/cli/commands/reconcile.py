"""`launcher reconcile [RUN]`: asks the portal about unknown rows."""

from __future__ import annotations

import click

from launcher.cli.main import run_command
from launcher.cli.params import GlobalOptions, global_options


@click.command("reconcile")
@click.argument("run", required=False)
@global_options
def command(run: str | None) -> None:
    """Ask the portal about the unknown rows of RUN (without it, the last one).

    A row whose workflow is found running is started, with its ID. The others stay unknown: a workflow that
    has ended is not listed, so a miss proves nothing. Starts nothing.
    """
    run_command(lambda options: _reconcile(options, run))


async def _reconcile(options: GlobalOptions, name: str | None) -> int:
    from launcher.app.runs import reconcile
    from launcher.cli.render import end_run
    from launcher.cli.runtime import opened

    async with opened(options) as launcher:
        return await end_run(options, launcher, await reconcile(launcher, name))
