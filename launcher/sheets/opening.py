"""Opens a table of any format that is known, chosen by what the file holds and not by its name."""

from __future__ import annotations

import codecs
import hashlib
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path

from launcher.core.words import nearest
from launcher.sheets import containers, grid
from launcher.sheets.calamine_files import XLS, XLSB
from launcher.sheets.containers import ARCHIVE_ERRORS
from launcher.sheets.csv_files import CSV
from launcher.sheets.html_files import HTML
from launcher.sheets.model import Format, ReadOptions, SheetError, Source, Table
from launcher.sheets.ods_files import ODS
from launcher.sheets.xlsx_files import XLSX

FORMATS = (XLSB, XLSX, ODS, XLS, HTML, CSV)
"""What is read, the surest first: a new format is a module with its `Format`, and its name here."""

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
        head = _head(source)
        if header_row is not None and header_row < 1:
            raise SheetError("header-row-below-one", name=source.name, header_row=header_row)
        source = containers.unpacked(source, head)
        head = _head(source)
        is_archive = head.startswith(containers.ZIP)
        members = _members(source) if is_archive else ()
        _refuse_foreign(source, head)
        found = _format_of(head, members)
        if is_archive and found is CSV:
            raise _no_workbook(source, members)
        if sheet and not found.has_sheets:
            raise SheetError("csv-has-no-sheets", name=source.name)
        options = ReadOptions(sheet=sheet, encoding=encoding, delimiter=delimiter, header_row=header_row)
        return found.open(source, options)
    except OSError as error:
        raise SheetError("file-unreadable", name=file.name, reason=error.strerror or error) from None


def is_csv(head: bytes) -> bool:
    """Whether a file that begins so is read as CSV. Of an archive it is not known what is in it."""
    others = (containers.GZIP, *containers.ZIP, *OTHERS)
    return bool(head) and not head.startswith(others) and _format_of(head) is CSV


def _format_of(head: bytes, members: Sequence[str] = ()) -> Format:
    return next(one for one in FORMATS if one.sniff(head, members))


def _members(source: Source) -> list[str]:
    """The names of what is in the ZIP archive, in small letters."""
    try:
        with zipfile.ZipFile(source.path) as package:
            return [name.lower() for name in package.namelist()]
    except ARCHIVE_ERRORS:
        raise grid.damaged(source.name) from None


def _no_workbook(source: Source, members: Sequence[str]) -> SheetError:
    if any(name.startswith("xl/") for name in members):
        return grid.damaged(source.name)
    return SheetError("not-a-workbook", name=source.name)


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
            "no-such-table", path=path, parent=path.absolute().parent, nearest=nearest(path.name, _beside(path))
        ) from None
    except IsADirectoryError:
        raise SheetError("is-a-folder", path=path) from None
    except ValueError:  # a NUL in the name
        raise SheetError("not-a-file-name", path=str(path)) from None
    if not head:
        raise SheetError("file-empty", name=source.name)
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
        raise SheetError("foreign-format", name=source.name, kind=kind)


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
