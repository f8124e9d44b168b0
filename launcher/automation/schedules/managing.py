"""Shows, installs and removes the schedules of a configuration on this machine."""

from __future__ import annotations

import getpass
import time
from collections.abc import Sequence
from dataclasses import dataclass

from launcher.app.context import Context
from launcher.automation.documents import ScheduleFilesDocument
from launcher.automation.schedules.cron import cron_lines
from launcher.automation.schedules.entries import (
    Entry,
    Place,
    SchedulingError,
    entries_of,
    leapt_over,
    place_of,
    scheduler_of_machine,
)
from launcher.automation.schedules.installing import Changes, Crontab, SystemdUser, unit_folder, write_file
from launcher.automation.schedules.systemd import units
from launcher.automation.schedules.windows import tasks
from launcher.messages import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleFiles:
    """What installing would write."""

    scheduler: str
    files: dict[str, str]
    """Text by path, or by name where it has no place yet; "crontab" for the lines of cron."""
    notes: tuple[str, ...] = ()
    """What a person has to do with them."""

    def to_dict(self) -> ScheduleFilesDocument:
        """Return the document of `--json`."""
        return {"scheduler": self.scheduler, "files": self.files}


def show_schedules(launcher: Context, scheduler: str | None = None) -> ScheduleFiles:
    """Return what `install_schedules` would write; changes nothing. Raises InputError."""
    entries = _entries(launcher)
    place, scheduler = _place(launcher), scheduler or scheduler_of_machine()
    if not entries:
        raise SchedulingError("nothing-to-schedule")
    _tell_left_out(launcher, scheduler, entries)
    notes: list[str] = []
    match scheduler:
        case "systemd":
            files = {str(unit_folder() / unit.name): unit.text for unit in units(entries, place)}
        case "cron":
            files = {"crontab": "".join(f"{line}\n" for line in cron_lines(entries, place))}
        case _:
            found = tasks(entries, place, getpass.getuser())
            files = {task.file: task.text for task in found}
            notes = [f"save {task.file} as UTF-16, then: {task.registering}" for task in found]
    return ScheduleFiles(scheduler=scheduler, files=files, notes=tuple(notes))


def install_schedules(launcher: Context, scheduler: str | None = None) -> Changes:
    """Put the schedules where the scheduler looks for them, instead of those before. Raises InputError."""
    entries = _entries(launcher)
    place, scheduler = _place(launcher), scheduler or scheduler_of_machine()
    _tell_left_out(launcher, scheduler, entries)
    return _install(scheduler, place, entries)


def remove_schedules(launcher: Context, scheduler: str | None = None) -> Changes:
    """Take away what was installed for this configuration, and nothing else. Raises InputError."""
    # Whatever the jobs' schedules say now: they may be what cannot be scheduled any more.
    return _install(scheduler or scheduler_of_machine(), _place(launcher), [])


def are_installed(place: Place, scheduler: str, entries: Sequence[Entry]) -> tuple[bool, bool]:
    """Return whether something of this configuration is there, and whether it is what installing would write.

    For systemd and cron. Raises SchedulingError.
    """
    if scheduler == "cron":
        there = Crontab().read().block(place).splitlines()
        return bool(there), there == cron_lines(entries, place)
    units_there = SystemdUser(unit_folder()).installed(place)
    return bool(units_there), units_there == {unit.name: unit.text for unit in units(entries, place)}


def idle_timers(place: Place) -> list[str]:
    """Return the timers of this configuration that systemd does not call. Raises SchedulingError."""
    return SystemdUser(unit_folder()).idle(place)


def _entries(launcher: Context) -> list[Entry]:
    for name, job in launcher.settings.config.jobs.items():
        if not job.file:
            launcher.tell(Message("job-not-scheduled-without-file", name=name))
        elif not job.schedule:
            launcher.tell(Message("job-not-scheduled-without-schedule", name=name))
    return entries_of(launcher.settings.config.jobs)


def _place(launcher: Context) -> Place:
    return place_of(launcher.settings, launcher.named_ledger)


def _tell_left_out(launcher: Context, scheduler: str, entries: Sequence[Entry]) -> None:
    for entry in entries if scheduler == "systemd" else ():
        if day := leapt_over(entry, time.time()):
            launcher.tell(Message("clock-leaps", jobs=", ".join(entry.jobs), day=day))


def _install(scheduler: str, place: Place, entries: Sequence[Entry]) -> Changes:
    match scheduler:
        case "systemd":
            user = SystemdUser(unit_folder())
            return user.install(units(entries, place), place) if entries else user.remove(place)
        case "cron":
            return Crontab().put(cron_lines(entries, place), place)
        case _:
            return _write_tasks(place, entries)


def _write_tasks(place: Place, entries: Sequence[Entry]) -> Changes:
    """Write the files beside the configuration; a person registers them, as that may need an administrator."""
    changes = Changes("windows")
    for task in tasks(entries, place, getpass.getuser()):
        write_file(place.folder / task.file, task.text, "utf-16")
        changes.written.append(task.file)
        changes.notes.append(f"in {place.folder}, as an administrator: {task.registering}")
    if not entries:
        changes.notes.append(
            f'the tasks of this configuration begin with "\\launcher\\{place.key}-"; remove them in '
            "the Task Scheduler"
        )
    return changes
