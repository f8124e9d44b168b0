"""`launcher nightly [JOB…]`: all jobs that know their file, with nobody watching."""

from __future__ import annotations

import click

from launcher.cli.main import async_command
from launcher.cli.params import GlobalOptions, global_options


@click.command("nightly")
@click.argument("jobs", nargs=-1, metavar="[JOB]...")
@click.option("--wait", is_flag=True, help="Where another run holds a portal, wait for its end.")
@global_options
@async_command
async def command(options: GlobalOptions, jobs: tuple[str, ...], wait: bool) -> int:
    """Run all jobs that have a file: in the configuration, or those named.

    First what former nights left goes on, and unknown rows are asked about; then the job's file, where it is
    new or was changed. Jobs of one portal follow one another, those of different portals go side by side. A
    job that fails does not keep the others from running. The exit code is that of the job that needs a person
    most: 3, 6, 2, 5, 4, 1, 0.
    """
    from launcher.automation.night import NightRequest, plan_night, run_night
    from launcher.cli.render import show_night
    from launcher.cli.runtime import interruptible, opened
    from launcher.engine.cancel import CancelToken

    cancel = CancelToken()
    async with opened(options) as (launcher, console):
        plan = await plan_night(launcher, NightRequest(jobs=jobs, wait=wait))
        with interruptible(cancel, console.tell):
            result = await run_night(launcher, plan, cancel)
    show_night(console, result, quiet=options.quiet)
    return int(result.exit_code)
