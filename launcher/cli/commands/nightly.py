"""`launcher nightly [JOB…]`: all jobs that know their file, with nobody watching."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from launcher.cli.main import run_command
from launcher.cli.params import GlobalOptions, global_options

if TYPE_CHECKING:
    from launcher.automation.night import NightRequest


@click.command("nightly")
@click.argument("jobs", nargs=-1, metavar="[JOB]...")
@click.option("--wait", is_flag=True, help="Where another run holds a portal, wait for its end.")
@global_options
def command(jobs: tuple[str, ...], wait: bool) -> None:
    """Run all jobs that have a file: in the configuration, or those named.

    First what former nights left goes on, and unknown rows are asked about; then the job's file, where it is
    new or was changed. Jobs of one portal follow one another, those of different portals go side by side. A
    job that fails does not keep the others from running. The exit code is that of the job that needs a person
    most: 3, 6, 2, 5, 4, 1, 0.
    """

    from launcher.automation.night import NightRequest

    run_command(lambda options: _nightly(options, NightRequest(jobs=jobs, wait=wait)))


async def _nightly(options: GlobalOptions, request: NightRequest) -> int:
    from launcher.automation.night import plan_night, run_night
    from launcher.cli.console import Console
    from launcher.cli.render import show_night
    from launcher.cli.runtime import interruptible, opened
    from launcher.engine.cancel import CancelToken

    console, cancel = Console(options), CancelToken()
    async with opened(options, console) as launcher:
        plan = await plan_night(launcher, request)
        with interruptible(cancel, console.tell):
            result = await run_night(launcher, plan, cancel)
    show_night(console, result, quiet=options.quiet)
    return int(result.exit_code)
