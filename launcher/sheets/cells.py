"""What a spreadsheet's cell holds, as the text that the person sees, and its kind."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal

MAX_DIGITS = 15  # Excel keeps 15 digits of a number and writes zeros for the rest


def cell_text(value: object) -> tuple[str, str]:
    """The cell's text and its kind, one of the letters of `Row.kinds`."""
    match value:
        case str():
            return value, "t"
        case bool():
            return ("TRUE" if value else "FALSE"), "b"
        case int() | float():
            return _number(value)
        case dt.datetime():
            return value.isoformat(sep=" ", timespec="seconds"), "D"
        case dt.date():
            return value.isoformat(), "d"
        case dt.timedelta():
            return _duration(value), "t"
        case None:
            return "", "t"
        case _:
            return str(value), "t"


def _number(value: float) -> tuple[str, str]:
    if not math.isfinite(value):
        return str(value), "r"
    if value == int(value):
        # Calamine gives every number as a float: 777.0 is the ID 777.
        return str(int(value)), "n" if abs(value) < 10**MAX_DIGITS else "r"
    # 15 digits as Excel shows them, so that a sum is 0.3 and not 0.30000000000000004.
    text = f"{value:.{MAX_DIGITS}g}"
    return (format(Decimal(text), "f") if abs(value) > 1e-9 else text), "n"


def ruined(text: str) -> tuple[str, str]:
    """A number that no spreadsheet can hold."""
    return text, "r"


def _duration(value: dt.timedelta) -> str:
    seconds = round(abs(value).total_seconds())
    sign = "-" if value < dt.timedelta() else ""
    return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
