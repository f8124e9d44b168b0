"""`launcher schedule show|install|remove`: jobs in the hands of the machine's own scheduler."""

from __future__ import annotations

import getpass
import os
import platform
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import click

from launcher.cli.console import Console
from launcher.cli.options import GlobalOptions, Refused, global_options
from launcher.cli.session import carry_out, settings_of
from launcher.core.words import counted
from launcher.scheduling import (
    Changes,
    Crontab,
    Entry,
    Place,
    SchedulingError,
    SystemdUser,
    cron_lines,
    entries_of,
    leapt_over,
    tasks,
    unit_folder,
    units,
)
from launcher.settings import Settings
from launcher.visible import visible

SCHEDULERS = ("systemd", "cron", "windows")
_LEDGER = "LAUNCHER_LEDGER"
"""A scheduler has not the environment of whoever installs: with another ledger, rows would start twice."""
_for = click.option(
    "--for",
    "scheduler",
    type=click.Choice(SCHEDULERS),
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
    carry_out(lambda said: _carried(said, lambda place, entries: _show(said, _here(scheduler), place, entries)))


@command.command("install", short_help="Write or renew the schedules.")
@_for
@global_options
def install(scheduler: str | None) -> None:
    """Put the schedules where the scheduler looks for them; again after each change of config.yaml."""
    carry_out(
        lambda said: _carried(said, lambda place, entries: _install(said, _here(scheduler), place, entries))
    )


@command.command("remove", short_help="Take them away again.")
@_for
@global_options
def remove(scheduler: str | None) -> None:
    """Take away what install has put there for this configuration, and nothing else."""
    carry_out(lambda said: _removed(said, _here(scheduler)))


async def _removed(said: GlobalOptions, scheduler: str) -> int:
    # Whatever the jobs' schedules say now: they may be what cannot be scheduled any more.
    try:
        _install(said, scheduler, place_of(said, settings_of(said)), [])
    except SchedulingError as error:
        raise Refused(str(error)) from None
    return 0


async def _carried(said: GlobalOptions, work: Callable[[Place, list[Entry]], None]) -> int:
    settings = settings_of(said)
    entries = entries_of(settings.config.jobs)
    console = Console(said)
    for name, job in settings.config.jobs.items():
        if not job.file:
            console.tell(f"{name}: has no file:, so it is not scheduled")
        elif not job.schedule:
            console.tell(f"{name}: has no schedule:, so it is not scheduled")
    try:
        work(place_of(said, settings), entries)
    except SchedulingError as error:
        raise Refused(str(error)) from None
    return 0


def place_of(said: GlobalOptions, settings: Settings) -> Place:
    """Who is called, and where. Raises Refused where there is no configuration file."""
    if settings.path is None:
        raise Refused("there is no config.yaml here; schedules are those of its jobs: launcher init writes one")
    named = said.ledger or os.environ.get(_LEDGER, "")
    if "://" in named:
        what = "--ledger" if said.ledger else _LEDGER
        raise Refused(
            f"{what}: a URL may hold a password; name it as ledger: in the configuration, or as {_LEDGER} in "
            ".env beside it, and not in the environment"
        )
    return Place(_program(), settings.path.resolve(), str(Path(named).resolve()) if named else "")


def installed_here(
    said: GlobalOptions, settings: Settings, scheduler: str, entries: list[Entry]
) -> tuple[bool, bool]:
    """Whether something of this configuration is there, and whether it is what install would write now.

    Raises SchedulingError, Refused.
    """
    place = place_of(said, settings)
    if scheduler == "cron":
        there = Crontab().read().block(place).splitlines()
        return bool(there), there == cron_lines(entries, place)
    units_there = SystemdUser(unit_folder()).installed(place)
    return bool(units_there), units_there == {unit.name: unit.text for unit in units(entries, place)}


def idle_here(said: GlobalOptions, settings: Settings) -> list[str]:
    """The timers of this configuration that systemd does not call. Raises SchedulingError, Refused."""
    return SystemdUser(unit_folder()).idle(place_of(said, settings))


def _program() -> tuple[str, ...]:
    beside = shutil.which("launcher", path=str(Path(sys.executable).parent))
    return (beside,) if beside else (sys.executable, "-m", "launcher")


def _here(scheduler: str | None) -> str:
    if scheduler is not None:
        return scheduler
    if platform.system() == "Windows":
        return "windows"
    return "systemd" if Path("/run/systemd/system").is_dir() else "cron"


def _show(said: GlobalOptions, scheduler: str, place: Place, entries: list[Entry]) -> None:
    console = Console(said)
    if not entries:
        raise Refused(
            "no job has both file: and schedule: in the configuration, so there is nothing to schedule"
        )
    _tell_what_is_left_out(console, scheduler, entries)
    match scheduler:
        case "systemd":
            texts = {str(unit_folder() / unit.name): unit.text for unit in units(entries, place)}
        case "cron":
            texts = {"crontab": "".join(f"{line}\n" for line in cron_lines(entries, place))}
        case _:
            texts = {task.file: task.text for task in tasks(entries, place, getpass.getuser())}
    if console.wants_json:
        console.show_json({"scheduler": scheduler, "files": texts})
        return
    for name, text in texts.items():
        shown = text if scheduler == "cron" else f"### {name}\n{text}"
        # Into a file it is to go as it stands.
        click.echo(visible(shown) if sys.stdout.isatty() else shown, nl=False)
    if scheduler == "windows":
        for task in tasks(entries, place, getpass.getuser()):
            console.tell(f"save {task.file} as UTF-16, then: {task.registering}")


def _install(said: GlobalOptions, scheduler: str, place: Place, entries: list[Entry]) -> None:
    _tell_what_is_left_out(Console(said), scheduler, entries)
    match scheduler:
        case "systemd":
            user = SystemdUser(unit_folder())
            changes = user.install(units(entries, place), place) if entries else user.remove(place)
        case "cron":
            changes = Crontab().put(cron_lines(entries, place), place)
        case _:
            changes = _on_windows(place, entries)
    _tell(Console(said), scheduler, changes)


def _tell_what_is_left_out(console: Console, scheduler: str, entries: list[Entry]) -> None:
    for entry in entries if scheduler == "systemd" else ():
        if day := leapt_over(entry, time.time()):
            console.tell(
                f"{', '.join(entry.jobs)}: on {day} the clock leaps over that time; systemd leaves that "
                "night out, so take another hour"
            )


def _on_windows(place: Place, entries: list[Entry]) -> Changes:
    """The files, beside the configuration; the person registers them, for that may need an administrator."""
    changes = Changes()
    for task in tasks(entries, place, getpass.getuser()):
        try:
            (place.folder / task.file).write_text(task.text, encoding="utf-16")
        except OSError as error:
            raise SchedulingError(f"{place.folder / task.file}: {error.strerror}") from None
        changes.written.append(task.file)
        changes.notes.append(f"in {place.folder}, as an administrator: {task.registering}")
    if not entries:
        changes.notes.append(
            f'the tasks of this configuration begin with "\\launcher\\{place.key}-"; remove them in '
            "the Task Scheduler"
        )
    return changes


def _tell(console: Console, scheduler: str, changes: Changes) -> None:
    if console.wants_json:
        console.show_json({"scheduler": scheduler, **asdict(changes)})
        return
    for what, names in (("written", changes.written), ("removed", changes.removed)):
        for name in names:
            console.print(f"{what}: {name}")
    if changes.unchanged and not (changes.written or changes.removed):
        console.print(
            f"{scheduler}: nothing to change, {counted(len(changes.unchanged), 'entry', 'entries')} as before"
        )
    if not (changes.written or changes.removed or changes.unchanged or changes.notes):
        console.print(f"{scheduler}: nothing is scheduled for this configuration")
    for note in changes.notes:
        console.print(note)
