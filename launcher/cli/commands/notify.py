"""`launcher notify --test`: whether those who are to be told can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from launcher.cli.main import async_command
from launcher.cli.params import GlobalOptions, global_options

if TYPE_CHECKING:
    from launcher.automation.channels import Recipient


@click.command("notify")
@click.argument("jobs", nargs=-1, metavar="[JOB]...")
@click.option("--test", is_flag=True, help="Really send it.")
@global_options
@async_command
async def command(options: GlobalOptions, jobs: tuple[str, ...], test: bool) -> int:
    """Say who is notified of nights, and with --test send each of them a test message.

    Of all jobs, or of those named. A job's ping: is called as at the beginning and at the end of a night.
    """
    from launcher.automation.channels import recipients
    from launcher.cli.runtime import opened

    async with opened(options) as (launcher, console):
        notified = await recipients(launcher, jobs, send_test=test)
    lines = (f"{one.label}: {_fate(one, is_test_sent=test)}" for one in notified.found)
    console.show(notified.to_dict(), *lines)
    if not (test or console.wants_json):
        console.tell("nothing was sent; with --test each of them gets a test message")
    return int(notified.exit_code)


def _fate(one: Recipient, *, is_test_sent: bool) -> str:
    if one.error:
        return f"not sent: {one.error}"
    return "sent" if is_test_sent else "is told"
