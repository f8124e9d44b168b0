"""Whole and fractional numbers, as people of different countries write them."""

from __future__ import annotations

import re

from launcher.core.words import quoted
from launcher.errors import RowError

_LARGEST = 2**63 - 1
"""PHP's own; a larger whole number becomes a fraction there."""

_SPACES = re.compile(r"(?<=\d)[\u0020\u00a0\u2009\u202f'\u2019](?=\d{3}(?!\d))")
"""What stands between groups of three digits and is never a decimal mark."""

_PLAIN = re.compile(r"[+-]?\d+", re.ASCII)
_FRACTION = re.compile(r"([+-]?)(\d*)([.,])(\d+)", re.ASCII)
_GROUPED = re.compile(
    r"([+-]?[1-9]\d{0,2})(?:(,)\d{3}(?:,\d{3})*|(\.)\d{3}(?:\.\d{3})*)(?:(?!\2)(?!\3)([.,])(\d+))?", re.ASCII
)
_SCIENTIFIC = re.compile(r"[+-]?\d(?:\.\d+)?[eE][+-]?\d{1,3}", re.ASCII)


def read_double(text: str, letter: str, decimal: str) -> str:
    """The number with a point and without groups. `decimal`: the mark that the person configured, if any."""
    number = _number(text, letter, decimal)
    if number is None:
        raise RowError("bad number", f"{quoted(text)} is not a number")
    return number


def read_int(text: str, letter: str, decimal: str) -> str:
    """The whole number without groups; `5.0` is one too."""
    number = _number(text, letter, decimal)
    whole, _, fraction = (number or "").partition(".")
    if number is None or fraction.strip("0") or "e" in number.lower():
        raise RowError("bad number", f"{quoted(text)} is not a whole number")
    if abs(int(whole)) > _LARGEST:
        raise RowError("bad number", f"{quoted(text)} is too large a number")
    return whole


def _number(text: str, letter: str, decimal: str) -> str | None:
    """The number as the portal reads it: as it stands where it can, else rewritten; None where it is none."""
    written = text.strip().replace("\u2212", "-")
    if letter == "n" and _SCIENTIFIC.fullmatch(written):
        return written
    written = _SPACES.sub("", written)
    if _PLAIN.fullmatch(written):
        return written.removeprefix("+")
    if letter == "n":
        decimal = "."  # so the spreadsheet's own numbers come
    if decimal:
        return _with_decimal(written, decimal)
    grouped = _GROUPED.fullmatch(written)
    if grouped and grouped[4] is None and written.count(grouped[2] or grouped[3]) == 1:
        raise RowError("unclear number", _two_readings(text, written))
    if grouped:
        return _with_decimal(written, grouped[4] or ("." if grouped[2] else ","))
    if found := _FRACTION.fullmatch(written):
        return _with_decimal(written, found[3])
    return None


def _with_decimal(written: str, decimal: str) -> str | None:
    """The number where that mark is the decimal one, and the other only stands between groups of three."""
    other = "," if decimal == "." else "."
    whole, mark, fraction = written.partition(decimal)
    sign = whole[:1] if whole[:1] in ("+", "-") else ""
    digits = whole[len(sign) :]
    if other in digits:
        if not re.fullmatch(rf"[1-9]\d{{0,2}}(?:{re.escape(other)}\d{{3}})+", digits, re.ASCII):
            return None
        digits = digits.replace(other, "")
    if (
        not re.fullmatch(r"\d*", digits + fraction, re.ASCII)
        or not (digits or fraction)
        or (mark and not fraction)
    ):
        return None
    return f"{'-' if sign == '-' else ''}{digits or '0'}{'.' + fraction if mark else ''}"


def _two_readings(text: str, written: str) -> str:
    bare = re.sub("[.,]", "", written)
    return (
        f"{quoted(text)} may be {bare} or {written.replace(',', '.')}; say in the job which mark is the "
        'decimal one: decimal: "," or decimal: "."'
    )
