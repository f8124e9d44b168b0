"""What calamine does not say of an XLSB sheet: error cells, hidden rows, a filter, merged ranges.

The records are described in [MS-XLSB]: a number and a size in sevens of bits, then the data.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator

from launcher.sheets.containers import ARCHIVE_ERRORS
from launcher.sheets.model import Source
from launcher.sheets.xls_marks import ERRORS, Marks, extent
from launcher.sheets.xlsx_parts import MAX_PART, DamagedError, Workbook

ROW, CELL_ERROR, FORMULA_ERROR, SHEET, FILTER_COLUMN, MERGED = 0, 3, 11, 156, 163, 176
CELLS = frozenset({*range(2, 12), 62})  # 1 is a blank one
HIDDEN = 0x10  # fDyZero, in the second byte of a row's flags
DAMAGE_ERRORS = (struct.error, IndexError, UnicodeDecodeError, DamagedError, *ARCHIVE_ERRORS)


def marks_of(source: Source, sheet: str) -> Marks | None:
    """The marks of the sheet of that name; None where its records cannot be followed."""
    from lxml.etree import LxmlError

    try:
        with zipfile.ZipFile(source.path) as package:
            return _sheet(_part(package, _place(package, sheet)))
    except (LxmlError, *DAMAGE_ERRORS):
        return None


def _place(package: zipfile.ZipFile, sheet: str) -> str:
    names = {name.lower(): name for name in package.namelist()}
    book = next(name for low, name in names.items() if low.endswith("workbook.bin"))
    targets = Workbook(package).targets(book, names)
    for kind, data in _records(_part(package, book)):
        if kind == SHEET:
            relation, rest = _wide(data[8:])
            if _wide(rest)[0] == sheet:
                return names[targets[relation][1].lower()]
    raise DamagedError


def _part(package: zipfile.ZipFile, name: str) -> bytes:
    if package.getinfo(name).file_size > MAX_PART:
        raise DamagedError
    return package.read(name)


def _sheet(data: bytes) -> Marks:
    marks, row = Marks(), 0
    rows, columns = set[int](), set[int]()
    for kind, value in _records(data):
        if kind in CELLS:
            columns.add(struct.unpack_from("<I", value)[0])
            if row not in rows:  # no more than three are kept of a million
                rows = {row, min(rows, default=row), max(rows, default=row)}
        if kind == ROW:
            row = struct.unpack_from("<I", value)[0]
            if value[11] & HIDDEN:
                marks.facts.hidden.append(row + 1)
        elif kind in (CELL_ERROR, FORMULA_ERROR):
            column, code = struct.unpack_from("<I4xB", value)
            marks.errors[row, column] = ERRORS.get(code, "#N/A")
        elif kind == FILTER_COLUMN:
            marks.facts.filtered = True
        elif kind == MERGED:
            top, bottom, left, right = (number + 1 for number in struct.unpack_from("<4I", value))
            marks.facts.merged.append((top, left, bottom, right))
    marks.area = extent(rows, columns)
    return marks


def _records(data: bytes) -> Iterator[tuple[int, bytes]]:
    place = 0
    while place < len(data):
        kind = data[place]
        place += 1
        if kind & 0x80:
            kind = kind & 0x7F | data[place] << 7
            place += 1
        size = 0
        for shift in (0, 7, 14, 21):
            byte = data[place]
            place += 1
            size |= (byte & 0x7F) << shift
            if not byte & 0x80:
                break
        if place + size > len(data):
            raise DamagedError
        yield kind, data[place : place + size]
        place += size


def _wide(data: bytes) -> tuple[str, bytes]:
    """A text with its length before it, and what stands after it."""
    end = 4 + 2 * int(struct.unpack_from("<I", data)[0])
    return data[4:end].decode("utf-16-le"), data[end:]
