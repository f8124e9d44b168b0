"""Formats of dates as people say them: `DD.MM.YYYY HH:MI`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from launcher.errors import LauncherError

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
                    raise DateFormatError(f'date_format: "{text}" cannot be read; {_EXPECTED}')
                names.append(name)
                pattern += _group(name, digits, parted=not before.isalnum() and not after.isalnum())
        if not {"day", "month"} <= set(names) or len({"year", "short_year"} & set(names)) != 1:
            raise DateFormatError(f'date_format: "{text}" lacks the day, the month or the year; {_EXPECTED}')
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
