"""XLS and XLSB: read through calamine, which holds the sheet in memory.

Calamine leaves out cells of records that it does not know, and garbles texts of some files. No row may vanish
or change that way, so a sheet with any difference is refused.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from launcher.sheets import grid, xls_marks, xlsb_marks
from launcher.sheets.model import Format, ReadOptions, SheetError, Source, Table
from launcher.sheets.xls_marks import ERROR, FLAG, NUMBER, Expected, Marks
from launcher.sheets.xls_records import same_text
from launcher.sheets.xlsx_cells import cell_text

if TYPE_CHECKING:
    from python_calamine import CalamineSheet


MAX_CELLS = 12_000_000
"""The longest sheet with eleven columns. Calamine takes 32 bytes for each place, blank ones too."""


def open_calamine(source: Source, options: ReadOptions) -> Table:
    """One sheet of the workbook as a table; without `sheet` the first that is visible.

    Error cells are blank in what calamine gives, so they are looked up.
    """
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

    book = _followed(source)
    try:
        # Not from_path: it chooses the format by the file's name, and people rename files.
        with source.path.open("rb") as file, _silent():
            workbook = CalamineWorkbook.from_filelike(file)
        metas = [meta for meta in workbook.sheets_metadata if meta.typ is SheetTypeEnum.WorkSheet]
        names = [(meta.name, meta.visible is SheetVisibleEnum.Visible) for meta in metas]
        chosen = grid.choose_sheet(
            source.name,
            names,
            options.sheet,
            lambda index: _rows(workbook.get_sheet_by_name(names[index][0]), {}),
        )
        name = names[chosen][0]
        marks = _marks_of(source, book, names, chosen)
        with _silent():
            cells = workbook.get_sheet_by_name(name)
    except PasswordError:
        raise grid.protected(source.name) from None
    except (CalamineError, OSError, ValueError):
        raise grid.damaged(source.name) from None
    except BaseException as error:
        # Calamine panics over some damaged files, which is no Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise grid.damaged(source.name) from None
    ranges = cells.merged_cell_ranges or []
    merged = [(top + 1, left + 1, bottom + 1, right + 1) for (top, left), (bottom, right) in ranges]
    facts = marks.facts
    facts.merged = list(dict.fromkeys([*merged, *facts.merged]))
    if book is not None:
        _refuse_difference(source, marks, cells)
    return grid.table(source, name, lambda: _rows(cells, marks.errors), facts, header_row=options.header_row)


def _followed(source: Source) -> xls_marks.Book | None:
    """Return the records of an XLS file; None for one of XLSB.

    Raises SheetError for a file that calamine, which reads all its sheets at once, must not be given: it
    follows what never ends, and where it finds no room for so many places, the whole program ends.
    """
    data = source.path.read_bytes()
    if data.startswith(b"PK"):
        return None
    book = xls_marks.book_of(data)
    if book is None:
        raise grid.damaged(source.name)
    if book.protected:
        raise grid.protected(source.name)
    if book.area > MAX_CELLS:
        raise _too_wide(source, "", book.area)
    return book


def _marks_of(source: Source, book: xls_marks.Book | None, names: list[tuple[str, bool]], chosen: int) -> Marks:
    """Return what calamine does not say of the sheet.

    Raises SheetError when it cannot be found out, or calamine must not be asked for the cells.
    """
    sheet = names[chosen][0]
    if book is None:
        marks = xlsb_marks.marks_of(source, sheet)
    elif [name for name, _ in book.sheets] == [name for name, _ in names]:
        marks = book.marks(chosen)
    else:
        raise not_certain(source.name)
    if marks is None:
        raise grid.damaged(source.name)
    if marks.area > MAX_CELLS:
        raise _too_wide(source, sheet, marks.area)
    return marks


def _refuse_difference(source: Source, marks: Marks, cells: CalamineSheet) -> None:
    """Raises SheetError when calamine's cells are not those of the records, which are then forgotten."""
    left = cells.start[1] if cells.start else 0
    if row := first_difference(marks.cells, left, cells.iter_rows()):
        raise not_certain(source.name, row)
    marks.cells = {}


def _too_wide(source: Source, sheet: str, area: int) -> SheetError:
    return SheetError(
        "cells-too-far-apart", name=source.name, sheet=f"the sheet {sheet!r}" if sheet else "a sheet", area=area
    )


@contextmanager
def _silent() -> Iterator[None]:
    """What goes to stderr beside Python goes nowhere: a panic of calamine prints lines that help nobody."""
    try:
        kept = os.dup(2)
    except OSError:  # stderr is closed
        yield
        return
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _rows(sheet: CalamineSheet, errors: dict[tuple[int, int], str]) -> grid.Rows:
    left = sheet.start[1] if sheet.start else 0
    hurt = {row + 1 for row, _ in errors}
    # Not to_python(): it leaves out the blank rows above the table, and every number would be wrong.
    for number, values in enumerate(sheet.iter_rows(), 1):
        if number not in hurt and values.count("") == len(values):
            continue
        cells = [cell_text(value) for value in values]
        if number in hurt:
            for column, cell in enumerate(cells):
                error = errors.get((number - 1, left + column))
                cells[column] = (error, "e") if error else cell
        if any(map(grid.used, cells)):
            yield number, cells


def first_difference(expected: dict[int, list[Expected]], left: int, rows: Iterable[Sequence[object]]) -> int:
    """Return the number, as people see it, of the first row that differs; 0 when none does.

    `rows` are calamine's, from the first row of the sheet and from the column `left`.
    """
    number, margin = 0, [""] * left
    for number, values in enumerate(rows, 1):
        row = expected.get(number - 1, [])
        if not _all_same(row, [*margin, *values]):
            return number
    return min((row + 1 for row, cells in expected.items() if row >= number and any(cells)), default=0)


def _all_same(ours: list[Expected], theirs: list[object]) -> bool:
    """Whether the rows hold the same; the rest of the longer one must be blank."""
    beyond = len(theirs) - len(ours)
    if beyond > 0 and theirs[len(ours) :].count("") < beyond:
        return False
    return all(map(_same, ours, [*theirs, *[""] * -beyond]))


def _same(ours: Expected, theirs: object) -> bool:
    if isinstance(ours, str):
        return ours == theirs or (isinstance(theirs, str) and same_text(ours, theirs))
    if ours == NUMBER:  # calamine makes dates and times of some
        return not isinstance(theirs, (str, bool))
    if ours == FLAG:
        return isinstance(theirs, bool)
    return ours == ERROR and theirs == ""


def not_certain(name: str, row: int = 0) -> SheetError:
    """The error for an XLS file whose cells are not read for certain."""
    return SheetError("xls-not-certain", name=name, row=f", row {row}" if row else "")


OLE = bytes.fromhex("d0cf11e0a1b11ae1")
"""How an .xls begins, and an .xlsx under a password."""

_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_MAX_OLE = 512 << 20


def _open_xls(source: Source, options: ReadOptions) -> Table:
    """An old .xls workbook. Raises SheetError when it is something else that Office packs this way."""
    if source.path.stat().st_size > _MAX_OLE:
        raise grid.damaged(source.name)
    if _ENCRYPTED in source.path.read_bytes():
        raise grid.protected(source.name)
    return open_calamine(source, options)


def _is_xlsb(_head: bytes, members: Collection[str]) -> bool:
    return any(name.endswith("workbook.bin") for name in members)


XLS = Format(sniff=lambda head, _members: head.startswith(OLE), open=_open_xls)
XLSB = Format(sniff=_is_xlsb, open=open_calamine)
