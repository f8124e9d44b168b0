"""The rows of a CSV file whose structure is known: the first ones by csv, the rest by pandas."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TextIO, cast

from launcher.sheets.model import CHUNK_CELLS, CHUNK_ROWS, Dialect, Row, Source

QUICK_ROWS = CHUNK_ROWS
"""So many rows are read without pandas."""


@contextmanager
def opened(source: Source, dialect: Dialect) -> Iterator[TextIO]:
    """The file's text from the header on, its line ends as they are."""
    with source.path.open(encoding=dialect.encoding, errors="strict", newline="") as handle:
        if dialect.bom:
            handle.read(1)
        if dialect.sep_line:
            handle.readline()
        yield handle


@dataclass(frozen=True, slots=True)
class Chunks:
    """Reads a file whose shape is known."""

    source: Source
    dialect: Dialect
    width: int
    widest: int
    stamp: tuple[int, int]

    def rows(self) -> Iterator[list[Row]]:
        """All rows below the header that are not blank, some at a time. Raises SheetError."""
        number = 0
        try:
            with opened(self.source, self.dialect) as handle:
                for block in self._blocks(handle):
                    rows: list[Row] = []
                    for cells in block:
                        number += 1
                        if number > self.dialect.header_row and any(map(str.strip, cells)):
                            rows.append(Row(number, tuple(cells[: self.width])))
                    if self.source.stamp() != self.stamp:
                        raise self.source.changed()
                    if rows:
                        yield rows
        except (csv.Error, ValueError, OSError):  # pandas' own errors are ValueErrors
            raise self.source.changed() from None

    def _blocks(self, handle: TextIO) -> Iterator[list[list[str]]]:
        """All rows from where the handle stands."""
        # Not pandas from the start: its import takes half a second, which is better spent while the first
        # requests are on their way, and not at all on a short file.
        reader = csv.reader(handle, delimiter=self.dialect.delimiter, strict=True)
        blank = [""] * self.width
        most = min(QUICK_ROWS, self._most())
        first = [cells + blank[len(cells) :] for cells in islice(reader, most)]
        yield first
        if len(first) == most:
            yield from self._frames(handle)

    def _most(self) -> int:
        return max(1, min(CHUNK_ROWS, CHUNK_CELLS // self.widest))

    def _frames(self, handle: TextIO) -> Iterator[list[list[str]]]:
        """The rows from where the handle stands, in blocks."""
        import pandas as pd

        frames = pd.read_csv(
            cast(TextIO, _After(handle)),
            sep=self.dialect.delimiter,
            # Own names for the longest row's cells: else a long first row becomes an index and
            # every cell moves one column to the left.
            header=None,
            names=list(range(self.widest)),
            index_col=False,
            # Every cell stays the text it was: no NaN, no 7.0 for 007.
            dtype=object,
            keep_default_na=False,
            na_filter=False,
            # Blank rows must be counted, or the numbers drift from those the person sees.
            skip_blank_lines=False,
            quotechar='"',
            doublequote=True,
            low_memory=False,
            engine="c",
            chunksize=self._most(),
        )
        with frames:
            for number, frame in enumerate(frames):
                cells: list[list[str]] = frame.to_numpy().tolist()
                yield cells if number else cells[1:]


class _After:
    """What is left of a text, with a line before it, which `read_csv` takes for the first row.

    pandas takes a byte-order mark from the beginning of what it reads, even where it is a part of a cell, and
    refuses a text with nothing in it.
    """

    def __init__(self, handle: TextIO) -> None:
        self.handle = handle
        self.line = "-\n"

    def read(self, size: int = -1) -> str:
        """The line, then the text."""
        line, self.line = self.line, ""
        return line or self.handle.read(size)

    def __iter__(self) -> Iterator[str]:
        return iter(self.handle)
