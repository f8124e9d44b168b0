"""`launcher check FILE`: everything short of starting, and all that is wrong in one go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from launcher.cli.main import run_command
from launcher.cli.params import GlobalOptions, global_options
from launcher.cli.run_options import run_options

if TYPE_CHECKING:
    from launcher.app.requests import RunRequest


@click.command("check")
@run_options
@global_options
def command(request: RunRequest, dry_run: bool) -> None:  # noqa: ARG001  a check starts nothing
    """Check FILE, the job and the portal, and start nothing.

    Tells in one go which rows would not start and why, whether the portal would let a run start anything, and
    how long the run will take. Exit code 0: all is well; 1: some rows would not start; 2 or 3: nothing would.
    """
    run_command(lambda options: _check(options, request))


async def _check(options: GlobalOptions, request: RunRequest) -> int:
    from launcher.app.check import check
    from launcher.cli.console import Console
    from launcher.cli.render import show_check
    from launcher.cli.runtime import opened

    async with opened(options) as launcher:
        report = await check(launcher, request)
    show_check(Console(options), report)
    return int(report.findings.exit_code)
