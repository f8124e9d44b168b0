"""CSV: the structure is checked from the first row to the last, then pandas reads it in chunks."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from launcher.sheets import delimiter as delimiters
from launcher.sheets.encoding import NOT_A_TABLE, find_encoding
from launcher.sheets.model import CHUNK_ROWS, MAX_COLUMNS, Dialect, Row, SheetError, Table

if TYPE_CHECKING:
    from pandas.io.parsers import TextFileReader

NEWLINES = ("\r\n", "\n", "\r")
SAMPLE_CHARS = 1 << 16
CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f]")
CHUNK_CELLS = 400_000
"""Cells held at a time, for tables that are very wide."""


def open_csv(path: Path, *, encoding: str | None, delimiter: str | None) -> Table:
    """The CSV file as a table. Raises SheetError when a cell cannot be read with certainty."""
    stamp = _stamp(path)
    found = find_encoding(path, encoding)
    dialect = Dialect(format="csv", encoding=found.name, bom=found.bom)
    with _text(path, dialect) as handle:
        sample = handle.read(SAMPLE_CHARS)
    _check_text(path.name, sample)
    hinted, sample = delimiters.split_sep_line(sample)
    chosen = "" if delimiter else hinted
    chosen = chosen or delimiters.choose(path.name, sample, delimiter)
    dialect = replace(dialect, delimiter=chosen, sep_line=hinted != "")
    header, newline = _header(path, dialect)
    dialect = replace(dialect, newline=newline)
    row_count, widest = _check(path, dialect, len(header))
    return Table(
        header=header,
        dialect=dialect,
        row_count=row_count,
        read=lambda: _Chunks(path, dialect, len(header), widest, stamp).rows(),
    )


def _stamp(path: Path) -> tuple[int, int]:
    """What differs once the file has been written to."""
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


@contextmanager
def _text(path: Path, dialect: Dialect) -> Iterator[TextIO]:
    """The file's text from the header on, its line ends as they are."""
    with path.open(encoding=dialect.encoding, errors="strict", newline="") as handle:
        if dialect.bom:
            handle.read(1)
        if dialect.sep_line:
            handle.readline()
        yield handle


def _check_text(name: str, sample: str) -> None:
    """Raises SheetError when there is nothing in the text, or it is no text."""
    if not sample.strip():
        raise SheetError(f"{name} is empty: it needs a row of headings and rows below it.")
    if len(CONTROLS.findall(sample)) * 20 > len(sample):
        raise SheetError(f"{name}: {NOT_A_TABLE}")


def _header(path: Path, dialect: Dialect) -> tuple[tuple[str, ...], str]:
    """The headings, and what ends their row (what Excel writes, where nothing does)."""
    lines: list[str] = []

    def remembered(handle: TextIO) -> Iterator[str]:
        for line in handle:
            lines.append(line)
            yield line

    with _text(path, dialect) as handle:
        try:
            reader = csv.reader(remembered(handle), delimiter=dialect.delimiter, strict=True)
            header = tuple(cell.strip() for cell in next(reader, []))
        except csv.Error as error:
            raise SheetError(_bad_quotes(path.name, 1, str(error))) from None
    if not any(header):
        raise SheetError(f"{path.name}, row 1: blank. The first row must hold the headings.")
    return header, next((end for end in NEWLINES if lines[-1].endswith(end)), "\r\n")


def _check(path: Path, dialect: Dialect, width: int) -> tuple[int, int]:
    """How many rows below the header are not blank, and the cells of the widest row of all.

    Raises SheetError at a row with content beyond the `width` of the header, and at quotes that are
    not closed or not doubled, which would merge rows or cells.
    """
    # pandas lets both mistakes pass: it drops the tail of a long row, and an unclosed quote swallows
    # the rows up to the next quote. A strict csv.reader sees them, at about a second per million rows,
    # before anything is started.
    number, row_count, widest = 0, -1, width
    with _text(path, dialect) as handle:
        try:
            for cells in csv.reader(handle, delimiter=dialect.delimiter, strict=True):
                number += 1
                if len(cells) > width:
                    if any(map(str.strip, cells[width:])):
                        raise SheetError(_too_wide(path.name, number, len(cells), width, dialect))
                    widest = max(widest, len(cells))
                row_count += any(map(str.strip, cells))
        except csv.Error as error:
            raise SheetError(_bad_quotes(path.name, number + 1, str(error))) from None
    if widest > MAX_COLUMNS:
        raise SheetError(f"{path.name}: {widest:,} columns; a spreadsheet has at most {MAX_COLUMNS:,}.")
    return row_count, widest


def _too_wide(name: str, number: int, cells: int, width: int, dialect: Dialect) -> str:
    mark = delimiters.shown(dialect.delimiter)
    return (
        f"{name}, row {number}: {cells} cells under {width} headings, so a cell would stand in the wrong "
        f"column. Put quotes around a cell that holds {mark}, or add the missing heading, and run again."
    )


def _bad_quotes(name: str, number: int, error: str) -> str:
    if "field larger" in error:
        what = f"a cell of over {csv.field_size_limit():,} characters; most likely its quote is never closed"
    elif "unexpected end" in error:
        what = "a quote is opened and never closed"
    else:
        what = 'a quote inside a quoted cell is not written "", or one before it is never closed'
    return f"{name}, row {number}: {what}. Mend it, or save the file anew from the spreadsheet, and run again."


@dataclass(frozen=True, slots=True)
class _Chunks:
    """Reads a file whose shape is known."""

    path: Path
    dialect: Dialect
    width: int
    widest: int
    stamp: tuple[int, int]

    def rows(self) -> Iterator[list[Row]]:
        import pandas as pd  # here, because importing it takes half a second that `--help` must not wait for

        number = 0
        try:
            with self._frames() as frames:
                for frame in frames:
                    rows: list[Row] = []
                    for cells in frame.to_numpy().tolist():
                        number += 1
                        if number > self.dialect.header_row and any(map(str.strip, cells)):
                            rows.append(Row(number, tuple(cells[: self.width])))
                    if _stamp(self.path) != self.stamp:
                        raise self._changed()
                    if rows:
                        yield rows
        except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError, OSError):
            raise self._changed() from None

    def _frames(self) -> TextFileReader:
        import pandas as pd

        return pd.read_csv(
            self.path,
            # Not by the file's name: a CSV file may be called .zip.
            compression=None,
            encoding=self.dialect.encoding,
            encoding_errors="strict",
            skiprows=int(self.dialect.sep_line),
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
            chunksize=max(1, min(CHUNK_ROWS, CHUNK_CELLS // self.widest)),
        )

    def _changed(self) -> SheetError:
        return SheetError(
            f"{self.path.name} was changed while it was read. Run again when nothing is writing to it."
        )
