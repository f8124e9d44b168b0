"""What is to be scheduled: one command for all jobs that are due at the same times."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import sys
import time
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from launcher.core.schedules import Fields, Schedule
from launcher.errors import InputError
from launcher.settings import JobConfig, Settings

_DAY_S = 86_400
_WEEK_S = 7 * _DAY_S
_YEAR_DAYS = 366
_WEEKS = 104
"""Two years tell two zones apart that change their clocks on different days."""


class SchedulingError(InputError):
    """A schedule cannot be expressed or installed there; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Jobs that are due together. They go one after another, so those of one portal do not meet on it."""

    jobs: tuple[str, ...]
    schedule: Schedule
    timezone: str
    """Empty: the machine's."""

    def fields(self) -> Fields:
        """Return what each field of the schedule allows. Raises SchedulingError if only a daemon can run it."""
        try:
            return self.schedule.parts()
        except ValueError as error:
            raise SchedulingError("of-jobs", jobs=", ".join(self.jobs), reason=error) from None

    @property
    def slug(self) -> str:
        """A name of letters, digits and hyphens, the same for the same jobs."""
        named = "-".join(self.jobs)
        plain = re.sub(r"[^a-z0-9]+", "-", named.lower()).strip("-")[:40]
        return f"{plain}-{_short_hash(named)}" if plain != named else plain


@dataclass(frozen=True, slots=True)
class Place:
    """Who is called, where, and with which configuration; all paths are absolute."""

    command: tuple[str, ...]
    """What runs the launcher: its path, or a Python with `-m launcher`."""
    config: Path
    ledger: str = ""
    """As given on the command line; empty if the configuration decides."""

    @property
    def folder(self) -> Path:
        return self.config.parent

    @property
    def log_file(self) -> Path:
        return self.folder / "launcher.log"

    @property
    def key(self) -> str:
        """Tells the entries of one configuration from those of others."""
        return _short_hash(str(self.config))

    def call(self, entry: Entry) -> tuple[str, ...]:
        """Return the command of an entry, argument by argument. Raises SchedulingError if no line holds it."""
        ledger = ("--ledger", self.ledger) if self.ledger else ()
        options = ("--config", str(self.config), *ledger, "--log-file", str(self.log_file), "--quiet")
        # A job may be named like an option.
        jobs = ("--", *entry.jobs) if any(name.startswith("-") for name in entry.jobs) else ()
        words = (*self.command, "nightly", "--wait", *(() if jobs else entry.jobs), *options, *jobs)
        for word in words:
            if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in word):
                raise SchedulingError("word-not-schedulable", word=word)
        return words


def entries_of(jobs: Mapping[str, JobConfig]) -> list[Entry]:
    """Return one entry for each schedule, as configured; jobs without a file or a schedule are in none."""
    together: dict[tuple[str, str], list[str]] = {}
    for name, job in jobs.items():
        if job.file and job.schedule:
            together.setdefault((job.schedule, job.timezone), []).append(name)
    return [Entry(tuple(names), Schedule.parse(schedule), zone) for (schedule, zone), names in together.items()]


def is_machines_zone(name: str, now: float | None = None) -> bool:
    """Return whether this machine's clock shows the same time as that zone's, for two years from now."""
    zone, begins = ZoneInfo(name), time.time() if now is None else now
    return all(
        datetime.fromtimestamp(at, zone).utcoffset() == datetime.fromtimestamp(at).astimezone().utcoffset()
        for at in (begins + week * _WEEK_S for week in range(_WEEKS))
    )


def leapt_over(entry: Entry, now: float) -> str:
    """Return the next day, within a year, on which the clock leaps over a time of this entry; empty: none.

    systemd leaves such a time out, as systemd-analyze calendar shows; core.schedules has it so much later.
    """
    zone, fields = (ZoneInfo(entry.timezone) if entry.timezone else None), entry.fields()
    for midnight in (now - now % _DAY_S + day * _DAY_S for day in range(_YEAR_DAYS)):
        if _offset(midnight + _DAY_S, zone) <= _offset(midnight, zone):
            continue
        due = midnight
        while (due := entry.schedule.next_after(due, zone)) <= midnight + _DAY_S:
            clock = datetime.fromtimestamp(due, zone)
            if clock.hour not in fields.hours or clock.minute not in fields.minutes:
                return f"{clock:%Y-%m-%d}"
    return ""


def _offset(at: float, zone: ZoneInfo | None) -> timedelta:
    return datetime.fromtimestamp(at, zone).astimezone(zone).utcoffset() or timedelta()


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


_LEDGER = "LAUNCHER_LEDGER"
"""A scheduler has not the environment of whoever installs: with another ledger, rows would start twice."""


def place_of(settings: Settings, named_ledger: str = "") -> Place:
    """Return who is called, and where. Raises InputError if there is no configuration file.

    `named_ledger`: that of the command line, which comes first.
    """
    if settings.path is None:
        raise InputError("no-config-to-schedule")
    named = named_ledger or os.environ.get(_LEDGER, "")
    if "://" in named:
        what = "--ledger" if named_ledger else _LEDGER
        raise InputError("url-with-password", what=what, ledger=_LEDGER)
    return Place(_program(), settings.path.resolve(), str(Path(named).resolve()) if named else "")


def scheduler_of_machine() -> str:
    """Return which scheduler this machine has: systemd, cron or windows."""
    if platform.system() == "Windows":
        return "windows"
    return "systemd" if Path("/run/systemd/system").is_dir() else "cron"


def _program() -> tuple[str, ...]:
    beside = shutil.which("launcher", path=str(Path(sys.executable).parent))
    return (beside,) if beside else (sys.executable, "-m", "launcher")
