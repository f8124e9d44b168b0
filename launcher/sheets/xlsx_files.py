"""XLSX: the stored value of every cell, read through calamine."""

from __future__ import annotations

import difflib
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from launcher.sheets.cells import cell_text
from launcher.sheets.model import CHUNK_ROWS, Dialect, Row, SheetError, Table

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook


def open_xlsx(path: Path, *, sheet: str | None) -> Table:
    """One sheet of the workbook as a table; without `sheet` the first that is visible.

    The header is the first row that is not blank. The workbook is held in memory.
    """
    _check_package(path)
    # Not pandas.read_excel: it turns 777 into 777.0 beside a blank cell, dates into text with a time,
    # and takes twice as long over the same calamine.
    from python_calamine import CalamineError

    try:
        workbook = _open(path)
        name = _sheet_name(path.name, workbook, sheet)
        cells = workbook.get_sheet_by_name(name)
    except (CalamineError, OSError, ValueError) as error:
        raise SheetError(_damaged(path.name, error)) from None
    return _table(path.name, cells)


def _table(name: str, sheet: CalamineSheet) -> Table:
    """The sheet as a table. Raises SheetError when it is blank."""
    header: tuple[str, ...] = ()
    header_row = row_count = width = 0
    for number, values in enumerate(sheet.iter_rows(), 1):
        used = _used(values)
        width = max(width, used)
        if header_row:
            row_count += used > 0
        elif used:
            header_row = number
            header = tuple(cell_text(value)[0].strip() for value in values)
    if not header_row:
        raise SheetError(f"{name}: the sheet {sheet.name!r} is empty. Choose another sheet and run again.")
    return Table(
        header=header[:width],
        dialect=Dialect(format="xlsx", sheet=sheet.name, header_row=header_row),
        row_count=row_count,
        read=lambda: _chunks(sheet, header_row, width),
    )


def _chunks(sheet: CalamineSheet, header_row: int, width: int) -> Iterator[list[Row]]:
    rows: list[Row] = []
    # Not to_python(): it leaves out the blank rows above the table, and every number would be wrong.
    for number, values in enumerate(sheet.iter_rows(), 1):
        if number <= header_row or not _used(values):
            continue
        texts, kinds = zip(*map(cell_text, values[:width]), strict=True)
        rows.append(Row(number, texts, "" if set(kinds) == {"t"} else "".join(kinds)))
        if len(rows) == CHUNK_ROWS:
            yield rows
            rows = []
    if rows:
        yield rows


def _used(values: Sequence[object]) -> int:
    """How many cells the row has up to its last one that is not blank."""
    for index in range(len(values), 0, -1):
        value = values[index - 1]
        if value is not None and (not isinstance(value, str) or value.strip()):
            return index
    return 0


def _check_package(path: Path) -> None:
    """Raises SheetError unless the file is a whole ZIP archive with an Excel workbook in it."""
    try:
        with zipfile.ZipFile(path) as package:
            names = [name.lower() for name in package.namelist()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise SheetError(_damaged(path.name, error)) from None
    if "xl/workbook.bin" in names or "mimetype" in names or not any(name.startswith("xl/") for name in names):
        raise SheetError(
            f"{path.name}: a ZIP archive or another kind of workbook, not .xlsx. "
            "Open it in the spreadsheet program, save it as .xlsx and run again."
        )


def _open(path: Path) -> CalamineWorkbook:
    from python_calamine import CalamineWorkbook

    # Not from_path: it chooses the format by the file's name, and people rename files.
    with path.open("rb") as file:
        return CalamineWorkbook.from_filelike(file)


def _sheet_name(name: str, workbook: CalamineWorkbook, wanted: str | None) -> str:
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    sheets = [meta for meta in workbook.sheets_metadata if meta.typ is SheetTypeEnum.WorkSheet]
    names = [meta.name for meta in sheets]
    if wanted is None:
        visible = [meta.name for meta in sheets if meta.visible is SheetVisibleEnum.Visible]
        if not names:
            raise SheetError(f"{name}: the workbook has no sheet with cells.")
        return (visible or names)[0]
    for known in names:
        if known.strip().casefold() == wanted.strip().casefold():
            return known
    nearest = difflib.get_close_matches(wanted, names, 1)
    hint = f"did you mean {nearest[0]!r}?" if nearest else f"it has {', '.join(map(repr, names[:10]))}."
    raise SheetError(f"{name}: no sheet is called {wanted!r}; {hint}")


def _damaged(name: str, error: Exception) -> str:
    from python_calamine import PasswordError

    if isinstance(error, PasswordError):
        return f"{name} is protected by a password. Save it without one and run again."
    return f"{name}: the workbook is damaged or incomplete. Open it in Excel, save it again and run again."
