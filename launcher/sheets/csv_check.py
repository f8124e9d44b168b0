"""The structure of a CSV file, checked from its first row to its last before any row is used.

Most lines of most files have no quotes, or quotes around every cell. For these it is enough to count
characters, at a quarter of the time of a csv.reader, which takes the rest.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

MAX_BLOCKS = 64
"""A line longer than this many blocks is no line of a table."""
PLAIN_CHARS = 100_000  # below csv.field_size_limit(); longer lines are for the csv.reader to judge
BLANKS = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680"
    "\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
"""All that `strip` takes away. Spelt out: looking for them takes 40 ms."""


@dataclass(slots=True)
class Shape:
    """What the check has found so far; rows are counted from 1, blank ones too."""

    delimiter: str
    width: int
    header_row: int
    too_wide: Callable[[int, int], Exception]
    """Makes the error for a row with content beyond the headings, of its number and its cells."""
    number: int = 0
    filled: int = 0
    """Rows below the header that are not blank."""
    widest: int = 0
    bom_at: int = 0
    """The first row below the header that holds a byte-order mark."""
    blank: str = field(init=False)

    def __post_init__(self) -> None:
        self.widest = self.width
        self.blank = BLANKS + self.delimiter

    def check(self, pieces: Iterator[str]) -> None:
        """Go through the whole text, given in pieces. Raises the error of `too_wide`, or csv.Error."""
        source = _Blocks(pieces)
        while (lines := source.next_block()) is not None:
            if not self._plain(lines) and not self._quoted(lines):
                self._by_reader(source)

    def _plain(self, text: str) -> bool:
        """Take a block without quotes; False when it is none."""
        if '"' in text or ("\r" in text and text.count("\r") != text.count("\r\n")):
            return False
        lines = text.split("\n")
        if not lines[-1]:
            lines.pop()
        delimiter, blank, most = self.delimiter, self.blank, self.width - 1
        if (
            self.number < self.header_row
            or max(map(len, lines)) > PLAIN_CHARS
            or max([line.count(delimiter) for line in lines]) > most
        ):
            return False
        self._count(text, lines, _filled(lines, blank))
        return True

    def _quoted(self, text: str) -> bool:
        """Take a block with quotes around every cell and none in a cell; False when it is none."""
        ends = text.count("\r\n")
        if self.number < self.header_row or ends not in (0, text.count("\n")) or text.count("\r") != ends:
            return False
        lines = text.split("\r\n" if ends else "\n")
        if not lines[-1]:
            lines.pop()
        between, blank = f'"{self.delimiter}"', self.blank + '"'
        inner = [line.count(between) for line in lines]
        if (
            [line.count('"') for line in lines] != [2 * count + 2 for count in inner]
            or max(inner) >= self.width
            or max(map(len, lines)) > PLAIN_CHARS
            # A cell's end that is the line's first or last quote, too, is none.
            or not all(line[:1] == line[-1:] == '"' and between not in (line[:3], line[-3:]) for line in lines)
        ):
            return False
        filled = _filled(lines, blank)
        if filled != len(lines):  # a cell may hold nothing but the delimiter
            return False
        self._count(text, lines, filled)
        return True

    def _count(self, text: str, lines: list[str], filled: int) -> None:
        if not self.bom_at and "\ufeff" in text:
            numbers = (
                n for n, line in enumerate(lines, self.number + 1) if line.startswith(("\ufeff", '"\ufeff'))
            )
            self.bom_at = next(numbers, 0)
        self.number += len(lines)
        self.filled += filled

    def _by_reader(self, source: _Blocks) -> None:
        """Take the block with the header, and as much after it as its last row needs; else all that is left."""
        whole = self.number >= self.header_row
        delimiter, width, bom = self.delimiter, self.width, "\ufeff"
        number, filled, widest = self.number, self.filled, self.widest
        try:
            lines = source.all_lines() if whole else source.lines()
            for cells in csv.reader(lines, delimiter=delimiter, strict=True):
                number += 1
                if len(cells) > widest:
                    widest = len(cells)
                if number > self.header_row:
                    if len(cells) > width and any(map(str.strip, cells[width:])):
                        raise self.too_wide(number, len(cells))
                    filled += any(cells) and (cells[0].strip() != "" or any(map(str.strip, cells)))
                    if not self.bom_at and cells and cells[0].startswith(bom):
                        self.bom_at = number
                if not whole and source.at_end:
                    return
        finally:
            self.number, self.filled, self.widest = number, filled, widest


def _filled(lines: list[str], blank: str) -> int:
    """How many of the lines have something in them beside the characters of `blank`."""
    # A second look only where the first two characters (one may be a quote) do not tell.
    doubtful = [line for line in lines if not line[:1].isalnum() and not line[1:2].isalnum()]
    return len(lines) - sum([line.strip(blank) == "" for line in doubtful])


class _Blocks:
    """The text in blocks that end where a line does."""

    def __init__(self, pieces: Iterator[str]) -> None:
        self.pieces = pieces
        self.rest = ""
        self.block: str | None = ""
        self.at_end = False
        """Whether all lines of the block were handed out."""

    def next_block(self) -> str | None:
        """The next block, None after the last."""
        begun = [self.rest]
        for read in self.pieces:
            cut = _last_end(read)
            if cut:
                begun.append(read[:cut])
                self.rest = read[cut:]
                self.block = "".join(begun)
                return self.block
            begun.append(read)
            if len(begun) > MAX_BLOCKS:
                raise csv.Error("field larger than field limit")
        self.rest = ""
        self.block = "".join(begun) or None
        return self.block

    def lines(self) -> Iterator[str]:
        """The lines of the block, then those of the blocks after it, for as long as they are asked for."""
        while self.block is not None:
            self.at_end = False
            ahead = None
            for line in io.StringIO(self.block, newline=""):
                if ahead is not None:
                    yield ahead
                ahead = line
            self.at_end = True
            if ahead is not None:
                yield ahead
            self.next_block()

    def all_lines(self) -> Iterator[str]:
        """The lines of the block, and all after it."""
        while self.block is not None:
            yield from io.StringIO(self.block, newline="")
            self.next_block()


def _last_end(text: str) -> int:
    """The place after the last line end; a return at the very end may be half of one."""
    found = text.rfind("\n") + 1
    return found or text.rfind("\r", 0, len(text) - 1) + 1
