"""Opens a table of any format that is known, chosen by what the file holds and not by its name."""

from __future__ import annotations

import codecs
from pathlib import Path

from launcher.sheets.csv_files import open_csv
from launcher.sheets.model import SheetError, Table
from launcher.sheets.xlsx_files import open_xlsx

ZIP = b"PK\x03\x04"
OLE = bytes.fromhex("d0cf11e0a1b11ae1")  # .xls, and .xlsx under a password
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
HTML = (b"<html", b"<!doctype", b"<meta", b"<table", b"<?xml")

SAVE_AS = "Open it in Excel, save it as .xlsx or CSV UTF-8, and run again."


def open_table(
    path: Path, *, sheet: str | None = None, encoding: str | None = None, delimiter: str | None = None
) -> Table:
    """The table in the file, its structure checked.

    `sheet` is for workbooks, `encoding` and `delimiter` for CSV; each overrules what the file shows.
    Raises SheetError when the file cannot be read as a table.
    """
    try:
        head = _head(path)
        if head.startswith(ZIP):
            return open_xlsx(path, sheet=sheet)
        _refuse_foreign(path, head)
        if sheet is not None:
            raise SheetError(f"{path.name} is a CSV file and has no sheets. Leave the sheet out.")
        return open_csv(path, encoding=encoding, delimiter=delimiter)
    except OSError as error:
        raise SheetError(f"{path}: cannot be read ({error.strerror or error}).") from None


def _head(path: Path) -> bytes:
    """The file's first bytes. Raises SheetError when there is no such file, or nothing in it."""
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except FileNotFoundError:
        raise SheetError(f"{path}: there is no such file.") from None
    except IsADirectoryError:
        raise SheetError(f"{path} is a folder. Name the file in it.") from None
    except ValueError:  # a NUL in the name
        raise SheetError(f"{str(path)!r} is no file name.") from None
    if not head:
        raise SheetError(f"{path.name} is empty: it needs a row of headings and rows below it.")
    return head


def _refuse_foreign(path: Path, head: bytes) -> None:
    """Raises SheetError for the formats that are recognised and cannot be read."""
    if head.startswith(OLE):
        if ENCRYPTED in path.read_bytes():
            raise SheetError(f"{path.name} is protected by a password. Save it without one and run again.")
        raise SheetError(f"{path.name} is an old .xls workbook. {SAVE_AS}")
    if head.removeprefix(codecs.BOM_UTF8).lstrip().lower().startswith(HTML):
        raise SheetError(
            f"{path.name} is a web page and not a workbook (Bitrix24 exports such pages as .xls). {SAVE_AS}"
        )
