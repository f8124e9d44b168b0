"""`launcher schedule show|install|remove`: jobs in the hands of the machine's own scheduler."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from launcher.cli.main import async_command
from launcher.cli.params import GlobalOptions, global_options
from launcher.core.words import pluralize
from launcher.redact import visible

if TYPE_CHECKING:
    from launcher.automation.schedules.installing import Changes
    from launcher.cli.console import Console


_for = click.option(
    "--for",
    "scheduler",
    type=click.Choice(("systemd", "cron", "windows")),
    help="Which scheduler; without it, the one that this machine has.",
)


@click.group("schedule")
@global_options
def command() -> None:
    """Have the machine's own scheduler call launcher nightly for each job with a schedule:.

    Jobs that are due at the same times are one call, so that those of one portal do not meet on it.
    """


@command.command("show", short_help="Print what install would write; change nothing.")
@_for
@global_options
@async_command
async def show(options: GlobalOptions, scheduler: str | None) -> None:
    """Print what install would write: systemd units, lines for cron, or Windows tasks; change nothing."""
    from launcher.automation.schedules.managing import show_schedules
    from launcher.cli.runtime import opened

    async with opened(options) as (launcher, console):
        shown = show_schedules(launcher, scheduler)
    if console.wants_json:
        console.show_json(shown.to_dict())
        return
    for name, text in shown.files.items():
        written = text if shown.scheduler == "cron" else f"### {name}\n{text}"
        # Into a file it is to go as it stands.
        click.echo(visible(written) if sys.stdout.isatty() else written, nl=False)
    for note in shown.notes:
        console.tell(note)


@command.command("install", short_help="Write or renew the schedules.")
@_for
@global_options
@async_command
async def install(options: GlobalOptions, scheduler: str | None) -> None:
    """Put the schedules where the scheduler looks for them; again after each change of config.yaml."""
    from launcher.automation.schedules.managing import install_schedules
    from launcher.cli.runtime import opened

    async with opened(options) as (launcher, console):
        _show(console, install_schedules(launcher, scheduler))


@command.command("remove", short_help="Take them away again.")
@_for
@global_options
@async_command
async def remove(options: GlobalOptions, scheduler: str | None) -> None:
    """Take away what install has put there for this configuration, and nothing else."""
    from launcher.automation.schedules.managing import remove_schedules
    from launcher.cli.runtime import opened

    async with opened(options) as (launcher, console):
        _show(console, remove_schedules(launcher, scheduler))


def _show(console: Console, changes: Changes) -> None:
    lines = [f"written: {name}" for name in changes.written] + [f"removed: {name}" for name in changes.removed]
    if changes.unchanged and not lines:
        entries = pluralize(len(changes.unchanged), "entry", "entries")
        lines.append(f"{changes.scheduler}: nothing to change, {entries} as before")
    if not (lines or changes.notes):
        lines.append(f"{changes.scheduler}: nothing is scheduled for this configuration")
    console.show(changes.to_dict(), *lines, *changes.notes)
