"""systemd's user units. Their format: systemd.service(5), systemd.timer(5) and systemd.time(7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from launcher.automation.schedules.entries import Entry, Place, SchedulingError
from launcher.core.schedules import LAST, WEEKDAYS, Fields

MADE_BY = "# Made by launcher schedule install from "
"""Begins every unit of ours; what does not begin so is never touched."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit file."""

    name: str
    text: str

    @property
    def is_timer(self) -> bool:
        return self.name.endswith(".timer")


def prefix(place: Place) -> str:
    """Return how the names of that configuration's units begin."""
    return f"launcher-{place.key}-"


def units(entries: Iterable[Entry], place: Place) -> list[Unit]:
    """Return a service and a timer for each entry. Raises SchedulingError if systemd cannot express one."""
    found = []
    for entry in entries:
        name = prefix(place) + entry.slug
        found += [Unit(f"{name}.service", _service(entry, place)), Unit(f"{name}.timer", _timer(entry, place))]
    return found


def _head(entry: Entry, place: Place) -> str:
    return f"""\
{MADE_BY}{_one_line(str(place.config))}
# Change config.yaml instead, then: launcher schedule install
[Unit]
Description=launcher nightly {_escaped(" ".join(entry.jobs))}
"""


def _service(entry: Entry, place: Place) -> str:
    # 4: interrupted, as when the machine goes down; the next night goes on. After SIGTERM the answers in
    # flight are waited for, and a portal has 60 seconds for one.
    return f"""\
{_head(entry, place)}
[Service]
Type=oneshot
WorkingDirectory={_escaped(str(place.folder))}
ExecStart={_command(place.call(entry))}
SuccessExitStatus=4
KillSignal=SIGTERM
TimeoutStopSec=3min
NoNewPrivileges=true
"""


def _timer(entry: Entry, place: Place) -> str:
    lines = "\n".join(f"OnCalendar={when}" for when in calendars(entry))
    return f"""\
{_head(entry, place)}
[Timer]
{lines}
AccuracySec=1s
Persistent=true

[Install]
WantedBy=timers.target
"""


def calendars(entry: Entry) -> Iterator[str]:
    """Yield the schedule as systemd.time(7) has it: more than one if cron's days are joined by "or"."""
    fields = entry.fields()
    zone = f" {entry.timezone}" if entry.timezone else ""
    weekdays = _weekdays(fields)
    if fields.either_day:
        yield _calendar(fields, "*", weekdays) + zone
        yield _calendar(fields, _days(fields), "") + zone
    else:
        yield _calendar(fields, _days(fields), weekdays) + zone


def _calendar(fields: Fields, days: str, weekdays: str) -> str:
    date = f"*-{_listed(fields.months, 1, 12)}{days if days.startswith('~') else '-' + days}"
    clock = f"{_listed(fields.hours, 0, 23)}:{_listed(fields.minutes, 0, 59)}:00"
    return f"{weekdays} {date} {clock}".strip()


def _days(fields: Fields) -> str:
    if fields.days == (LAST,):
        return "~01"
    if LAST in fields.days:
        raise SchedulingError("systemd-last-day")
    return _listed(fields.days, 1, 31)


def _weekdays(fields: Fields) -> str:
    return ",".join(WEEKDAYS[day] for day in fields.weekdays) if len(fields.weekdays) < len(WEEKDAYS) else ""


def _listed(numbers: tuple[int, ...], first: int, last: int) -> str:
    return "*" if len(numbers) > last - first else ",".join(f"{number:02}" for number in numbers)


def _command(words: tuple[str, ...]) -> str:
    # systemd takes no quotes, backslashes or dollars in the program's own path.
    named = ("/usr/bin/env", *words) if set(words[0]) & set("\"'\\$") else words
    return " ".join(_quoted(word) for word in named)


def _quoted(word: str) -> str:
    text = _escaped(word).replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f'"{text}"'


def _escaped(text: str) -> str:
    """Return a text in which % is a percent sign, and not the beginning of a specifier."""
    return _one_line(text).replace("%", "%%")


def _one_line(text: str) -> str:
    if any(ord(letter) < ord(" ") for letter in text):
        raise SchedulingError("path-with-control-character", text=text)
    return text
