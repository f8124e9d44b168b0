"""Rows that a Python program has: mappings, or a pandas DataFrame. They become a table like any file's."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from launcher.app.inputs import Input
from launcher.sheets import Dialect, Row, SheetError, Source, Table
from launcher.sheets.model import CHUNK_ROWS

if TYPE_CHECKING:
    from pandas import DataFrame

    Rows = Iterable[Mapping[str, object]] | DataFrame

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
        raise SheetError(f"{ORIGIN}: there is no row, or no column in them")
    table_rows = [_row(number, record, header) for number, record in enumerate(records, 2)]

    def read() -> Iterator[list[Row]]:
        filled = [row for row in table_rows if any(row.cells)]
        for first in range(0, len(filled), CHUNK_ROWS):
            yield filled[first : first + CHUNK_ROWS]

    table = Table(
        header=tuple(header),
        dialect=Dialect(format="csv"),
        row_count=sum(1 for row in table_rows if any(row.cells)),
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
    raise SheetError(f'{ORIGIN}: row {number}, "{name}": a {type(value).__name__} is no value of a cell')
