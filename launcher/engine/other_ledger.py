"""Finds rows that a file reports as started and that the ledger does not know: another ledger started them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from launcher.core.model import State
from launcher.ledger import Ledger, run_number
from launcher.report.results import LAUNCH_COLUMNS
from launcher.sheets import Row, Table

SAME_NUMBER = 1e-5
"""How far, relatively, a number that a spreadsheet program writes as 6.62418E+13 may be from its digits."""


@dataclass(frozen=True, slots=True)
class ReportedStart:
    """A row that a file reports as started."""

    row_number: int
    """Its number in that file."""
    workflow_id: str
    run: str = ""
    """The run that wrote the row, and the row's number in that run's file; empty where the file has neither."""
    run_row: str = ""


async def unknown_start(ledger: Ledger, table: Table, *, may_be_cut: bool = False) -> ReportedStart | None:
    """Return the first start that the table reports and the ledger does not know; None if it knows them all.

    A table without the columns `launch_status` and `launch_workflow_id` reports no start. With `may_be_cut`,
    a row whose last cell is blank was cut off while it was written, and reports none. Raises SheetError,
    LedgerError.
    """
    columns = _Columns.of(table.header)
    if columns is None:
        return None
    async for chunk in table.stream():
        whole = [row for row in chunk if row.cells[-1].strip()] if may_be_cut else chunk
        reported = columns.starts(whole)
        known = await ledger.owned(sorted({start.workflow_id for start in reported}))
        for start in reported:
            if start.workflow_id not in known and not await _is_known_as_number(ledger, start):
                return start
    return None


def reports_starts(table: Table) -> bool:
    """Return whether the table has the columns in which a results file reports starts."""
    return _Columns.of(table.header) is not None


async def _is_known_as_number(ledger: Ledger, start: ReportedStart) -> bool:
    """Return whether the ledger's ID of that row is the same number.

    A spreadsheet program takes an ID that happens to have no letters for a number, and rounds it.
    """
    run_id, number = run_number(start.run), _number(start.workflow_id)
    if run_id is None or math.isnan(number) or not start.run_row.isdecimal() or len(start.run_row) > 9:
        return False
    return any(
        row.state is State.STARTED and math.isclose(_number(row.workflow_id), number, rel_tol=SAME_NUMBER)
        for row in await ledger.rows_numbered(run_id, [int(start.run_row)])
    )


def _number(text: str) -> float:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return math.nan


@dataclass(frozen=True, slots=True)
class _Columns:
    """The places of the columns that report a start."""

    status: int
    workflow_id: int
    run: int | None
    run_row: int | None

    @classmethod
    def of(cls, header: Sequence[str]) -> _Columns | None:
        places: dict[str, int] = {}
        for index, heading in enumerate(header):
            places.setdefault(heading.strip().casefold(), index)
        row, status, workflow_id, *_, run = LAUNCH_COLUMNS
        if status not in places or workflow_id not in places:
            return None
        return cls(places[status], places[workflow_id], places.get(run), places.get(row))

    def starts(self, rows: Sequence[Row]) -> list[ReportedStart]:
        """Return the starts that these rows report; one without an ID proves nothing."""
        started = (row for row in rows if row.cells[self.status].strip().casefold() == State.STARTED)
        found = (
            # The results file puts an apostrophe before a text that would be read as a formula.
            ReportedStart(
                row.number,
                row.cells[self.workflow_id].strip().removeprefix("'"),
                _cell(row, self.run),
                _cell(row, self.run_row),
            )
            for row in started
        )
        return [start for start in found if start.workflow_id]


def _cell(row: Row, column: int | None) -> str:
    return "" if column is None else row.cells[column].strip()
