"""What a spreadsheet's cell holds, as the text that the person sees, and its kind."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from launcher.sheets.grid import BLANK, Cell
from launcher.sheets.model import MAX_COLUMNS
from launcher.sheets.xlsx_parts import DamagedError, Workbook, text_of, unescaped

if TYPE_CHECKING:
    from lxml.etree import _Element


MAX_DIGITS = 15  # Excel keeps 15 digits of a number and writes zeros for the rest


def cell_text(value: object) -> Cell:
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


def _number(value: float) -> Cell:
    if not math.isfinite(value):
        return str(value), "r"
    if value == int(value):
        # Calamine gives every number as a float: 777.0 is the ID 777.
        return str(int(value)), "n" if abs(value) < 10**MAX_DIGITS else "r"
    # 15 digits as Excel shows them, so that a sum is 0.3 and not 0.30000000000000004.
    text = f"{value:.{MAX_DIGITS}g}"
    return (format(Decimal(text), "f") if abs(value) > 1e-9 else text), "n"


def _duration(value: dt.timedelta) -> str:
    seconds = round(abs(value).total_seconds())
    sign = "-" if value < dt.timedelta() else ""
    return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


MAX_ROWS = 1_048_576
LAST_DAY = 2_958_466  # 31.12.9999 and one


@dataclass(slots=True)
class RowReader:
    """Turns row elements into cells."""

    book: Workbook
    number: int = 0

    def read(self, row: _Element) -> list[Cell]:
        """The cells of the row, none after its last one; `number` is then the row's."""
        declared = row.get("r")
        number = self.number + 1
        if declared is not None:
            number = int(declared) if len(declared) < 8 and declared.isdigit() else 0
        if not self.number < number <= MAX_ROWS:
            raise DamagedError
        self.number = number
        cells: list[Cell] = []
        space = str(row.tag)[:-3]
        cell_tag, value_tag = space + "c", space + "v"
        strings = self.book.strings
        for element in row:
            if element.tag != cell_tag:
                continue
            # The usual cell, a text among the shared ones, is taken the short way.
            if element.get("t") == "s" and len(element) == 1 and element[0].tag == value_tag:
                cell = _shared(strings, element[0].text)
            else:
                cell = self._cell(element)
            reference = element.get("r")
            if reference is None:
                at = len(cells)
            else:
                at = column_index(reference.rstrip("0123456789"))
                if at < 0:
                    raise DamagedError
            if cell == BLANK and reference is not None:
                continue
            if at < len(cells):
                raise DamagedError
            if at > len(cells):
                cells += [BLANK] * (at - len(cells))
            cells.append(cell)
        return cells

    def _cell(self, element: _Element) -> Cell:
        kind, value, inline = element.get("t"), None, None
        formula = False
        for child in element:
            tag = str(child.tag)
            if tag.endswith("}v"):
                value = child.text
            elif tag.endswith("}f"):
                formula = True
            elif tag.endswith("}is"):
                inline = text_of(child)
        if kind == "inlineStr" or (inline is not None and value is None):
            return (inline or value or "", "t")
        if value is None:
            # Excel writes t="str" with an empty value for a formula whose result is an empty text.
            return ("", "f") if formula and kind != "str" else BLANK
        try:
            return self._value(kind or "n", value, element.get("s"))
        except (ValueError, IndexError, OverflowError):
            raise DamagedError from None

    def _value(self, kind: str, value: str, style: str | None) -> Cell:
        match kind:
            case "s":
                return _shared(self.book.strings, value)
            case "str":
                return unescaped(value), "t"
            case "b":
                return ("TRUE" if value.strip() in ("1", "true") else "FALSE"), "b"
            case "e":
                return value, "e"
            case "d":
                return _iso(value)
            case _:
                meaning = self.book.styles[int(style)] if style and self.book.styles else "n"
                return numeric(value, meaning, since_1904=self.book.since_1904)


def _shared(strings: list[str], index: str | None) -> Cell:
    """The shared text of that number. Raises DamagedError when there is none."""
    try:
        number = int(index or "")
        if number >= 0:
            return strings[number], "t"
    except (ValueError, IndexError):
        pass
    raise DamagedError


@lru_cache(MAX_COLUMNS)
def column_index(letters: str) -> int:
    """The column of that name counted from 0, -1 when there is none."""
    index = 0
    for char in letters.upper():
        if not "A" <= char <= "Z":
            return -1
        index = index * 26 + ord(char) - 64
    return index - 1 if 0 < index <= MAX_COLUMNS else -1


def numeric(value: str, meaning: str, *, since_1904: bool = False) -> Cell:
    """A stored number under a format of that meaning."""
    if meaning == "n":
        digits = value.strip()
        if digits.isdigit() and len(digits) < 16 and digits.isascii():
            return str(int(digits)), "n"
        number = float(digits)
        return cell_text(number) if math.isfinite(number) else (digits, "r")
    number = float(value)
    day_zero = dt.datetime(1904, 1, 1) if since_1904 else dt.datetime(1899, 12, 30)
    if not 0 <= number < LAST_DAY:
        return cell_text(number)
    if not since_1904 and number < 60:
        day_zero = dt.datetime(1899, 12, 31)  # Excel counts a 29 February 1900
    span = dt.timedelta(seconds=round(number * 86_400))
    if meaning == "E" or (meaning == "T" and number < 1):
        return cell_text(span) if meaning == "E" else ((dt.datetime.min + span).time().isoformat(), "t")
    try:
        moment = day_zero + span
    except OverflowError:
        return cell_text(number)
    if meaning == "T":
        return moment.time().isoformat(), "t"
    return cell_text(moment.date() if meaning == "d" else moment)


def _iso(value: str) -> Cell:
    try:
        moment = dt.datetime.fromisoformat(value.strip().removesuffix("Z"))
    except ValueError:
        return value, "t"
    return cell_text(moment.replace(tzinfo=None) if "T" in value else moment.date())
