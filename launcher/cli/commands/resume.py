"""`launcher resume [RUN]`: goes on with an interrupted or stopped run."""

from __future__ import annotations

import click

from launcher.cli.main import async_command
from launcher.cli.params import GlobalOptions, global_options


@click.command("resume")
@click.argument("run", required=False)
@click.option("--wait", is_flag=True, help="Where another run holds this portal, wait for its end.")
@global_options
@async_command
async def command(options: GlobalOptions, run: str | None, wait: bool) -> int:
    """Go on with RUN (without it, the last one) where it stopped.

    Rows that have started are not touched. Rows whose answer never came stay unknown, unless the portal
    shows their workflows running.
    """
    from launcher.cli.render import end_run
    from launcher.cli.runtime import opened

    async with opened(options) as (launcher, _):
        return await end_run(options, launcher, await launcher.resume(run, wait=wait))
