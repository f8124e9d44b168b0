"""Which kind of workbook a file is, and the reader for it."""

from __future__ import annotations

import zipfile

from launcher.sheets import grid
from launcher.sheets.calamine_files import open_calamine
from launcher.sheets.containers import ARCHIVE_ERRORS
from launcher.sheets.model import SheetError, Source, Table
from launcher.sheets.ods_files import open_ods
from launcher.sheets.xlsx_files import open_xlsx

ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
MAX_OLE = 512 << 20


def open_package(source: Source, *, sheet: str | None, header_row: int | None) -> Table:
    """An XLSX, XLSM, XLSB or ODS workbook. Raises SheetError when the archive is none of them."""
    try:
        with zipfile.ZipFile(source.path) as package:
            names = [name.lower() for name in package.namelist()]
    except ARCHIVE_ERRORS:
        raise grid.damaged(source.name) from None
    if any(name.endswith("workbook.bin") for name in names):
        return open_calamine(source, sheet=sheet, header_row=header_row)
    if any(name.endswith("workbook.xml") for name in names):
        return open_xlsx(source, sheet=sheet, header_row=header_row)
    if "content.xml" in names:
        return open_ods(source, sheet=sheet, header_row=header_row)
    if any(name.startswith("xl/") for name in names):
        raise grid.damaged(source.name)
    raise SheetError(
        f"{source.name}: a ZIP archive or a document, not a workbook. Save the table as .xlsx and run again."
    )


def open_ole(source: Source, *, sheet: str | None, header_row: int | None) -> Table:
    """An old .xls workbook. Raises SheetError when it is something else that Office packs this way."""
    if source.path.stat().st_size > MAX_OLE:
        raise grid.damaged(source.name)
    if ENCRYPTED in source.path.read_bytes():
        raise grid.protected(source.name)
    return open_calamine(source, sheet=sheet, header_row=header_row)
