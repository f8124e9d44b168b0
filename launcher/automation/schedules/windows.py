"""Tasks for the Windows Task Scheduler, as XML. Their format: Task Scheduler Schema, version 1.2."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

from launcher.automation.schedules.entries import Entry, Place, SchedulingError, is_machines_zone
from launcher.core.schedules import LAST, Fields

NAMESPACE = "http://schemas.microsoft.com/windows/2004/02/mit/task"
_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)
_MOST_TRIGGERS = 48
"""The Task Scheduler's own bound for one task."""


@dataclass(frozen=True, slots=True)
class Task:
    """One task: its path in the Task Scheduler, its file's name, and its text."""

    path: str
    file: str
    text: str

    @property
    def registering(self) -> str:
        """The command that registers it, in the folder with its file."""
        return f'schtasks /Create /TN "{self.path}" /XML "{self.file}" /F'


def tasks(entries: Iterable[Entry], place: Place, user: str) -> list[Task]:
    """Return a task for each entry, run as `user`. Raises SchedulingError if Windows cannot express one."""
    named = [(f"{place.key}-{entry.slug}", entry) for entry in entries]
    return [
        Task(f"\\launcher\\{name}", f"launcher-{name}.xml", _text(entry, place, user)) for name, entry in named
    ]


def _text(entry: Entry, place: Place, user: str) -> str:
    ElementTree.register_namespace("", NAMESPACE)
    root = ElementTree.Element(f"{{{NAMESPACE}}}Task", version="1.2")
    information = _in(root, "RegistrationInfo")
    _in(information, "Author", "launcher schedule")
    _in(information, "Description", f"launcher nightly {' '.join(entry.jobs)}, from {place.config}")
    triggers = _in(root, "Triggers")
    for hour, minute in _clocks(entry):
        for by_day in _by_days(entry):
            trigger = _in(triggers, "CalendarTrigger")
            # A time without a zone is the machine's own, in summer and in winter.
            _in(trigger, "StartBoundary", f"2026-01-01T{hour:02}:{minute:02}:00")
            _in(trigger, "Enabled", "true")
            trigger.append(by_day)
    principal = _in(_in(root, "Principals"), "Principal", id="Author")
    _in(principal, "UserId", user)
    # S4U: also while nobody is signed in, and without a stored password.
    _in(principal, "LogonType", "S4U")
    _in(principal, "RunLevel", "LeastPrivilege")
    settings = _in(root, "Settings")
    _in(settings, "MultipleInstancesPolicy", "IgnoreNew")
    _in(settings, "DisallowStartIfOnBatteries", "false")
    _in(settings, "StopIfGoingOnBatteries", "false")
    _in(settings, "StartWhenAvailable", "true")
    _in(settings, "RunOnlyIfNetworkAvailable", "true")
    _in(settings, "Enabled", "true")
    # The launcher ends by itself: window: and max_duration: let it wait for what is in flight.
    _in(settings, "ExecutionTimeLimit", "PT0S")
    program, *arguments = place.call(entry)
    action = _in(_in(root, "Actions", Context="Author"), "Exec")
    _in(action, "Command", program)
    _in(action, "Arguments", subprocess.list2cmdline(arguments))
    _in(action, "WorkingDirectory", str(place.folder))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-16"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _clocks(entry: Entry) -> list[tuple[int, int]]:
    fields = entry.fields()
    if entry.timezone and not is_machines_zone(entry.timezone):
        raise SchedulingError("windows-time-zone", jobs=", ".join(entry.jobs), timezone=entry.timezone)
    found = [(hour, minute) for hour in fields.hours for minute in fields.minutes]
    if len(found) * (2 if fields.either_day else 1) > _MOST_TRIGGERS:
        raise SchedulingError(
            "windows-too-often",
            jobs=", ".join(entry.jobs),
            schedule=entry.schedule,
            most_triggers=_MOST_TRIGGERS,
        )
    return found


def _by_days(entry: Entry) -> Iterator[ElementTree.Element]:
    fields = entry.fields()
    all_days, all_weekdays = len(fields.days) > 30, len(fields.weekdays) == len(_DAYS)
    all_months = len(fields.months) == len(_MONTHS)
    if all_days and all_weekdays and all_months:
        by_day = _element("ScheduleByDay")
        _in(by_day, "DaysInterval", "1")
        yield by_day
    elif all_days and all_weekdays:
        yield _by_month(fields)
    elif all_weekdays or all_days or fields.either_day:
        if not all_weekdays:
            yield _by_weekday(fields) if all_months else _by_weekday_in_months(fields)
        if not all_days:
            yield _by_month(fields)
    else:
        raise SchedulingError("windows-weekdays", jobs=", ".join(entry.jobs), schedule=entry.schedule)


def _by_weekday(fields: Fields) -> ElementTree.Element:
    by_week = _element("ScheduleByWeek")
    _in(by_week, "WeeksInterval", "1")
    _named(_in(by_week, "DaysOfWeek"), (_DAYS[day] for day in fields.weekdays))
    return by_week


def _by_weekday_in_months(fields: Fields) -> ElementTree.Element:
    by_weekday = _element("ScheduleByMonthDayOfWeek")
    weeks = _in(by_weekday, "Weeks")
    for week in ("1", "2", "3", "4", "Last"):
        _in(weeks, "Week", week)
    _named(_in(by_weekday, "DaysOfWeek"), (_DAYS[day] for day in fields.weekdays))
    _named(_in(by_weekday, "Months"), (_MONTHS[month - 1] for month in fields.months))
    return by_weekday


def _by_month(fields: Fields) -> ElementTree.Element:
    by_month = _element("ScheduleByMonth")
    days = _in(by_month, "DaysOfMonth")
    for day in fields.days:
        _in(days, "Day", "Last" if day == LAST else str(day))
    _named(_in(by_month, "Months"), (_MONTHS[month - 1] for month in fields.months))
    return by_month


def _named(parent: ElementTree.Element, names: Iterable[str]) -> None:
    for name in names:
        _in(parent, name)


def _element(name: str, **attributes: str) -> ElementTree.Element:
    return ElementTree.Element(f"{{{NAMESPACE}}}{name}", attributes)


def _in(
    parent: ElementTree.Element, name: str, text: str | None = None, **attributes: str
) -> ElementTree.Element:
    element = _element(name, **attributes)
    element.text = text
    parent.append(element)
    return element
