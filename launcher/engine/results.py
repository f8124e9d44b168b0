"""Writes a run's results file from the ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from launcher.core.catalogue import row_text
from launcher.core.model import State
from launcher.ledger import Ledger, RecordedRow, RunRecord
from launcher.report.results import ResultRow, write_pair, write_results
from launcher.sheets import Dialect


async def save_results(
    ledger: Ledger, run: RunRecord, path: Path, *, only: Sequence[State] = (), with_failed: bool = True
) -> None:
    """The run's rows, as they stand in the ledger, are in that file when this returns.

    With `with_failed` the rows to mend are in a file of their own beside it. Raises ResultsError, LedgerError.
    """
    rows = _rows(ledger, run, only, asyncio.get_running_loop())
    write = write_pair if with_failed else write_results
    # In a thread, which asks the loop for the next rows: writing a workbook takes a while.
    await asyncio.to_thread(write, path, run.header, Dialect.from_dict(run.dialect), rows)


def _rows(
    ledger: Ledger, run: RunRecord, only: Sequence[State], loop: asyncio.AbstractEventLoop
) -> Iterator[ResultRow]:
    last_row = 0
    while page := asyncio.run_coroutine_threadsafe(
        ledger.recorded_rows(run.id, after_row=last_row, only=only), loop
    ).result():
        last_row = page[-1].row_number
        for row in page:
            yield _result(row, run)


def _result(row: RecordedRow, run: RunRecord) -> ResultRow:
    # A row in the air when the run ended may have started.
    state = State.UNKNOWN if row.state is State.SENT else row.state
    return ResultRow(
        cells=row.cells,
        kinds=row.kinds,
        row_number=row.row_number,
        status=state.value,
        workflow_id=row.workflow_id,
        error_code=row.error_code,
        error=row_text(row.error_code, row.error),
        attempts=row.attempts,
        time=datetime.fromtimestamp(row.changed_at).astimezone().isoformat(timespec="seconds"),
        run=run.name,
    )
