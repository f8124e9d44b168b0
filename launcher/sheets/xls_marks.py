"""What the records of an XLS file say: its sheets, and of a sheet its cells, errors and hidden rows.

Calamine says nothing of errors and hidden rows, and is not trusted with the cells. The records are described
in [MS-XLS].
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from launcher.sheets.grid import Facts
from launcher.sheets.xls_records import (
    CODECS,
    NO_CODE_PAGE,
    record_text,
    shared_texts,
    short_text,
    workbook_stream,
)

ERRORS = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
}
BOF, EOF, FILE_PASS, BOUND_SHEET, FILTER_MODE, CODE_PAGE, CONTINUE, SHARED, ROW, DIMENSIONS = (
    *(0x0809, 0x000A, 0x002F, 0x0085, 0x009B),
    *(0x0042, 0x003C, 0x00FC, 0x0208, 0x0200),
)
FORMULAS = frozenset({0x0006, 0x0206, 0x0406})
"""The later two are of older versions; calamine does not know them, Excel does."""
NUMBERS = frozenset({0x0203, 0x027E})
TEXTS = frozenset({0x0204, 0x00D6})
OLD = frozenset({0x0002, 0x0003, 0x0004, 0x0005, 0x007E})
"""Cells of versions before BIFF5, which have no place in this one."""
SHARED_TEXT, BOOL_ERR, STRING, BLANK, MUL_RK, MUL_BLANK = 0x00FD, 0x0205, 0x0207, 0x0201, 0x00BD, 0x00BE
CELLS = frozenset({*FORMULAS, *NUMBERS, *TEXTS, *OLD, SHARED_TEXT, BOOL_ERR, BLANK, MUL_RK, MUL_BLANK})
"""Records that begin with the row and the column of a cell."""
WORKSHEET = 0
HIDDEN = 0x20  # fDyZero, in the options of a row
BIFF5, BIFF8 = 0x0500, 0x0600
DAMAGE_ERRORS = (struct.error, ValueError, LookupError)

Expected = str | int
"""What a cell holds: its text, empty for a blank one, or one of the numbers below."""
NUMBER, FLAG, ERROR, UNSURE = 1, 2, 3, 4


@dataclass(slots=True)
class Marks:
    """What calamine does not say of one sheet; rows and columns are counted from 0, in `facts` from 1."""

    facts: Facts = field(default_factory=Facts)
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    cells: dict[int, list[Expected]] = field(default_factory=dict)
    """By row; of XLS only."""
    area: int = 0
    """The places, blank ones too, over which cells stretch; of XLSB only."""

    def put(self, row: int, column: int, held: Expected) -> None:
        cells = self.cells.setdefault(row, [])
        if column >= len(cells):
            cells.extend([""] * (column + 1 - len(cells)))
        cells[column] = held


@dataclass(slots=True)
class Book:
    """The records of a workbook, without those of its sheets."""

    stream: bytes
    codec: str = ""
    """How texts are stored; empty where the version, BIFF8, says it."""
    protected: bool = False
    sheets: list[tuple[str, int]] = field(default_factory=list)
    """Name and place of each worksheet."""
    texts: list[str] = field(default_factory=list)
    area: int = 0
    """Places, blank ones too, over which cells stretch, or are declared to: of the widest sheet."""

    def marks(self, sheet: int) -> Marks | None:
        """Return the marks of the worksheet of that index; None when its records cannot be followed."""
        try:
            return _sheet(self, self.sheets[sheet][1])
        except DAMAGE_ERRORS:
            return None


def book_of(data: bytes) -> Book | None:
    """Return the workbook in the bytes of the file; None when it cannot be followed."""
    try:
        return _book(workbook_stream(data))
    except DAMAGE_ERRORS:
        return None


def _book(stream: bytes) -> Book:
    book, shared, last = Book(stream), list[bytes](), BOF
    places, worksheets = list[int](), list[tuple[bytes, int]]()
    version = struct.unpack_from("<H", stream, 4)[0]
    if version not in (BIFF5, BIFF8):
        raise ValueError
    codec = NO_CODE_PAGE
    for kind, place, size in _records(stream, 0):
        if kind == FILE_PASS:
            book.protected = True
            return book
        if kind == BOUND_SHEET:
            places.append(struct.unpack_from("<I", stream, place)[0])
            if stream[place + 5] == WORKSHEET:
                worksheets.append((stream[place + 6 : place + size], places[-1]))
        elif kind == CODE_PAGE:
            page = struct.unpack_from("<H", stream, place)[0]
            codec = CODECS.get(page, f"cp{page}")
        elif kind == SHARED or (kind == CONTINUE and last == SHARED):
            shared.append(stream[place : place + size])
        last = last if kind == CONTINUE else kind
    book.codec = codec if version == BIFF5 else ""
    book.sheets = [(short_text(name, book.codec).replace("\0", ""), place) for name, place in worksheets]
    book.texts = shared_texts(shared) if shared else []
    # Calamine reads all sheets, so all must be such that they can be followed.
    book.area = max((_area(stream, place) for place in places), default=0)
    return book


def _area(stream: bytes, start: int) -> int:
    declared, rows, columns = 0, set[int](), set[int]()
    for kind, place, size in _records(stream, start):
        if kind == DIMENSIONS and size >= 12:
            top, bottom, left, right = struct.unpack_from("<IIHH", stream, place)
            # Calamine takes the difference of 32 bits, whichever is the larger.
            declared = max(declared, ((bottom - top) % (1 << 32)) * ((right - left) % (1 << 16)))
        elif kind in CELLS and size >= 4:
            row, column = struct.unpack_from("<HH", stream, place)
            rows.add(row)
            columns.add(column)
            if kind in (MUL_RK, MUL_BLANK) and size >= 6:
                columns.update(struct.unpack_from("<H", stream, place + size - 2))
    return max(declared, extent(rows, columns))


def extent(rows: set[int], columns: set[int]) -> int:
    """Return the places, blank ones too, of the smallest range with these rows and columns; 0 without any."""
    if not rows:
        return 0
    return (max(rows) - min(rows) + 1) * (max(columns) - min(columns) + 1)


def _sheet(book: Book, start: int) -> Marks:
    marks, stream = Marks(), book.stream
    formula: tuple[int, int] | None = None
    for kind, place, size in _records(stream, start):
        if kind in CELLS:
            formula = _cell(book, marks, kind, stream[place : place + size])
        elif kind == STRING and formula:
            text = record_text(stream[place : place + size], book.codec)
            marks.put(*formula, UNSURE if text is None else text)
        elif kind == ROW and size >= 16:
            row, options = struct.unpack_from("<H10xI", stream, place)
            if options & HIDDEN:
                marks.facts.hidden.append(row + 1)
        elif kind == FILTER_MODE:
            marks.facts.filtered = True
    return marks


def _cell(book: Book, marks: Marks, kind: int, record: bytes) -> tuple[int, int] | None:
    """Note what the record says; gives the place of a formula whose text comes in a later record."""
    row, column = struct.unpack_from("<HH", record)
    held: Expected = UNSURE
    if kind == SHARED_TEXT:
        held = book.texts[struct.unpack_from("<6xI", record)[0]]
    elif kind in NUMBERS:
        held = NUMBER
    elif kind in TEXTS:
        text = record_text(record[6:], book.codec)
        held = UNSURE if text is None else text
    elif kind == BOOL_ERR:
        code, is_error = struct.unpack_from("<6xBB", record)
        held = _flag_or_error(marks, (row, column), code if is_error else None)
    elif kind == MUL_RK:
        for right in range(column, struct.unpack_from("<H", record, len(record) - 2)[0] + 1):
            marks.put(row, right, NUMBER)
        return None
    elif kind in FORMULAS:
        what, code, text_or_not = struct.unpack_from("<6xBxB3xH", record)
        if text_or_not != 0xFFFF:
            held = NUMBER
        elif what in (1, 2):
            held = _flag_or_error(marks, (row, column), code if what == 2 else None)
        elif what == 3:
            held = ""
    elif kind in (BLANK, MUL_BLANK):
        return None
    marks.put(row, column, held)
    return (row, column) if kind in FORMULAS and held == UNSURE else None


def _flag_or_error(marks: Marks, cell: tuple[int, int], error: int | None) -> Expected:
    if error is None:
        return FLAG
    marks.errors[cell] = ERRORS.get(error, "#N/A")
    return ERROR


def _records(stream: bytes, place: int) -> Iterator[tuple[int, int, int]]:
    """Kind, place and size of each record of the substream that begins at `place`, without those nested in it.

    Raises ValueError when it has no beginning or no end.
    """
    depth = 0
    if stream[place : place + 2] != BOF.to_bytes(2, "little"):
        raise ValueError
    while place + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, place)
        depth += (kind == BOF) - (kind == EOF)
        if depth <= 0:
            return
        if depth == 1:
            yield kind, place + 4, size
        place += 4 + size
    raise ValueError
