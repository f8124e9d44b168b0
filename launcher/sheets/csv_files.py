"""CSV: the structure is checked from the first row to the last, then pandas reads it in chunks."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TextIO

from launcher.sheets import delimiter as delimiters
from launcher.sheets import headings
from launcher.sheets.csv_check import Shape
from launcher.sheets.encoding import BLOCK_BYTES, NOT_A_TABLE, find_encoding
from launcher.sheets.model import CHUNK_ROWS, MAX_COLUMNS, Dialect, Row, SheetError, Source, Table

if TYPE_CHECKING:
    from pandas.io.parsers import TextFileReader

NEWLINES = ("\r\n", "\n", "\r")
SAMPLE_CHARS = 1 << 16
CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f]")
CHUNK_CELLS = 400_000
"""Cells held at a time, for tables that are very wide."""


def open_csv(source: Source, *, encoding: str | None, delimiter: str | None, header_row: int | None) -> Table:
    """The CSV file as a table. Raises SheetError when a cell cannot be read with certainty."""
    stamp = source.stamp()
    found = find_encoding(source, encoding)
    dialect = Dialect(format="csv", encoding=found.name, bom=found.bom, header_row=header_row or 1)
    with _text(source, dialect) as handle:
        sample = handle.read(SAMPLE_CHARS)
    _check_text(source.name, sample)
    hinted, sample = delimiters.split_sep_line(sample)
    chosen = "" if delimiter else hinted
    chosen = chosen or delimiters.choose(source.name, below(sample, dialect.header_row), delimiter)
    dialect = replace(dialect, delimiter=chosen, sep_line=hinted != "")
    head, newline = _header(source, dialect)
    header = head[0]
    if header_row is None:
        headings.refuse_two_rows(source.name, header, head[1] if len(head) > 1 else ())
    dialect = replace(dialect, newline=newline)
    shape = _check(source, dialect, len(header))
    return Table(
        header=header,
        dialect=dialect,
        row_count=shape.filled,
        read=lambda: _Chunks(source, dialect, len(header), shape.widest, stamp).rows(),
        notes=tuple(_notes(encoding, dialect, shape)),
    )


def below(sample: str, header_row: int) -> str:
    """The sample from the row of headings on: a title above it has another width."""
    for _ in range(header_row - 1):
        sample = sample.partition("\n" if "\n" in sample else "\r")[2]
    return sample


def _notes(wanted: str | None, dialect: Dialect, shape: Shape) -> Iterator[str]:
    if wanted is None and dialect.encoding == "cp1252":
        yield "It was taken for Windows-1252, as the letters beyond ASCII suggest."
    if shape.bom_at:
        yield (
            f"Row {shape.bom_at} holds a byte-order mark in the middle of the file, as where two files were "
            "joined; it was left where it stands."
        )


@contextmanager
def _text(source: Source, dialect: Dialect) -> Iterator[TextIO]:
    """The file's text from the header on, its line ends as they are."""
    with source.path.open(encoding=dialect.encoding, errors="strict", newline="") as handle:
        if dialect.bom:
            handle.read(1)
        if dialect.sep_line:
            handle.readline()
        yield handle


def _pieces(source: Source, dialect: Dialect) -> Iterator[str]:
    """The same text as `_text` gives, in pieces as big as can be: a text file decodes 8 KB at a time."""
    decoder = codecs.getincrementaldecoder(dialect.encoding)("strict")
    with source.path.open("rb") as file:
        first = decoder.decode(file.read(BLOCK_BYTES))[int(dialect.bom) :]
        if dialect.sep_line:
            first = delimiters.split_sep_line(first)[1]
        yield first
        while block := file.read(BLOCK_BYTES):
            yield decoder.decode(block)


def _check_text(name: str, sample: str) -> None:
    """Raises SheetError when there is nothing in the text, or it is no text."""
    if not sample.strip():
        raise SheetError(f"{name} is empty: it needs a row of headings and rows below it.")
    if len(CONTROLS.findall(sample)) * 20 > len(sample):
        raise SheetError(f"{name}: {NOT_A_TABLE}")


def _header(source: Source, dialect: Dialect) -> tuple[list[tuple[str, ...]], str]:
    """The headings and the row below them, and what ends a row (what Excel writes, where nothing does)."""
    lines: list[str] = []
    ends = ""

    def remembered(handle: TextIO) -> Iterator[str]:
        for line in handle:
            lines[:] = [line]
            yield line

    number, found = 0, []
    with _text(source, dialect) as handle:
        try:
            for cells in csv.reader(remembered(handle), delimiter=dialect.delimiter, strict=True):
                number += 1
                if number >= dialect.header_row:
                    found.append(tuple(cell.strip() for cell in cells))
                    ends = ends or next((end for end in NEWLINES if lines[-1].endswith(end)), "\r\n")
                if number > dialect.header_row:
                    break
        except csv.Error as error:
            if not found:
                raise SheetError(_bad_quotes(source.name, number + 1, str(error))) from None
    if not found and number:
        raise SheetError(
            f"{source.name} has {number:,} rows, so row {dialect.header_row:,} cannot hold the headings."
        )
    if not found or not any(found[0]):
        raise SheetError(
            f"{source.name}, row {dialect.header_row}: blank. "
            f"{'The first' if dialect.header_row == 1 else 'That'} row must hold the headings."
        )
    return found, ends


def _check(source: Source, dialect: Dialect, width: int) -> Shape:
    """How many rows below the header are not blank, and the cells of the widest row of all.

    Raises SheetError at a row with content beyond the `width` of the header, and at quotes that are
    not closed or not doubled, which would merge rows or cells.
    """

    # pandas lets both mistakes pass: it drops the tail of a long row, and an unclosed quote swallows
    # the rows up to the next quote.
    def too_wide(number: int, cells: int) -> SheetError:
        return SheetError(_too_wide(source.name, number, cells, width, dialect))

    shape = Shape(dialect.delimiter, width, dialect.header_row, too_wide)
    try:
        shape.check(_pieces(source, dialect))
    except csv.Error as error:
        raise SheetError(_bad_quotes(source.name, shape.number + 1, str(error))) from None
    if shape.widest > MAX_COLUMNS:
        raise SheetError(f"{source.name}: {shape.widest:,} columns; a spreadsheet has at most {MAX_COLUMNS:,}.")
    return shape


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

    source: Source
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
                    if self.source.stamp() != self.stamp:
                        raise self.source.changed()
                    if rows:
                        yield rows
        except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError, OSError):
            raise self.source.changed() from None

    def _frames(self) -> TextFileReader:
        import pandas as pd

        return pd.read_csv(
            self.source.path,
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
