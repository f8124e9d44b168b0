"""`launcher schedule show|install|remove`: jobs in the hands of the machine's own scheduler."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from launcher.cli.main import run_command
from launcher.cli.params import GlobalOptions, global_options
from launcher.core.words import pluralize
from launcher.redact import visible

if TYPE_CHECKING:
    from launcher.app.context import Context
    from launcher.automation.schedules import ScheduleChanges, ScheduleFiles


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
def show(scheduler: str | None) -> None:
    """Print what install would write: systemd units, lines for cron, or Windows tasks; change nothing."""
    run_command(lambda options: _show(options, scheduler))


@command.command("install", short_help="Write or renew the schedules.")
@_for
@global_options
def install(scheduler: str | None) -> None:
    """Put the schedules where the scheduler looks for them; again after each change of config.yaml."""

    from launcher.automation.schedules import install_schedules

    run_command(lambda options: _change(options, lambda launcher: install_schedules(launcher, scheduler)))


@command.command("remove", short_help="Take them away again.")
@_for
@global_options
def remove(scheduler: str | None) -> None:
    """Take away what install has put there for this configuration, and nothing else."""

    from launcher.automation.schedules import remove_schedules

    run_command(lambda options: _change(options, lambda launcher: remove_schedules(launcher, scheduler)))


async def _show(options: GlobalOptions, scheduler: str | None) -> int:
    from launcher.automation.schedules import show_schedules
    from launcher.cli.console import Console
    from launcher.cli.runtime import opened

    console = Console(options)
    async with opened(options, console) as launcher:
        shown = show_schedules(launcher, scheduler)
    if console.wants_json:
        console.show_json(shown.to_dict())
    else:
        _print_files(shown)
        for note in shown.notes:
            console.tell(note)
    return 0


def _print_files(shown: ScheduleFiles) -> None:
    for name, text in shown.files.items():
        written = text if shown.scheduler == "cron" else f"### {name}\n{text}"
        # Into a file it is to go as it stands.
        click.echo(visible(written) if sys.stdout.isatty() else written, nl=False)


async def _change(options: GlobalOptions, work: Callable[[Context], ScheduleChanges]) -> int:
    from launcher.cli.console import Console
    from launcher.cli.runtime import opened

    console = Console(options)
    async with opened(options, console) as launcher:
        changed = work(launcher)
    if console.wants_json:
        console.show_json(changed.to_dict())
    else:
        for line in _lines(changed):
            console.print(line)
    return 0


def _lines(changed: ScheduleChanges) -> list[str]:
    scheduler, changes = changed.scheduler, changed.changes
    lines = [f"written: {name}" for name in changes.written] + [f"removed: {name}" for name in changes.removed]
    if changes.unchanged and not lines:
        lines.append(
            f"{scheduler}: nothing to change, {pluralize(len(changes.unchanged), 'entry', 'entries')} as before"
        )
    if not (lines or changes.notes):
        lines.append(f"{scheduler}: nothing is scheduled for this configuration")
    return [*lines, *changes.notes]
