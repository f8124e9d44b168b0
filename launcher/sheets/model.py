"""What every format is turned into, and the one error of this room."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from launcher.errors import InputError

CHUNK_ROWS = 2_000
"""Rows held at a time: enough that the cost per chunk does not show, few enough to stay small."""

CHUNK_CELLS = 400_000
"""Cells held at a time, for tables that are very wide."""

MAX_COLUMNS = 16_384  # Excel's own limit; a wider "table" is some other kind of file


class SheetError(InputError):
    """The file cannot be read as a table; the text names the file and the place, and the next step."""


@dataclass(frozen=True, slots=True)
class Source:
    """The file to read, and the name by which messages call it.

    They differ when the table was taken out of an archive or came through standard input.
    """

    path: Path
    name: str
    keep: object = None
    """What removes a temporary file once nothing refers to it any more."""

    def stamp(self) -> tuple[int, int]:
        """What differs once the file has been written to."""
        stat = self.path.stat()
        return stat.st_size, stat.st_mtime_ns

    def changed(self) -> SheetError:
        """The error for a file that is no longer the one that was opened."""
        return SheetError("file-changed", name=self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """What a person says of a file; each overrules what the file shows."""

    sheet: str | None = None
    """For workbooks."""
    encoding: str | None = None
    """For texts."""
    delimiter: str | None = None
    """For CSV."""
    header_row: int | None = None
    """Counted from 1."""


@dataclass(frozen=True, slots=True)
class Row:
    """One data row.

    `number` is the one the spreadsheet program shows: blank rows count, line breaks inside a quoted
    cell do not. `cells` has one text for each heading. `kinds` is empty when every cell was text in
    the file, else it has one letter a cell: t text, n number, r a number ruined by the spreadsheet
    (longer than the 15 digits that it keeps), d date, D date with time, b TRUE or FALSE, e an error
    such as #N/A, f a formula without a stored value.
    """

    number: int
    cells: tuple[str, ...]
    kinds: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a file writes its table, so that results can be written the same way."""

    format: str
    """`csv`, `html`, or `xlsx` for a workbook of any kind."""
    encoding: str = "utf-8"
    bom: bool = False
    delimiter: str = ","
    newline: str = "\r\n"
    """What ends a row of a CSV file."""
    sep_line: bool = False
    """The CSV file begins with a `sep=;` line, which Excel obeys and does not show."""
    sheet: str = ""
    header_row: int = 1

    def to_dict(self) -> dict[str, object]:
        """The dialect as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> Dialect:
        """The dialect that `to_dict` wrote; names that this version does not know are left out."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in values.items() if name in known})  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table whose structure has been checked from its first row to its last.

    `header` has the headings, stripped; duplicates and blanks are kept as they are. `row_count` is
    the number of rows that `chunks` gives.
    """

    header: tuple[str, ...]
    dialect: Dialect
    row_count: int
    read: Callable[[], Iterator[list[Row]]]
    notes: tuple[str, ...] = ()
    """What the person may not expect of this file, a plain sentence each."""

    def chunks(self) -> Iterator[list[Row]]:
        """All rows from the first, at most `CHUNK_ROWS` at a time, without the wholly blank ones.

        May be called again. Raises `SheetError` when the file has changed since it was opened.
        """
        return self.read()

    async def stream(self) -> AsyncIterator[list[Row]]:
        """Give the same while other work of the event loop goes on: each chunk is read in a thread."""
        chunks = self.chunks()
        while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
            yield chunk


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A format of files that is read."""

    sniff: Callable[[bytes, Collection[str]], bool]
    """Whether a file is of it that begins so and, being a ZIP archive, has these members, in small letters."""
    open: Callable[[Source, ReadOptions], Table]
    """Raises SheetError where a cell cannot be read with certainty."""
    has_sheets: bool = True
