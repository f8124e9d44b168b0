"""Periods as people write them: `90s`, `30m`, `2h`, `7d`."""

from __future__ import annotations

import re

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_PERIOD = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)\s*([smhdw])", re.ASCII)


def period_s(text: str) -> float:
    """The seconds of a period. Raises ValueError with words for the person."""
    found = _PERIOD.fullmatch(text.strip().lower())
    if found is None:
        raise ValueError("a period such as 90s, 30m, 2h or 7d is expected")
    return float(found[1]) * _UNITS_S[found[2]]
