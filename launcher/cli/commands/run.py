"""`launcher run FILE`: reads, checks, starts, writes results."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from launcher.cli.main import async_command
from launcher.cli.params import CommandError, GlobalOptions, global_options
from launcher.cli.run_options import run_options

if TYPE_CHECKING:
    from launcher.app.requests import RunRequest


@click.command("run")
@run_options
@global_options
@async_command
async def command(options: GlobalOptions, request: RunRequest, dry_run: bool) -> int:
    """Start a workflow on every row of FILE, a CSV or an Excel file.

    FILE may be an https:// address, or - for standard input; without it, the job's file: is taken. Rows that an
    earlier run of the same job, or one without a job, has started are skipped; without --job, those of any job.
    The results file is written beside FILE, of an address or standard input into the current folder.
    """
    from launcher.cli.render import end_run
    from launcher.cli.runtime import opened
    from launcher.report import STDOUT

    async with opened(options) as (launcher, console):
        if dry_run:
            plan = await launcher.plan(request)
            console.show_plan(plan)
            return int(plan.exit_code)
        if options.json and request.results == STDOUT:
            raise CommandError(
                "--results - and --json: standard output holds one of the two; name a file for the results"
            )
        return await end_run(options, launcher, await launcher.run(request))
