"""Words and periods (`90s`, `2h`) for the person that several messages share."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable


def nearest(wanted: str, known: Iterable[str]) -> str:
    """` (did you mean "Manager"?)` for the known word nearest to the wanted one, else nothing."""
    by_folded = {word.casefold(): word for word in known}
    found = difflib.get_close_matches(wanted.casefold(), by_folded, n=1, cutoff=0.6)
    return f' (did you mean "{by_folded[found[0]]}"?)' if found else ""


def pluralize(number: int, one: str, many: str = "") -> str:
    """`1 row`, `5,000 rows`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """`0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`: as exact as a person needs it."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    hours, minutes = divmod(round(whole / 60), 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def quoted(text: str, longest: int = 40) -> str:
    """A cell as a message quotes it: on one line, and not too long."""
    one_line = " ".join(text.split())
    return f'"{one_line if len(one_line) <= longest else one_line[: longest - 1] + "…"}"'


_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_PERIOD = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)\s*([smhdw])", re.ASCII)


def period_s(text: str) -> float:
    """The seconds of a period. Raises ValueError with words for the person."""
    found = _PERIOD.fullmatch(text.strip().lower())
    if found is None:
        raise ValueError("a period such as 90s, 30m, 2h or 7d is expected")
    return float(found[1]) * _UNITS_S[found[2]]
