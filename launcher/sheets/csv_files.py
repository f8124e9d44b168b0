"""CSV: the structure is checked from the first row to the last before a row is read."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TextIO

from launcher.sheets.csv_check import Shape
from launcher.sheets.csv_rows import Chunks, opened
from launcher.sheets.encoding import BLOCK_BYTES, NOT_A_TABLE, find_encoding
from launcher.sheets.grid import refuse_two_rows
from launcher.sheets.model import MAX_COLUMNS, Dialect, Format, ReadOptions, SheetError, Source, Table

NEWLINES = ("\r\n", "\n", "\r")
SAMPLE_CHARS = 1 << 16
CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f]")


def open_csv(source: Source, options: ReadOptions) -> Table:
    """The CSV file as a table. Raises SheetError when a cell cannot be read with certainty."""
    stamp = source.stamp()
    found = find_encoding(source, options.encoding)
    dialect = Dialect(format="csv", encoding=found.name, bom=found.bom, header_row=options.header_row or 1)
    with opened(source, dialect) as handle:
        sample = handle.read(SAMPLE_CHARS)
    _refuse_no_text(source.name, sample)
    hinted, sample = split_sep_line(sample)
    chosen = "" if options.delimiter else hinted
    chosen = chosen or choose_delimiter(source.name, below(sample, dialect.header_row), options.delimiter)
    dialect = replace(dialect, delimiter=chosen, sep_line=hinted != "")
    head, newline = _header(source, dialect)
    header = head[0]
    if options.header_row is None:
        refuse_two_rows(source.name, header, head[1] if len(head) > 1 else ())
    dialect = replace(dialect, newline=newline)
    shape = _check(source, dialect, len(header))
    return Table(
        header=header,
        dialect=dialect,
        row_count=shape.filled,
        read=lambda: Chunks(source, dialect, len(header), shape.widest, stamp).rows(),
        notes=tuple(_notes(options.encoding, dialect, shape)),
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


def _pieces(source: Source, dialect: Dialect) -> Iterator[str]:
    """The same text as `opened` gives, in pieces as big as can be: a text file decodes 8 KB at a time."""
    decoder = codecs.getincrementaldecoder(dialect.encoding)("strict")
    with source.path.open("rb") as file:
        first = decoder.decode(file.read(BLOCK_BYTES))[int(dialect.bom) :]
        if dialect.sep_line:
            first = split_sep_line(first)[1]
        yield first
        while block := file.read(BLOCK_BYTES):
            yield decoder.decode(block)


def _refuse_no_text(name: str, sample: str) -> None:
    """Raises SheetError when there is nothing in the text, or it is no text."""
    if not sample.strip():
        raise SheetError("file-empty", name=name)
    if len(CONTROLS.findall(sample)) * 20 > len(sample):
        raise SheetError("not-a-table", name=name, not_a_table=NOT_A_TABLE)


def _header(source: Source, dialect: Dialect) -> tuple[list[tuple[str, ...]], str]:
    """The headings and the row below them, and what ends a row (what Excel writes, where nothing does)."""
    lines: list[str] = []
    ends = ""

    def remembered(handle: TextIO) -> Iterator[str]:
        for line in handle:
            lines[:] = [line]
            yield line

    number, found = 0, []
    with opened(source, dialect) as handle:
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
                raise _bad_quotes(source.name, number + 1, str(error)) from None
    if not found and number:
        raise SheetError("header-row-too-far", name=source.name, number=number, header_row=dialect.header_row)
    if not found or not any(found[0]):
        raise SheetError(
            "header-row-blank-in-csv",
            name=source.name,
            header_row=dialect.header_row,
            also="The first" if dialect.header_row == 1 else "That",
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
        mark = delimiter_name(dialect.delimiter)
        return SheetError(
            "csv-row-too-wide", name=source.name, row=number, cells=cells, headings=width, delimiter=mark
        )

    shape = Shape(dialect.delimiter, width, dialect.header_row, too_wide)
    try:
        shape.check(_pieces(source, dialect))
    except csv.Error as error:
        raise _bad_quotes(source.name, shape.number + 1, str(error)) from None
    if shape.widest > MAX_COLUMNS:
        raise SheetError("too-many-columns", name=source.name, widest=shape.widest, max_columns=MAX_COLUMNS)
    return shape


def _bad_quotes(name: str, number: int, error: str) -> SheetError:
    if "field larger" in error:
        return SheetError("cell-too-long", name=name, row=number, letters=csv.field_size_limit())
    if "unexpected end" in error:
        return SheetError("quote-not-closed", name=name, row=number)
    return SheetError("quote-inside-cell", name=name, row=number)


DELIMITERS = ";\t|,"  # a comma last: text and amounts are full of them, so it loses a tie

DELIMITER_NAMES = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar (|)", " ": "a space"}


def delimiter_name(delimiter: str) -> str:
    return DELIMITER_NAMES.get(delimiter, repr(delimiter))


def split_sep_line(sample: str) -> tuple[str, str]:
    """The delimiter that a `sep=;` first line names ("" without such a line), and the text after it."""
    found = re.match(r"(?i)sep=(.)(?:\r\n|\n|\r|\Z)", sample)
    if found and is_delimiter(found[1]):
        return found[1], sample[found.end() :]
    return "", sample


def is_delimiter(delimiter: str) -> bool:
    """Whether cells can be separated by this: one ASCII character that no word is written with."""
    if len(delimiter) != 1 or not delimiter.isascii() or delimiter == '"':
        return False
    return delimiter == "\t" or (delimiter.isprintable() and not delimiter.isalnum())


def sniff_delimiter(sample: str) -> str | None:
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


def choose_delimiter(name: str, sample: str, wanted: str | None) -> str:
    """The delimiter of the file called `name`: `wanted` if given, else what the sample shows.

    Raises SheetError when `wanted` is no delimiter, or separates nothing where another one does.
    """
    found = sniff_delimiter(sample)
    if wanted is None:
        return found or ","
    if not is_delimiter(wanted):
        raise SheetError("bad-delimiter", name=name, wanted=wanted)
    widths = _widths(sample, wanted)
    if found not in (None, wanted) and widths and widths[0] < 2:
        raise SheetError(
            "wrong-delimiter",
            name=name,
            delimiter_name=delimiter_name(wanted),
            found=delimiter_name(found or ","),
        )
    return wanted


def _widths(sample: str, delimiter: str) -> list[int]:
    """How many cells each row has, blank rows left out."""
    try:
        rows = list(csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter))
    except csv.Error:
        return []
    return [len(row) for row in rows if any(row)]


CSV = Format(sniff=lambda _head, _members: True, open=open_csv, has_sheets=False)
"""What is nothing else; so it comes last."""
