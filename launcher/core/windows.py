"""When a job may send: a daily window by the clock on the wall, and at most so long.

Times are seconds since 1970. Where the clock is put forward, a time that it leaps over counts as so much later;
where it is put back, a time that it shows twice counts the first time. So each night has one window, and it
never ends later than the clock on the wall says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

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
            yield _at(day, self.begins, zone), _at(last, self.ends, zone)


def _at(day: date, clock: time, zone: tzinfo | None) -> float:
    return datetime.combine(day, clock, tzinfo=zone).timestamp()


def sends_until(
    now: float, window: Window | None, zone: tzinfo | None, max_duration_s: float | None
) -> float | None:
    """Until when a job that begins at `now` may send: infinity where nothing bounds it; None: not at all."""
    closes = float("inf") if window is None else window.closes_at(now, zone)
    if closes is None or max_duration_s is None:
        return closes
    return min(closes, now + max_duration_s)
