"""Keeps a run from starting again what another ledger has started, as far as this machine and a file tell."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from launcher.app.context import Context
from launcher.app.inputs import Input
from launcher.app.requests import RunRequest
from launcher.core.model import State
from launcher.errors import InputError
from launcher.ledger import Ledger, run_number
from launcher.ledger.upkeep import has_runs
from launcher.report import STDOUT, partial_path
from launcher.report.results import LAUNCH_COLUMNS
from launcher.settings.load import ledger_without_config
from launcher.sheets import Dialect, Row, SheetError, Table, open_table

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
    """The places of the columns in which a results file reports a start."""

    status: int
    workflow_id: int
    run: int | None
    run_row: int | None

    @classmethod
    def of(cls, header: Sequence[str]) -> _Columns | None:
        """Return those of that header; None if it has none."""
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


async def refuse_second_ledger(launcher: Context, ledger: Ledger, portal: str) -> None:
    """Raise InputError if the open ledger, which nobody has named, begins a second account of that portal.

    So it is when a first config.yaml is written: what was started before it is in the person's data folder.
    """
    settings, before = launcher.settings, ledger_without_config()
    if launcher.is_ledger_named or settings.path is None or await ledger.last_runs(1, portal=portal):
        return
    here = Path(ledger.database.name)
    if here.resolve() != before.resolve() and await asyncio.to_thread(has_runs, before, portal):
        raise InputError(
            "started-in-another-ledger", portal=portal, path=settings.path, before=before, here=here
        )


async def refuse_other_ledger(
    ledger: Ledger, request: RunRequest, given: Input, table: Table, results: Path | None
) -> None:
    """Raise InputError if a file at hand reports a start that the ledger does not know.

    `results`: where the run writes them; None if it writes none.
    """
    why = ""
    if not request.ignore_launch_columns:
        why = await starts_of_another_ledger(ledger, given.shown, table)
    if results is not None:
        why = why or await results_of_another_ledger(ledger, results, table.dialect)
    if why:
        raise InputError("given-text", text=why)


async def starts_of_another_ledger(ledger: Ledger, shown: str, table: Table) -> str:
    """Return why a run must not take that input; nothing where it may. Raises SheetError, LedgerError.

    `shown`: what the input is called.
    """
    start = await unknown_start(ledger, table)
    if start is None:
        return ""
    return (
        f"{shown}: {_unknown(ledger, start)}. A run could start it a second time.\n"
        f"to continue with the ledger that started it   --ledger PATH\n"
        f"to start such rows anyway                     launcher run --ignore-launch-columns"
    )


async def results_of_another_ledger(ledger: Ledger, results: Path, dialect: Dialect) -> str:
    """Return why a run must not write to that path; nothing where it may.

    `dialect`: that of the run's file, in which an earlier run of the file has written too. What stands there
    and is no results file of ours proves nothing.
    """
    if results == STDOUT:
        return ""
    for path in (results, partial_path(results)):
        table = _results_table(path, dialect)
        try:
            start = table and await unknown_start(ledger, table, may_be_cut=path != results)
        except SheetError:
            continue
        if start:
            return (
                f"{path}: {_unknown(ledger, start)}, so another ledger wrote this file. A run would start its "
                f"rows again and overwrite it.\n"
                f"to continue with the ledger that wrote it   --ledger PATH\n"
                f"to start its rows anyway                    --results PATH, a file of another name"
            )
    return ""


def _results_table(path: Path, dialect: Dialect) -> Table | None:
    """Return the results file's table; None where it is none of ours, or cannot be read."""
    if not path.is_file():
        return None
    # As the file is written that it belongs to; else, as after it was saved anew, as it shows itself.
    written = [(dialect.encoding, dialect.delimiter)] if dialect.format == "csv" else []
    for encoding, delimiter in (*written, (None, None)):
        with suppress(SheetError):
            table = open_table(path, encoding=encoding, delimiter=delimiter)
            if _Columns.of(table.header) is not None:
                return table
    return None


def _unknown(ledger: Ledger, start: ReportedStart) -> str:
    return (
        f"row {start.row_number} was started as workflow {start.workflow_id}, which the ledger "
        f"{ledger.database.name} does not know"
    )
