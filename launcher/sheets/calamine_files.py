"""XLS and XLSB: read through calamine, which holds the sheet in memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from launcher.sheets import grid, xls_marks, xlsb_marks
from launcher.sheets.cells import cell_text
from launcher.sheets.model import SheetError, Source, Table
from launcher.sheets.xlsx_cells import used

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

MAX_CELLS = 12_000_000
"""The longest sheet with eleven columns. Calamine takes 32 bytes for each place, blank ones too."""


def open_calamine(source: Source, *, sheet: str | None, header_row: int | None) -> Table:
    """One sheet of the workbook as a table; without `sheet` the first that is visible.

    Error cells are blank in what calamine gives, so they are looked up.
    """
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

    _refuse_wide(source)
    try:
        # Not from_path: it chooses the format by the file's name, and people rename files.
        with source.path.open("rb") as file, _silent():
            workbook = CalamineWorkbook.from_filelike(file)
        metas = [meta for meta in workbook.sheets_metadata if meta.typ is SheetTypeEnum.WorkSheet]
        names = [(meta.name, meta.visible is SheetVisibleEnum.Visible) for meta in metas]
        chosen = grid.choose_sheet(
            source.name, names, sheet, lambda index: _rows(workbook.get_sheet_by_name(names[index][0]), {})
        )
        name = names[chosen][0]
        marks = _marks(source, chosen, name)
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
    if isinstance(marks, xlsb_marks.XlsbMarks):
        merged += [found for found in marks.merged if found not in merged]
    found = marks or xls_marks.Marks()
    facts = grid.Facts([row + 1 for row in found.hidden], found.filtered, merged, blind=marks is None)
    return grid.table(source, name, lambda: _rows(cells, found.errors), facts, header_row=header_row)


def _marks(source: Source, chosen: int, name: str) -> xls_marks.Marks | None:
    """What calamine does not say of the sheet; None where it cannot be found out.

    Raises SheetError where calamine must not be asked for the cells.
    """
    data = source.path.read_bytes()
    if not data.startswith(b"PK"):
        marks = xls_marks.marks_of(data, chosen)
        if marks and marks.protected:
            raise grid.protected(source.name)
        return marks
    records = xlsb_marks.marks_of(source, name)
    if records is None:
        raise grid.damaged(source.name)
    if records.area > MAX_CELLS:
        raise _too_wide(source, name, records.area)
    return records


def _refuse_wide(source: Source) -> None:
    """Raises SheetError for an XLS file that calamine, which reads all its sheets at once, must not be given:
    where it finds no room for so many places, the whole program ends."""
    with source.path.open("rb") as file:
        is_package = file.read(2) == b"PK"
    if not is_package and (area := xls_marks.area_of(source.path.read_bytes())) > MAX_CELLS:
        raise _too_wide(source, "", area)


def _too_wide(source: Source, sheet: str, area: int) -> SheetError:
    return SheetError(
        f"{source.name}: the cells of {f'the sheet {sheet!r}' if sheet else 'a sheet'} stretch over {area:,} "
        "places, most of them blank. Delete the cells far from the table, or save it as .xlsx, and run again."
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
        cells = [cell_text(value) for value in values]
        if number in hurt:
            for column, cell in enumerate(cells):
                error = errors.get((number - 1, left + column))
                cells[column] = (error, "e") if error else cell
        if any(map(used, cells)):
            yield number, cells
