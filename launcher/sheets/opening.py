"""Which kind of workbook a file is, and the reader for it."""

from __future__ import annotations

import codecs
import hashlib
import os
import zipfile
from pathlib import Path

from launcher.core.words import nearest
from launcher.sheets import containers, grid
from launcher.sheets.calamine_files import open_calamine
from launcher.sheets.containers import ARCHIVE_ERRORS
from launcher.sheets.csv_files import open_csv
from launcher.sheets.html_files import open_html
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


OLE = bytes.fromhex("d0cf11e0a1b11ae1")  # .xls, and .xlsx under a password

HTML = (b"<html", b"<!doctype html", b"<meta", b"<table", b"<head", b"<body", b"<style")

XML = (b"<?xml", b"<workbook")

OTHERS = {
    b"%PDF": "a PDF document",
    b"{\\rtf": "a text document",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"SQLite format 3": "a database",
    b"PAR1": "a Parquet file",
}

HEAD_BYTES = 4096
"""Enough of a file's beginning to tell what it is."""


def open_table(
    file: Path | Source,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    header_row: int | None = None,
) -> Table:
    """The table in the file, its structure checked; the path `-` is standard input.

    `sheet` is for workbooks, `encoding` and `delimiter` for CSV, `header_row` (counted from 1) for all;
    each overrules what the file shows. Raises SheetError when the file cannot be read as a table.
    """
    try:
        source = _source(file) if isinstance(file, Path) else file
        _head(source)
        if header_row is not None and header_row < 1:
            raise SheetError(
                f"{source.name}: rows are counted from 1, so the headings cannot be in row {header_row}."
            )
        source = containers.unpacked(source)
        head = _head(source)
        if head.startswith(containers.ZIP):
            return open_package(source, sheet=sheet, header_row=header_row)
        if head.startswith(OLE):
            return open_ole(source, sheet=sheet, header_row=header_row)
        _refuse_foreign(source, head)
        if sheet:
            raise SheetError(f"{source.name} is a CSV file and has no sheets. Leave the sheet out.")
        if _is_web_page(head):
            return open_html(source, encoding=encoding, header_row=header_row)
        return open_csv(source, encoding=encoding, delimiter=delimiter, header_row=header_row)
    except OSError as error:
        raise SheetError(f"{file.name}: cannot be read ({error.strerror or error}).") from None


def is_csv(head: bytes) -> bool:
    """Whether a file that begins so is read as CSV. Of an archive it is not known what is in it."""
    others = (containers.GZIP, *containers.ZIP, OLE, *OTHERS)
    return bool(head) and not head.startswith(others) and not _is_web_page(head)


def _is_web_page(head: bytes) -> bool:
    text = head.removeprefix(codecs.BOM_UTF8).lstrip().lower()
    return text.startswith(HTML) or (text.startswith(b"<?xml") and b"<html" in text)


def _source(file: Path) -> Source:
    return containers.from_standard_input() if str(file) == "-" else Source(file, file.name)


def _head(source: Source) -> bytes:
    """The file's first bytes. Raises SheetError when there is no such file, or nothing in it."""
    path = source.path
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except FileNotFoundError:
        raise SheetError(
            f"{path}: there is no such file in {path.absolute().parent}{nearest(path.name, _beside(path))}."
        ) from None
    except IsADirectoryError:
        raise SheetError(f"{path} is a folder. Name the file in it.") from None
    except ValueError:  # a NUL in the name
        raise SheetError(f"{str(path)!r} is no file name.") from None
    if not head:
        raise SheetError(f"{source.name} is empty: it needs a row of headings and rows below it.")
    return head


def _beside(path: Path) -> list[str]:
    """The names of the files in the folder; none where it cannot be looked into."""
    try:
        return [each.name for each in path.parent.iterdir() if each.is_file()]
    except OSError:
        return []


def _refuse_foreign(source: Source, head: bytes) -> None:
    """Raises SheetError for the formats that are recognised and cannot be read."""
    kind = next((kind for mark, kind in OTHERS.items() if head.startswith(mark)), "")
    if head.removeprefix(codecs.BOM_UTF8).lstrip().lower().startswith(XML) and b"<html" not in head.lower():
        kind = "an XML file"
    if kind:
        raise SheetError(f"{source.name} is {kind}. Save the table as .xlsx or CSV UTF-8 and run again.")


_ENDS = {
    codecs.BOM_UTF16_LE: (b"\n\0", b"\r\0"),
    codecs.BOM_UTF16_BE: (b"\0\n", b"\0\r"),
}
"""The two bytes that end a line, by the mark that begins the file."""


def lacks_line_end(file: Path) -> bool:
    """Whether it is a CSV file and its last line has no line end. Raises OSError."""
    with file.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
        if not is_csv(head):
            return False
        stream.seek(-min(2, len(head)), os.SEEK_END)
        tail = stream.read()
    ends = _ENDS.get(head[:2], (b"\n", b"\r"))
    return not tail.endswith(ends)


def fingerprint(file: Path) -> str:
    """What differs once the file has been written to."""
    found = file.stat()
    return f"{found.st_size} bytes, changed {found.st_mtime_ns}"


def content_fingerprint(source: Source) -> str:
    """What differs once the content does, for what was fetched and has no time of its own."""
    with source.path.open("rb") as file:
        return f"blake2b {hashlib.file_digest(file, 'blake2b').hexdigest()[:32]}"
