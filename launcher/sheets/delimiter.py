"""Which character separates the cells of a CSV file."""

from __future__ import annotations

import csv
import io
import re

from launcher.sheets.model import SheetError

DELIMITERS = ";\t|,"  # a comma last: text and amounts are full of them, so it loses a tie
NAMES = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar (|)", " ": "a space"}


def shown(delimiter: str) -> str:
    """The delimiter in words."""
    return NAMES.get(delimiter, repr(delimiter))


def split_sep_line(sample: str) -> tuple[str, str]:
    """The delimiter that a `sep=;` first line names ("" without such a line), and the text after it."""
    found = re.match(r"(?i)sep=(.)(?:\r\n|\n|\r|\Z)", sample)
    if found and usable(found[1]):
        return found[1], sample[found.end() :]
    return "", sample


def usable(delimiter: str) -> bool:
    """Whether cells can be separated by this: one ASCII character that no word is written with."""
    if len(delimiter) != 1 or not delimiter.isascii() or delimiter == '"':
        return False
    return delimiter == "\t" or (delimiter.isprintable() and not delimiter.isalnum())


def sniff(sample: str) -> str | None:
    """The delimiter that gives most rows of `sample` the width of the first; None when it has one column."""
    # Not csv.Sniffer: it takes letters and quotes for delimiters, and its patterns can run for minutes.
    best: tuple[float, int] = (0, 0)
    found = None
    for delimiter in DELIMITERS:
        widths = _widths(sample, delimiter)
        if not widths or widths[0] < 2:
            continue
        # Rounded, so that one short row does not count against a delimiter that makes more columns.
        alike = round(widths.count(widths[0]) / len(widths), 1)
        if (alike, widths[0]) > best:
            best, found = (alike, widths[0]), delimiter
    return found


def choose(name: str, sample: str, wanted: str | None) -> str:
    """The delimiter of the file called `name`: `wanted` if given, else what the sample shows.

    Raises SheetError when `wanted` is no delimiter, or separates nothing where another one does.
    """
    found = sniff(sample)
    if wanted is None:
        return found or ","
    if not usable(wanted):
        raise SheetError(f"{name}: the delimiter is one character such as , ; | or a tab, not {wanted!r}.")
    widths = _widths(sample, wanted)
    if found not in (None, wanted) and widths and widths[0] < 2:
        raise SheetError(
            f"{name}, row 1: {shown(wanted)} does not separate the headings, {shown(found or ',')} does. "
            "Leave the delimiter out and run again."
        )
    return wanted


def _widths(sample: str, delimiter: str) -> list[int]:
    """How many cells each row has, blank rows left out."""
    try:
        rows = list(csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter))
    except csv.Error:
        return []
    return [len(row) for row in rows if any(row)]
