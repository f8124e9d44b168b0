"""Gathers from the ledger what a run's page tells. The ledger counts; no more than a page's rows come here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from launcher.core.course import Course, course, slot_s
from launcher.core.model import State
from launcher.core.summary import Ending
from launcher.engine.summary import summarise
from launcher.ledger import Ledger, RecordedRow, RunRecord
from launcher.report.page import CAUSES_AT_MOST, ROWS_AT_MOST, Page, save_page


async def save_report(ledger: Ledger, run: RunRecord, path: Path) -> None:
    """The run as it stands in the ledger is a page in that file. Raises ResultsError, LedgerError."""
    summary = await summarise(ledger, run.id, causes=CAUSES_AT_MOST)
    running = summary.ending is Ending.RUNNING
    first_rows = [cause.first_row for cause in summary.causes]
    page = Page(
        run=run,
        summary=summary,
        course=await _course(ledger, run.id),
        examples={row.row_number: row for row in await ledger.rows_numbered(run.id, first_rows)},
        to_mend=await _rows(ledger, run.id, (State.FAILED, State.INVALID)),
        # A row in the air when the run ended may have started.
        unknown=await _rows(ledger, run.id, (State.UNKNOWN, *(() if running else (State.SENT,)))),
        made_at=time.time(),
    )
    await asyncio.to_thread(save_page, path, page)


async def _rows(ledger: Ledger, run_id: int, states: Sequence[State]) -> tuple[RecordedRow, ...]:
    return tuple(await ledger.recorded_rows(run_id, only=states))[:ROWS_AT_MOST]


async def _course(ledger: Ledger, run_id: int) -> Course:
    between = await ledger.answered_between(run_id)
    width_s = slot_s(between[1] - between[0]) if between else 1
    answers = await ledger.answers(run_id, slot_s=width_s)
    return course(answers, await ledger.waits(run_id), slot_s=width_s)
