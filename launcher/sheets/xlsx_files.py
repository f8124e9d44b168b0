"""XLSX and XLSM: the stored value of every cell, streamed, so that memory does not grow with the rows."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import partial

from launcher.sheets import grid
from launcher.sheets.model import Format, ReadOptions, Source, Table
from launcher.sheets.xlsx_cells import RowReader, column_index
from launcher.sheets.xlsx_parts import DamagedError, SheetPart, Workbook, elements, translate_errors

BLOCK_BYTES = 1 << 20
SMALL_PART = 2 << 20
"""Bytes of a sheet that is gone through cell by cell already when it is opened."""
EARLY_ROWS = 10_000
MAX_ROW_BYTES = 64 << 20

MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=\"([A-Z]+)([0-9]+):([A-Z]+)([0-9]+)\"")
BLANK_TEXT = re.compile(rb"<t(?: [^>]*)?(?:/>|>\s*</t>)")
UNUSUAL = (b"<!", b"<v></v>", b"<v/>", b"<f/>", b"</f></c>")
"""What makes a row's content uncertain without parsing it."""
ROW_TAG = re.compile(rb"<(?:\w+:)?row\b[^>]*>")
NUMBER = re.compile(rb"\sr=\"([0-9]{1,7})\"")
CELL = re.compile(rb"<c r=\"([A-Z]{1,3})[0-9]{1,7}\"")
ROW_START = re.compile(rb"<row r=\"([0-9]{1,7})\"")


def open_xlsx(source: Source, options: ReadOptions) -> Table:
    """One sheet of the workbook as a table; without `sheet` the first that is visible."""
    with translate_errors(source), zipfile.ZipFile(source.path) as package:
        book = Workbook(package)
        book.load()
        names = [(part.name, part.visible) for part in book.sheets]
        at = grid.choose_sheet(
            source.name, names, options.sheet, lambda index: _rows(source, book, book.sheets[index])
        )
        chosen = book.sheets[at]
        scan = _Scan()
        with package.open(chosen.part) as file:
            scan.go(iter(lambda: file.read(BLOCK_BYTES), b""))
        small = package.getinfo(chosen.part).file_size < SMALL_PART
    late_header = options.header_row is not None and options.header_row > EARLY_ROWS
    quick = (
        not small
        and scan.sure
        and not late_header
        and not any(text == "" or text.isspace() for text in book.strings)
    )

    read = partial(_rows, source, book, chosen)
    counted = scan.counted(options.header_row) if quick else None
    return grid.table(source, chosen.name, read, scan.facts, header_row=options.header_row, counted=counted)


def _rows(source: Source, book: Workbook, sheet: SheetPart) -> grid.Rows:
    reader = RowReader(book)
    with translate_errors(source), zipfile.ZipFile(source.path) as package, package.open(sheet.part) as file:
        for row in elements(file, "row"):
            cells = reader.read(row)
            if any(map(grid.used, cells)):
                yield reader.number, cells


@dataclass(slots=True)
class _Scan:
    """What the bytes of a sheet show at a fifth of the time that parsing them takes.

    Going through them to the end also lets the archive compare its check sum.
    """

    filled: int = 0
    early: list[int] = field(default_factory=list)
    """Numbers of the first rows with something in them."""
    width: int = 0
    columns: dict[bytes, int] = field(default_factory=dict)
    facts: grid.Facts = field(default_factory=grid.Facts)
    sure: bool = True
    """Whether the sheet is written as the usual programs do, so that the counts hold."""

    def go(self, blocks: Iterator[bytes]) -> None:
        rest = b""
        for block in blocks:
            text = rest + block
            if any(mark in text for mark in UNUSUAL) or (b"<is>" in text and BLANK_TEXT.search(text)):
                self.sure = False
            *rows, rest = text.split(b"</row>")
            if b"hidden=" in text:
                self._hidden(b" ".join(rows))
            self._rows(rows)
            if len(rest) > MAX_ROW_BYTES:
                raise DamagedError
        self.sure = self.sure and self.filled > 0
        self._tail(rest)

    def _rows(self, rows: list[bytes]) -> None:
        columns = self.columns
        for row in rows:
            end = max(row.rfind(b"</v>"), row.rfind(b"</is>"))
            if end < 0:
                if b"<f" in row:
                    self.sure = False
                continue
            self.filled += 1
            last = CELL.match(row, row.rfind(b"<c ", 0, end))
            if last is None:
                self.sure = False
                continue
            if last[1] not in columns:
                columns[last[1]] = column_index(last[1].decode()) + 1
                self.width = max(self.width, columns[last[1]])
            if len(self.early) < EARLY_ROWS:
                start = ROW_START.match(row, max(row.rfind(b"<row "), 0))
                self.early.append(int(start[1]) if start else 0)
                self.sure &= start is not None

    def _hidden(self, text: bytes) -> None:
        for tag in ROW_TAG.findall(text):
            number = NUMBER.search(tag)
            if number and (b'hidden="1"' in tag or b'hidden="true"' in tag):
                self.facts.hidden.append(int(number[1]))

    def _tail(self, text: bytes) -> None:
        self._hidden(text)
        self.facts.filtered = b"autoFilter" in text and b"filterColumn" in text
        for left, top, right, bottom in MERGED.findall(text):
            columns = [column_index(name.decode()) + 1 for name in (left, right)]
            self.facts.merged.append((int(top), columns[0], int(bottom), columns[1]))

    def counted(self, header_row: int | None) -> grid.Counted:
        """What going through the rows would show; without a row of headings, the first is it."""
        header = header_row or self.early[0]
        return grid.Counted(self.filled - sum(number <= header for number in self.early), self.width)


def _is_xlsx(_head: bytes, members: Collection[str]) -> bool:
    return any(name.endswith("workbook.xml") for name in members)


XLSX = Format(sniff=_is_xlsx, open=open_xlsx)
