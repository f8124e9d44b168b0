"""What calamine does not say of an XLS sheet: which cells hold an error, which rows are hidden.

The container is described in [MS-CFB], the records in [MS-XLS].
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

ERRORS = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
}
BOF, EOF, FORMULA, FILE_PASS, BOUND_SHEET, FILTER_MODE, BOOL_ERR, ROW = (
    *(0x0809, 0x000A, 0x0006, 0x002F),
    *(0x0085, 0x009B, 0x0205, 0x0208),
)
DIMENSIONS, MUL_RK, MUL_BLANK = 0x0200, 0x00BD, 0x00BE
CELLS = frozenset({FORMULA, BOOL_ERR, MUL_RK, MUL_BLANK, 0x00FD, 0x00D6, 0x0201, 0x0203, 0x0204, 0x027E})
"""Records that begin with the row and the column of a cell."""
LAST_SECTOR = 0xFFFFFFFA  # sector numbers from here on mean something else
WORKSHEET = 0
HIDDEN = 0x20  # fDyZero, in the options of a row
TROUBLE = (struct.error, IndexError, ValueError, KeyError)


@dataclass(slots=True)
class Marks:
    """Of one sheet; rows and columns are counted from 0 here."""

    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    hidden: list[int] = field(default_factory=list)
    filtered: bool = False
    protected: bool = False


def marks_of(data: bytes, sheet: int) -> Marks | None:
    """The marks of the worksheet of that index; None when the file cannot be followed."""
    try:
        stream = _workbook(data)
        offsets = []
        for kind, place, _ in _records(stream, 0):
            if kind == FILE_PASS:
                return Marks(protected=True)
            if kind == BOUND_SHEET and stream[place + 5] == WORKSHEET:
                offsets.append(struct.unpack_from("<I", stream, place)[0])
        return _sheet(stream, offsets[sheet])
    except TROUBLE:
        return None


def area_of(data: bytes) -> int:
    """Places, blank ones too, over which the cells of a sheet stretch, or are said to: of the widest sheet.

    0 where the file cannot be followed.
    """
    try:
        stream = _workbook(data)
        offsets = [
            struct.unpack_from("<I", stream, place)[0]
            for kind, place, _ in _records(stream, 0)
            if kind == BOUND_SHEET
        ]
    except TROUBLE:
        return 0
    return max((_area(stream, offset) for offset in offsets), default=0)


def _area(stream: bytes, offset: int) -> int:
    said, rows, columns = 0, set[int](), set[int]()
    try:
        for kind, place, size in _records(stream, offset):
            if kind == DIMENSIONS and size >= 12:
                top, bottom, left, right = struct.unpack_from("<IIHH", stream, place)
                # Calamine takes the difference of 32 bits, whichever is the larger.
                said = max(said, ((bottom - top) % (1 << 32)) * ((right - left) % (1 << 16)))
            elif kind in CELLS and size >= 4:
                row, column = struct.unpack_from("<HH", stream, place)
                rows.add(row)
                columns.add(column)
                if kind in (MUL_RK, MUL_BLANK) and size >= 6:
                    columns.update(struct.unpack_from("<H", stream, place + size - 2))
    except TROUBLE:
        pass  # what came before it counts
    if not rows:
        return said
    return max(said, (max(rows) - min(rows) + 1) * (max(columns) - min(columns) + 1))


def _sheet(stream: bytes, offset: int) -> Marks:
    marks = Marks()
    for kind, place, size in _records(stream, offset):
        if kind == ROW and size >= 16:
            row, options = struct.unpack_from("<H10xI", stream, place)
            if options & HIDDEN:
                marks.hidden.append(row)
        elif kind == BOOL_ERR and size >= 8:
            row, column, code, is_error = struct.unpack_from("<HH2xBB", stream, place)
            if is_error:
                marks.errors[row, column] = ERRORS.get(code, "#N/A")
        elif kind == FORMULA and size >= 14:
            row, column, what, code, text = struct.unpack_from("<HH2xBxB3xH", stream, place)
            if text == 0xFFFF and what == 2:
                marks.errors[row, column] = ERRORS.get(code, "#N/A")
        elif kind == FILTER_MODE:
            marks.filtered = True
    return marks


def _records(stream: bytes, place: int) -> Iterator[tuple[int, int, int]]:
    """Kind, place and size of each record of the substream that begins at `place`."""
    depth = 0
    while place + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, place)
        depth += (kind == BOF) - (kind == EOF)
        if depth <= 0:
            return
        yield kind, place + 4, size
        place += 4 + size
    raise ValueError


def _workbook(data: bytes) -> bytes:
    """The stream of that name out of the container."""
    shift, mini_shift = struct.unpack_from("<HH", data, 30)
    first_folder, cutoff, first_mini = struct.unpack_from("<I4xII", data, 48)
    if not (7 <= shift <= 12 and 4 <= mini_shift <= shift):
        raise ValueError

    def sector(number: int) -> bytes:
        start = (number + 1) << shift
        return data[start : start + (1 << shift)]

    def chain(table: list[int], start: int) -> Iterator[int]:
        for _ in range(len(table) + 1):
            if start >= LAST_SECTOR:
                return
            yield start
            start = table[start]
        raise ValueError

    fat_sectors = [n for n in struct.unpack_from("<109I", data, 76) if n < LAST_SECTOR]
    more, each = struct.unpack_from("<I", data, 68)[0], (1 << shift) // 4
    while more < LAST_SECTOR and len(fat_sectors) <= len(data) >> shift:
        entries = struct.unpack(f"<{each}I", sector(more))
        fat_sectors += [n for n in entries[:-1] if n < LAST_SECTOR]
        more = entries[-1]
    fat = [n for number in fat_sectors for n in struct.unpack(f"<{each}I", sector(number))]
    folder = b"".join(map(sector, chain(fat, first_folder)))
    found: dict[str, tuple[int, int]] = {}
    for place in range(0, len(folder) - 127, 128):
        length = min(struct.unpack_from("<H", folder, place + 64)[0], 64)
        name = folder[place : place + max(length - 2, 0)].decode("utf-16-le", "replace").lower()
        found.setdefault(name, struct.unpack_from("<II", folder, place + 116))
    start, size = found["workbook"] if "workbook" in found else found["book"]
    if size >= cutoff:
        return b"".join(map(sector, chain(fat, start)))[:size]
    minis = b"".join(map(sector, chain(fat, found["root entry"][0])))
    mini_fat = [n for number in chain(fat, first_mini) for n in struct.unpack(f"<{each}I", sector(number))]
    pieces = (minis[n << mini_shift : (n + 1) << mini_shift] for n in chain(mini_fat, start))
    return b"".join(pieces)[:size]
