"""Writes a run's results file from the ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from launcher.core.catalogue import row_text
from launcher.core.model import State
from launcher.core.summary import Summary
from launcher.engine.failed_file import FailedFile
from launcher.engine.summary import summarise
from launcher.ledger import Ledger, RecordedRow, RunRecord
from launcher.report.results import (
    STDOUT,
    Places,
    ResultRow,
    is_workbook,
    write_pair,
    write_results,
    write_stdout,
)
from launcher.report.results_summary import shown_time
from launcher.sheets import Dialect

CAUSES_SHOWN = 100
"""In a workbook's summary."""


async def save_results(
    ledger: Ledger,
    run: RunRecord,
    path: Path,
    *,
    only: Sequence[State] = (),
    summary: Summary | None = None,
) -> list[str]:
    """The run's rows, as they stand in the ledger, are in that file when this returns.

    The run's own results file has the rows to mend in a file beside it; so has no other, nor STDOUT. Where a
    person has changed that file it stays, and what is given back says so. A workbook of all rows begins with
    the summary: that one, else as the ledger has it. Raises ResultsError,
    LedgerError.
    """
    rows = _rows(ledger, run, only, asyncio.get_running_loop())
    dialect = Dialect.from_dict(run.dialect)
    # In a thread, which asks the loop for the next rows: writing a workbook takes a while.
    if path == STDOUT:
        await asyncio.to_thread(write_stdout, run.header, dialect, rows)
        return []
    shown = None
    if is_workbook(path) and not only:
        shown = replace(
            summary or await summarise(ledger, run.id), causes=await ledger.causes(run.id, CAUSES_SHOWN)
        )
    if path != Path(run.results) or only:
        await asyncio.to_thread(write_results, path, run.header, dialect, rows, shown)
        return []
    failed = FailedFile(ledger, run, asyncio.get_running_loop())
    await asyncio.to_thread(write_pair, Places(path, failed.place), run.header, dialect, rows, shown)
    return failed.notes


def _rows(
    ledger: Ledger, run: RunRecord, only: Sequence[State], loop: asyncio.AbstractEventLoop
) -> Iterator[ResultRow]:
    last_row = 0
    while page := asyncio.run_coroutine_threadsafe(
        ledger.recorded_rows(run.id, after_row=last_row, only=only), loop
    ).result():
        last_row = page[-1].row_number
        for row in page:
            yield result_of(row, run)


def result_of(row: RecordedRow, run: RunRecord) -> ResultRow:
    """The row as the results file has it."""
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
        time=shown_time(row.changed_at),
        run=run.name,
    )
