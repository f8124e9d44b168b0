"""`launcher retry [RUN]`: starts the failed rows again."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from launcher.cli.main import async_command
from launcher.cli.params import CommandError, GlobalOptions, global_options
from launcher.cli.run_options import FileType
from launcher.core.words import pluralize

if TYPE_CHECKING:
    from launcher.app.inputs import File
    from launcher.app.retries import RetryPlan
    from launcher.cli.console import Console


@click.command("retry")
@click.argument("run", required=False)
@click.option(
    "--file",
    type=FileType(),
    metavar="FILE",
    help="Take the corrected rows from this file: yours, or the one with the rows to fix.",
)
@click.option(
    "--unknown",
    is_flag=True,
    help="Send the unknown rows too, with --file those of the file that are not changed in it. This may start "
    "them a second time.",
)
@click.option("--yes", is_flag=True, help="With --unknown: do not ask.")
@global_options
@async_command
async def command(options: GlobalOptions, run: str | None, file: File | None, unknown: bool, yes: bool) -> int:
    """Start the failed rows of RUN (without it, the last one) again."""
    from launcher.app.requests import RetryRequest
    from launcher.cli.render import end_run
    from launcher.cli.runtime import opened

    async with opened(options) as (launcher, console):
        plan = await launcher.plan_retry(RetryRequest(run=run, file=file, unknown=unknown))
        if unknown:
            _confirm(plan, console, yes=yes)
        return await end_run(options, launcher, await launcher.retry(plan))


def _confirm(plan: RetryPlan, console: Console, *, yes: bool) -> None:
    """Return once a person agrees to what may start twice. Raises CommandError, before anything is changed."""
    run = plan.run.name
    if not plan.needs_confirmation:
        every = plan.corrections is None
        where = "has no unknown rows" if every else "has no unknown row that the file names unchanged"
        console.tell(f"run {run} {where}: none is sent again")
        return
    may_run = f"{pluralize(len(plan.unknown), 'row')} of run {run} may have started"
    question = f"{may_run}. Sending them again starts those a second time."
    if yes:
        return
    if not sys.stdin.isatty():
        raise CommandError(f"{question} Pass --yes to confirm")
    console.tell(question)
    if click.prompt('Type "again" to send them', default="", show_default=False, err=True) != "again":
        raise CommandError("nothing was sent")
