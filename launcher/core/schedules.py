"""When a job is due, and when it may send: by a clock on a wall that is changed for the summer.

Times are seconds since 1970. Where the clock is put forward, a time that it leaps over counts as so much later;
where it is put back, a time that it shows twice counts the first time. So what is due once a day is due once in
each night, and each night has one window, which never ends later than the clock on the wall says. (`every 15
minutes` has a pause of an hour in the night in which the clock is put back.)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo

from cronsim import CronSim, CronSimError

_LEAP = timedelta(hours=2)
"""More than any clock is changed for summer."""
_NAMED = {
    "@yearly": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}

WEEKDAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
LAST = 32
"""The last day of the month, whatever its number."""


@dataclass(frozen=True, slots=True)
class Fields:
    """What each field of a schedule allows, in ascending order; days of the week count from Sunday, 0."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    either_day: bool
    """Whether a day of either list will do, as in cron where neither begins with a star; else both must fit."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Minute, hour, day of the month, month and day of the week, as `0 2 * * 1-5`; 0 and 7 are Sunday."""

    fields: str

    @classmethod
    def parse(cls, text: str) -> Schedule:
        """The schedule that `0 2 * * *` or `@daily` says. Raises ValueError with words for the person."""
        fields = " ".join(_NAMED.get(text.strip().lower(), text).split())
        if len(fields.split()) != 5:
            raise ValueError(
                'a schedule of five fields is expected, such as "0 2 * * *": minute, hour, day of the month, '
                "month, day of the week"
            )
        try:
            if next(_ticks(fields, datetime(2000, 1, 1)), None) is None:
                raise ValueError(f'the schedule "{fields}" is never due')
        except CronSimError as error:
            named = str(error).removeprefix("Bad ")
            raise ValueError(f'the {named} of the schedule "{fields}" cannot be read') from None
        return cls(fields)

    def __str__(self) -> str:
        return self.fields

    def parts(self) -> Fields:
        """What each field allows. Raises ValueError for days that no list of numbers says, as 5#2."""
        read = CronSim(self.fields, datetime(2000, 1, 1))
        days = [LAST if day == CronSim.LAST else day for day in read.days]
        weekdays = {day % 7 for day in read.weekdays if isinstance(day, int)}
        if CronSim.LAST_WEEKDAY in days or not all(isinstance(day, int) for day in read.weekdays):
            raise ValueError(
                f'"{self.fields}" can be run by launcher daemon only, for its days are not numbers'
            )
        return Fields(
            minutes=tuple(sorted(read.minutes)),
            hours=tuple(sorted(read.hours)),
            days=tuple(sorted(days)),
            months=tuple(sorted(read.months)),
            weekdays=tuple(sorted(weekdays)),
            either_day=not read.day_and,
        )

    def next_after(self, now: float, zone: tzinfo | None) -> float:
        """When it is due next, after `now`. No zone: the machine's."""
        clock = _on_the_wall(now, zone) - _LEAP
        return next(due for tick in _ticks(self.fields, clock) if (due := _at(tick, zone)) > now)

    def last_by(self, now: float, zone: tzinfo | None) -> float:
        """When it was due last, `now` included."""
        clock = _on_the_wall(now, zone) + _LEAP
        return next(due for tick in _ticks(self.fields, clock, back=True) if (due := _at(tick, zone)) <= now)


def _ticks(fields: str, clock: datetime, *, back: bool = False) -> Iterator[datetime]:
    # Without a zone: cronsim's own rules for changed clocks are those of one cron, and not a window's.
    return CronSim(fields, clock, reverse=back)


def _on_the_wall(now: float, zone: tzinfo | None) -> datetime:
    return datetime.fromtimestamp(now, zone).replace(tzinfo=None)


def _at(clock: datetime, zone: tzinfo | None) -> float:
    return clock.replace(tzinfo=zone, fold=0).timestamp()


_TIME = r"([01]\d|2[0-3]):([0-5]\d)"
_WINDOW = re.compile(rf"{_TIME}\s*-\s*{_TIME}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Window:
    """From one time of day to another; over midnight where the second is the earlier one."""

    begins: time
    ends: time

    @classmethod
    def parse(cls, text: str) -> Window:
        """The window that `22:00-06:00` says. Raises ValueError with words for the person."""
        found = _WINDOW.fullmatch(text.strip())
        if found is None:
            raise ValueError("a window such as 22:00-06:00 is expected")
        hours = [int(digits) for digits in found.groups()]
        begins, ends = time(hours[0], hours[1]), time(hours[2], hours[3])
        if begins == ends:
            raise ValueError("a window that ends when it begins is none; leave it out, or say two times")
        return cls(begins, ends)

    def __str__(self) -> str:
        return f"{self.begins:%H:%M}-{self.ends:%H:%M}"

    def closes_at(self, now: float, zone: tzinfo | None) -> float | None:
        """When the window that is open at `now` closes; None where it is closed. No zone: the machine's."""
        return next((ends for begins, ends in self._around(now, zone) if begins <= now < ends), None)

    def opens_at(self, now: float, zone: tzinfo | None) -> float:
        """When it opens next, after `now`."""
        return next(begins for begins, ends in self._around(now, zone) if begins > now and ends > begins)

    def _around(self, now: float, zone: tzinfo | None) -> Iterator[tuple[float, float]]:
        """The windows that begin from the day before `now` to some days after it."""
        today = datetime.fromtimestamp(now, zone).date()
        for day in (today + timedelta(days=number) for number in range(-1, 4)):
            last = day if self.ends > self.begins else day + timedelta(days=1)
            yield (
                _at(datetime.combine(day, self.begins), zone),
                _at(datetime.combine(last, self.ends), zone),
            )


def sends_until(
    now: float, window: Window | None, zone: tzinfo | None, max_duration_s: float | None
) -> float | None:
    """Until when a job that begins at `now` may send: infinity where nothing bounds it; None: not at all."""
    closes = float("inf") if window is None else window.closes_at(now, zone)
    if closes is None or max_duration_s is None:
        return closes
    return min(closes, now + max_duration_s)
