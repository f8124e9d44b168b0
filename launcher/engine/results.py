"""Writes a run's results, its file of rows to fix (never over a person's changes) and its page."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain, count
from pathlib import Path

from launcher.core.catalogue import row_text
from launcher.core.model import State
from launcher.core.summary import Ending, Summary
from launcher.core.timeline import Timeline, course, slot_s
from launcher.engine.summary import summarise
from launcher.ledger import Ledger, LedgerError, RecordedRow, RunRecord
from launcher.ledger.nights import FailedFiles
from launcher.report import failed_path
from launcher.report.results import (
    Places,
    ResultRow,
    RowStream,
    is_workbook,
    write_pair,
    write_results,
    write_rows,
)
from launcher.report.results_model import shown_time
from launcher.sheets import Dialect, Source, content_fingerprint


class FailedFile:
    """The place of one run's rows to fix, decided at the moment in which the new file is put there."""

    def __init__(self, ledger: Ledger, run: RunRecord, loop: asyncio.AbstractEventLoop) -> None:
        self._files = FailedFiles(ledger.database)
        self._run = run
        self._loop = loop
        self._usual = failed_path(Path(run.results))
        self.notes: list[str] = []
        """Messages for the person: a file that was changed stays, and where the new one is."""

    def place(self, written: Path | None) -> Path | None:
        """Return where the file that was written under a temporary name goes; None where there is none.

        For another thread than the loop's. Earlier ones of ours are gone then, but for the one at that place.
        """
        return asyncio.run_coroutine_threadsafe(self._place(written), self._loop).result()

    async def _place(self, written: Path | None) -> Path | None:
        before = await self._files.path(self._run.id)
        ours = [path for path in {self._usual, Path(before or self._usual)} if await self._is_ours(path)]
        place = None
        if written is not None:
            place = await self._free_place()
            with suppress(LedgerError):  # as on a full disk: then it counts as changed the next time
                await self._files.keep(self._run.id, str(place), await _digest(written))
        for path in ours:
            if path != place:
                path.unlink(missing_ok=True)
        if place != self._usual and self._usual.exists():
            self._tell(place)
        return place

    async def _free_place(self) -> Path:
        name = self._run.name
        for ending in chain(("", f".{name}"), (f".{name}-{number}" for number in count(2))):
            path = self._usual.with_stem(self._usual.stem + ending)
            if not path.exists() or await self._is_ours(path):
                return path
        raise AssertionError("places have no end")

    async def _is_ours(self, path: Path) -> bool:
        """Whether what stands there is exactly what this ledger has had written."""
        try:
            return path.is_file() and await self._files.knows(await _digest(path))
        except OSError:
            return False

    def _tell(self, place: Path | None) -> None:
        now = f"the rows to fix are in {place}" if place is not None else "there are no rows to fix"
        self.notes.append(
            f"{self._usual} was changed since this ledger wrote it, or it did not write it, so the file stays "
            f"as it is. Of run {self._run.name}, {now}"
        )


async def _digest(path: Path) -> str:
    return await asyncio.to_thread(content_fingerprint, Source(path, path.name))


CAUSES_SHOWN = 100
"""In a workbook's summary."""


async def save_results(
    ledger: Ledger,
    run: RunRecord,
    path: Path | RowStream,
    *,
    only: Sequence[State] = (),
    summary: Summary | None = None,
) -> list[str]:
    """The run's rows, as they stand in the ledger, are in that file or stream when this returns.

    The run's own results file has the rows to fix in a file beside it; so has no other, nor a stream. If a
    person has changed that file it stays, and what is returned says so. A workbook of all rows begins with the
    summary: that one, else as the ledger has it. Raises ResultsError, LedgerError.
    """
    rows = _rows(ledger, run, only, asyncio.get_running_loop())
    dialect = Dialect.from_dict(run.dialect)
    # In a thread, which asks the loop for the next rows: writing a workbook takes a while.
    if isinstance(path, RowStream):
        await asyncio.to_thread(write_rows, path, run.header, dialect, rows)
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
    # A row in flight when the run ended may have started.
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


async def save_report(ledger: Ledger, run: RunRecord, path: Path) -> None:
    """The run as it stands in the ledger is a page in that file. Raises ResultsError, LedgerError."""
    # Not above: only the page needs templates.
    from launcher.report.page import CAUSES_AT_MOST, ROWS_AT_MOST, Page, save_page

    async def rows(*states: State) -> tuple[RecordedRow, ...]:
        return tuple(await ledger.recorded_rows(run.id, only=states))[:ROWS_AT_MOST]

    summary = await summarise(ledger, run.id, causes=CAUSES_AT_MOST)
    running = summary.ending is Ending.RUNNING
    first_rows = [cause.first_row for cause in summary.causes]
    page = Page(
        run=run,
        summary=summary,
        course=await _course(ledger, run.id),
        examples={row.row_number: row for row in await ledger.rows_numbered(run.id, first_rows)},
        to_fix=await rows(State.FAILED, State.INVALID),
        # A row in flight when the run ended may have started.
        unknown=await rows(State.UNKNOWN, *(() if running else (State.SENT,))),
        created_at=time.time(),
    )
    await asyncio.to_thread(save_page, path, page)


async def _course(ledger: Ledger, run_id: int) -> Timeline:
    between = await ledger.answered_between(run_id)
    width_s = slot_s(between[1] - between[0]) if between else 1
    answers = await ledger.answers(run_id, slot_s=width_s)
    return course(answers, await ledger.waits(run_id), slot_s=width_s)
