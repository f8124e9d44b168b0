"""What stands around a table: gzip, a zip archive, or standard input. It is unpacked to a temporary file."""

from __future__ import annotations

import gzip
import lzma
import os
import struct
import sys
import tempfile
import weakref
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO, Self, cast

from launcher.sheets.model import SheetError, Source

GZIP = b"\x1f\x8b"
ZIP = (b"PK\x03\x04", b"PK\x05\x06")  # the second: an archive with nothing in it
BLOCK_BYTES = 1 << 20
MAX_BYTES = 8 << 30
"""More than any table that a spreadsheet program can open; an archive that unpacks to more is no table."""

WORKBOOK_PARTS = ("xl/", "[content_types].xml", "mimetype", "content.xml")
ARCHIVE_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    OSError,
    EOFError,
    ValueError,
    RuntimeError,  # a member under a password, or a compression method that is not known
    struct.error,
    KeyError,
    IndexError,
    OverflowError,
)
"""What the archive modules raise over damaged bytes."""


def from_standard_input() -> Source:
    """All of standard input. Raises SheetError when nothing comes."""
    source = _kept(sys.stdin.buffer, "standard input")
    if not source.path.stat().st_size:
        raise SheetError("standard-input-empty")
    return source


def unpacked(source: Source, head: bytes) -> Source:
    """The table in the archive that begins so; `source` itself when it is none. Raises SheetError."""
    if head.startswith(GZIP):
        try:
            with gzip.open(source.path) as packed:
                return _kept(cast("IO[bytes]", packed), source.name.removesuffix(".gz"))
        except (EOFError, zlib.error, OSError):
            raise SheetError("gzip-damaged", name=source.name) from None
    if head.startswith(ZIP) and (member := _member(source)):
        try:
            with zipfile.ZipFile(source.path) as archive, archive.open(member) as packed:
                return _kept(packed, f"{source.name}/{PurePosixPath(member.filename).name}")
        except ARCHIVE_ERRORS:
            raise SheetError("zip-damaged", name=source.name) from None
    return source


def _member(source: Source) -> zipfile.ZipInfo | None:
    """The one file in the archive that can be a table; None when the archive is itself a workbook."""
    try:
        with zipfile.ZipFile(source.path) as archive:
            members = archive.infolist()
    except ARCHIVE_ERRORS:
        return None  # the reader of workbooks says what is wrong
    names = [member.filename.lower() for member in members]
    if any(name.startswith(WORKBOOK_PARTS) for name in names):
        return None
    files = [member for member in members if not member.is_dir() and not _is_litter(member.filename)]
    if len(files) != 1:
        shown = ", ".join(PurePosixPath(member.filename).name for member in files[:5]) or "nothing"
        raise SheetError("archive-with-several-files", name=source.name, shown=shown)
    if files[0].flag_bits & 1:
        raise SheetError("archive-protected", name=source.name)
    return files[0]


def _is_litter(name: str) -> bool:
    """Whether a system put the file into the archive by itself."""
    return name.startswith("__MACOSX/") or PurePosixPath(name).name.lower() in (
        ".ds_store",
        "thumbs.db",
        "desktop.ini",
    )


def _kept(stream: IO[bytes], name: str) -> Source:
    """The stream in a temporary file, which goes when the source is no longer used."""
    too_much = SheetError("unpacked-too-large", name=name, max_bytes=MAX_BYTES >> 30)
    with Kept(name, MAX_BYTES, too_much) as kept:
        while block := stream.read(BLOCK_BYTES):
            kept.add(block)
    return kept.source


class Kept:
    """A temporary file that is filled block by block, and goes when its source is no longer used."""

    def __init__(self, name: str, most: int, too_much: SheetError) -> None:
        """`too_much` is raised at more than `most` bytes."""
        handle, path = tempfile.mkstemp(prefix="launcher-")
        self.source = Source(Path(path), name, _Temporary(Path(path)))
        self._file = os.fdopen(handle, "wb")
        self._left = most
        self._too_much = too_much

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._file.close()
        if kind is not None:
            self.source.path.unlink(missing_ok=True)

    def add(self, block: bytes) -> None:
        """Write the block behind those before it."""
        self._left -= len(block)
        if self._left < 0:
            raise self._too_much
        self._file.write(block)


class _Temporary:
    """A file that is removed when nothing refers to this any more, at the latest when the program ends."""

    def __init__(self, path: Path) -> None:
        weakref.finalize(self, path.unlink, missing_ok=True)
