"""A table to read: a file, an https:// address, bytes that came once, or rows of a Python program."""

from __future__ import annotations

import asyncio
import datetime as dt
import math
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from launcher.errors import InputError
from launcher.sheets import (
    Dialect,
    Row,
    SheetError,
    Source,
    Table,
    WebAddress,
    content_fingerprint,
    fetch,
    fingerprint,
    is_address,
    open_table,
)
from launcher.sheets.model import CHUNK_ROWS

if TYPE_CHECKING:
    from pandas import DataFrame

    Rows = Iterable[Mapping[str, object]] | DataFrame


Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class Input:
    """A table's bytes, all of them on this machine, and what they are called."""

    source: Source
    origin: str
    """As the ledger keeps it: the file's whole path, the address without its secrets, or `standard input`."""
    beside: Path
    """The file, or the name of one in the current folder, beside which the results go."""
    shown: str
    """As the person wrote it, without secrets."""
    fingerprint: str
    """Tells whether it is still what was read; empty of what comes once."""
    table: Table | None = None
    """What is in it, if it needs no reading."""

    @property
    def is_file(self) -> bool:
        """Whether it is a file of the person's own, there to be read again."""
        return bool(self.fingerprint) and not is_address(self.origin)


File = Path | WebAddress | Input | Callable[[], Input]
"""What may stand for a file: a path, an https:// address, an input, or what gives one when it is needed."""


async def load_input(file: File | None, folder: Path = Path()) -> Input:
    """Return the input, fetched if it is an address. Raises SheetError; InputError if there is none.

    `folder`: where the results of an address go.
    """
    if file is None:
        raise InputError("file-missing")
    if isinstance(file, Input):
        return file
    if callable(file):
        return file()
    if isinstance(file, WebAddress):
        source = await fetch(file)
        content = await asyncio.to_thread(content_fingerprint, source)
        return Input(source, file.shown, folder / file.name, file.shown, content)
    try:
        str(file).encode()
        before = fingerprint(file)
    except UnicodeEncodeError:
        shown = str(file).encode("utf-8", "replace").decode()
        raise SheetError("file-name-not-utf-8", shown=shown) from None
    except (OSError, ValueError):
        before = ""  # opening it says what is wrong
    return Input(Source(file, file.name), str(file.resolve()) if before else str(file), file, str(file), before)


async def open_input(
    given: Input,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    header_row: int | None = None,
) -> Table:
    """Return the input's table; what is given overrules what the file shows. Raises SheetError.

    Opening looks at the whole of a CSV file. Other work of the loop goes on meanwhile.
    """
    if given.table is not None:
        return given.table
    return await _in_thread(
        lambda: open_table(
            given.source, sheet=sheet, encoding=encoding, delimiter=delimiter, header_row=header_row
        )
    )


async def _in_thread(work: Callable[[], Done]) -> Done:
    # Not asyncio.to_thread: whoever is interrupted would wait for the thread's end, however large the file is.
    done: Future[Done] = Future()
    done.set_running_or_notify_cancel()  # from now on it cannot be cancelled: nobody may wait any more

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001  raised again where it is waited for
            done.set_exception(error)

    threading.Thread(target=run, name="open-input", daemon=True).start()
    return await asyncio.wrap_future(done)


ORIGIN = "rows from Python"
"""Stands for the file's name in the ledger and in messages."""


def input_of_rows(rows: Rows) -> Input:
    """Return these rows as an input; they are numbered from 2, as below a row of headings.

    A column is missing where a mapping lacks it, and its cell is blank. None, NaN and NaT are blank. Raises
    SheetError if there is no row, or a cell holds what no spreadsheet has.
    """
    to_dict = getattr(rows, "to_dict", None)
    records: list[Mapping[str, Any]] = to_dict("records") if to_dict is not None else list(rows)  # type: ignore[arg-type]
    header = list(dict.fromkeys(str(name) for record in records for name in record))
    if not header:
        raise SheetError("no-rows-given", origin=ORIGIN)
    table_rows = (_row(number, record, header) for number, record in enumerate(records, 2))
    filled = [row for row in table_rows if any(row.cells)]

    def read() -> Iterator[list[Row]]:
        for first in range(0, len(filled), CHUNK_ROWS):
            yield filled[first : first + CHUNK_ROWS]

    table = Table(
        header=tuple(header),
        dialect=Dialect(format="csv"),
        row_count=len(filled),
        read=read,
    )
    return Input(
        source=Source(Path(ORIGIN), ORIGIN),
        origin=ORIGIN,
        beside=Path("rows"),
        shown=ORIGIN,
        fingerprint="",
        table=table,
    )


def _row(number: int, record: Mapping[str, Any], header: Iterable[str]) -> Row:
    named = {str(name): value for name, value in record.items()}
    cells = [_cell(number, name, named.get(name)) for name in header]
    kinds = "".join(kind for _, kind in cells)
    return Row(number, tuple(text for text, _ in cells), kinds if kinds.strip("t") else "")


def _cell(number: int, name: str, value: object) -> tuple[str, str]:
    """Return the cell's text and its kind, as a workbook would have them."""
    match value:
        case None:
            return "", "t"
        case str():
            return value, "t"
        case bool():
            return ("TRUE" if value else "FALSE"), "b"
        case int():
            return str(value), "n"
        case float():
            return ("", "t") if math.isnan(value) else (f"{value:.15g}", "n")
        case dt.datetime():
            # Of pandas' NaT too, which is a datetime and equals nothing.
            return (value.isoformat(" ", "seconds"), "D") if value == value else ("", "t")
        case dt.date():
            return value.isoformat(), "d"
        case _:
            return _foreign_cell(number, name, value)


def _foreign_cell(number: int, name: str, value: object) -> tuple[str, str]:
    scalar = getattr(value, "item", None)  # a number of numpy's
    if scalar is not None and not isinstance(inner := scalar(), type(value)):
        return _cell(number, name, inner)
    if str(value) in ("<NA>", "NaT"):
        return "", "t"
    raise SheetError("value-is-no-cell", origin=ORIGIN, number=number, name=name, type=type(value).__name__)
