"""Lines for cron, and their place in a crontab that is also other people's. The format: crontab(5)."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from launcher.automation.schedules.entries import Entry, Place, SchedulingError, is_machines_zone
from launcher.core.schedules import LAST

_BEGINS, _ENDS = "# launcher schedule: begin ", "# launcher schedule: end "


def cron_lines(entries: Iterable[Entry], place: Place) -> list[str]:
    """Return a line for each entry. Raises SchedulingError if cron cannot express a schedule."""
    return [_line(entry, place) for entry in entries]


def _line(entry: Entry, place: Place) -> str:
    if LAST in entry.fields().days:
        raise SchedulingError("cron-last-day", jobs=", ".join(entry.jobs))
    if entry.timezone and not is_machines_zone(entry.timezone):
        raise SchedulingError("cron-time-zone", jobs=", ".join(entry.jobs), timezone=entry.timezone)
    words = [shlex.quote(word) for word in place.call(entry)]
    command = f"cd {shlex.quote(str(place.folder))} && {' '.join(words)}"
    # In a crontab an unescaped % ends the command.
    return f"{_fields(entry)} {command}".replace("%", r"\%")


def _fields(entry: Entry) -> str:
    """Return the fields as written, but for `5/15`, which not every cron takes."""
    read = entry.fields()
    numbers = (read.minutes, read.hours, read.days, read.months, read.weekdays)
    return " ".join(
        ",".join(map(str, allowed)) if re.search(r"(^|,)\w+/", text) else text
        for text, allowed in zip(entry.schedule.fields.split(), numbers, strict=True)
    )


@dataclass(frozen=True, slots=True)
class CronTable:
    """A crontab, with one block of ours for each configuration."""

    text: str

    def block(self, place: Place) -> str:
        """Return what stands in that configuration's block; empty if there is none."""
        _, block, _ = self._parted(place)
        return block

    def with_lines(self, lines: Iterable[str], place: Place) -> CronTable:
        """Return the table with these lines as its block, or without one. All else stays byte for byte."""
        before, _, after = self._parted(place)
        block = "".join(f"{line}\n" for line in lines)
        if block:
            block = f"{_BEGINS}{place.config}\n{block}{_ENDS}{place.config}\n"
            before += "" if not before or before.endswith("\n") else "\n"
        return CronTable(before + block + after)

    def _parted(self, place: Place) -> tuple[str, str, str]:
        before, begin, rest = self.text.partition(f"{_BEGINS}{place.config}\n")
        block, end, after = rest.partition(f"{_ENDS}{place.config}\n")
        if not begin:
            return self.text, "", ""
        if not end:
            raise SchedulingError("crontab-block-open", begins=_BEGINS, config=place.config)
        return before, block, after
