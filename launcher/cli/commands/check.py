"""`launcher check FILE`: everything short of starting, and all that is wrong in one go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from launcher.cli.main import async_command
from launcher.cli.params import GlobalOptions, global_options
from launcher.cli.run_options import run_options

if TYPE_CHECKING:
    from launcher.app.requests import RunRequest


@click.command("check")
@run_options
@global_options
@async_command
async def command(options: GlobalOptions, request: RunRequest, dry_run: bool) -> int:  # noqa: ARG001  a check starts nothing
    """Check FILE, the job and the portal, and start nothing.

    Tells in one go which rows would not start and why, whether the portal would let a run start anything, and
    how long the run will take. Exit code 0: all is well; 1: some rows would not start; 2 or 3: nothing would.
    """
    from launcher.cli.render import show_check
    from launcher.cli.runtime import opened

    async with opened(options) as (launcher, console):
        report = await launcher.check(request)
    show_check(console, report)
    return int(report.findings.exit_code)
