"""Dates and moments as files write them, formats as people say them (`DD.MM.YYYY`), and the portal's form.

The portal reads ISO 8601 with time and offset; a bare date becomes empty there. Source: mirrors of the portal's
server code.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from launcher.core.words import quoted
from launcher.errors import LauncherError, RowError

_TOKEN = re.compile(r"Y+|M+I?|D+|H+|S+|AM|.", re.IGNORECASE | re.DOTALL)
_PARTS = {
    "YYYY": ("year", 4), "YY": ("short_year", 2), "MM": ("month", 2), "M": ("month", 1), "DD": ("day", 2),
    "D": ("day", 1), "HH": ("hour", 2), "H": ("hour", 1), "MI": ("minute", 2), "SS": ("second", 2),
    "AM": ("half", 0),
}  # fmt: skip
"""Each word of a format, the part of the date that it stands for, and its digits."""

_DAY = ("day", "month", "year", "short_year")
_EXPECTED = "DD.MM.YYYY, MM/DD/YYYY HH:MI or the like is expected"


class DateFormatError(LauncherError, ValueError):
    """The format cannot be read; the text says what is expected."""


@dataclass(frozen=True, slots=True)
class DateFormat:
    """A format, and the pattern of the texts that are written so."""

    text: str
    pattern: re.Pattern[str]

    @classmethod
    def parse(cls, text: str) -> DateFormat:
        """Of YYYY or YY, MM, DD, HH, MI, SS and AM, and the marks between them. Raises DateFormatError.

        MM behind HH are minutes, and where marks part them, DD reads `5` as well as `05`.
        """
        names: list[str] = []
        pattern = ""
        tokens = ["", *_TOKEN.findall(text.strip()), ""]
        for before, token, after in zip(tokens, tokens[1:], tokens[2:], strict=False):
            if token and not token.isalpha():
                pattern += r"\s+" if token.isspace() else re.escape(token)
            elif token.upper() == "T" and names and names[-1] in _DAY:
                pattern += "T"
            elif token:
                name, digits = _part(token, names)
                if not name or name in names:
                    raise DateFormatError("date-format-unreadable", text=text, expected=_EXPECTED)
                names.append(name)
                pattern += _group(name, digits, parted=not before.isalnum() and not after.isalnum())
        if not {"day", "month"} <= set(names) or len({"year", "short_year"} & set(names)) != 1:
            raise DateFormatError("date-format-incomplete", text=text, expected=_EXPECTED)
        return cls(text, re.compile(pattern, re.ASCII))


def _part(token: str, names: list[str]) -> tuple[str, int]:
    word = token.upper()
    if word in ("MM", "M") and names[-1:] == ["hour"]:
        word = "MI"
    return _PARTS.get(word, ("", 0))


def _group(name: str, digits: int, *, parted: bool) -> str:
    if name == "half":
        return r"(?P<half>[AaPp])\.?[Mm]\.?"
    least = 1 if parted and name not in ("year", "short_year") else digits
    return rf"(?P<{name}>\d{{{least},{max(digits, 2)}}})"


_TIME = (
    r"(?:(?:\s+|T|,\s*)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?"
    r"(?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?)?\s*(?P<offset>Z|[+-]\d{2}:?\d{2})?"
)
_ISO = re.compile(r"(?P<year>\d{4})([-/.])(?P<month>\d{1,2})\2(?P<day>\d{1,2})" + _TIME, re.ASCII)
_DAY_FIRST = re.compile(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})" + _TIME, re.ASCII)
"""With points the day stands first wherever people write so."""
_EITHER = re.compile(r"(?P<day>\d{1,2})([/-])(?P<month>\d{1,2})\2(?P<year>\d{4})" + _TIME, re.ASCII)
"""With slashes or dashes it depends on the country."""

_FARTHEST_H = 14
"""Of all time zones, Kiribati's is the farthest from Greenwich."""


def read_date(text: str, letter: str, form: DateFormat | None) -> str:
    """The day's beginning: `2026-01-05T00:00:00`, without the portal's offset."""
    return _moment(text, letter, form)[0].date().isoformat() + "T00:00:00"


def read_datetime(text: str, letter: str, form: DateFormat | None) -> str:
    """The moment: `2026-01-05T10:30:00`, with an offset only where the cell has one."""
    moment, offset = _moment(text, letter, form)
    return moment.isoformat(timespec="seconds") + offset


def with_offset(moment: str, offset: str, zone: dt.tzinfo | None = None) -> str:
    """The moment with the offset of that time zone, else with that one, where it has none of its own."""
    if len(moment) != len("2026-01-05T00:00:00"):
        return moment
    there = dt.datetime.fromisoformat(moment).replace(tzinfo=zone).strftime("%z")
    # Offsets with seconds are of times before there were time zones.
    return moment + (f"{there[:3]}:{there[3:]}" if len(there) == len("+0300") else offset)


def offset_of(time: str) -> str:
    """The offset of an ISO time: `+03:00`; empty where it has none."""
    found = re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:?\d\d)", time.strip(), re.ASCII)
    return _offset(time, found[1]) if found else ""


def _moment(text: str, letter: str, form: DateFormat | None) -> tuple[dt.datetime, str]:
    written = text.strip()
    of_spreadsheet = letter in ("d", "D")
    if form is not None and not of_spreadsheet:
        found = form.pattern.fullmatch(written)
        if found is None:
            raise RowError("bad date", "date-not-in-format", quoted=quoted(text), text=form.text)
        return _built(text, found.groupdict())
    if found := _ISO.fullmatch(written) or _DAY_FIRST.fullmatch(written):
        return _built(text, found.groupdict())
    if found := _EITHER.fullmatch(written):
        return _built(text, _told_apart(text, found.groupdict()))
    if letter == "n":
        raise RowError("bad date", "date-is-a-number", quoted=quoted(text))
    raise RowError("bad date", "not-a-date", quoted=quoted(text))


def _told_apart(text: str, parts: dict[str, str | None]) -> dict[str, str | None]:
    """Day and month told apart where only one reading is possible."""
    first, second = int(parts["day"] or 0), int(parts["month"] or 0)
    if first > 12 or first == second:
        return parts
    if second > 12:
        return parts | {"day": parts["month"], "month": parts["day"]}
    raise RowError("unclear date", "date-ambiguous", quoted=quoted(text))


def _built(text: str, parts: dict[str, str | None]) -> tuple[dt.datetime, str]:
    """The moment and the offset that stands in the cell."""
    year = int(parts.get("year") or 0)
    if short := parts.get("short_year"):
        year = 2000 + int(short) if int(short) < 70 else 1900 + int(short)
    hour, half = int(parts.get("hour") or 0), (parts.get("half") or "").lower()
    if half and not 1 <= hour <= 12:
        raise RowError("bad date", "not-a-time", quoted=quoted(text))
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    try:
        moment = dt.datetime(
            year,
            int(parts["month"] or 0),
            int(parts["day"] or 0),
            hour,
            int(parts.get("minute") or 0),
            int(parts.get("second") or 0),
        )
    except ValueError:
        raise RowError("bad date", "no-such-date", quoted=quoted(text)) from None
    return moment, _offset(text, parts.get("offset") or "")


def _offset(text: str, written: str) -> str:
    if not written:
        return ""
    if written == "Z":
        return "+00:00"
    digits = written[1:].replace(":", "")
    if int(digits[:2]) > _FARTHEST_H or int(digits[2:]) > 59:
        raise RowError("bad date", "no-such-time-zone", quoted=quoted(text))
    return f"{written[0]}{digits[:2]}:{digits[2:]}"
