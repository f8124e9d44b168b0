"""Lets a person look at a run in the middle: settled rows are copied from the ledger to a file."""

from __future__ import annotations

import asyncio
import time
from array import array
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from launcher.core.states import UNSETTLED
from launcher.engine.cancel import wait_for_event
from launcher.engine.progress import Settled
from launcher.engine.results import result_of
from launcher.ledger import Ledger, LedgerError, RecordedRow, RunRecord
from launcher.log import get_logger
from launcher.report import STDOUT, partial_path
from launcher.report.results_csv import PartialFile
from launcher.sheets import Dialect

_log = get_logger()

EVERY_S = 1.0
PAGE = 1_000
REST = 19
"""Rests for so many times as long as it worked: however fast the run is, a twentieth of it at most goes here,
and where that is too little, the file falls behind."""
LONGEST_REST_S = 10.0
"""On a busy machine a page may take seconds: whoever looks still sees what happens."""


@asynccontextmanager
async def shown_live(ledger: Ledger, run: RunRecord) -> AsyncIterator[Settled]:
    """While the block runs, append the rows that it tells of to the file beside the results.

    Each session begins that file anew, with what earlier ones have settled. If it cannot be written there
    is one warning and nothing more. It stays when the block ends, for `forget_live` or the next session.
    """
    if Path(run.results) == STDOUT or run.pruned_at is not None:  # most of a pruned run's rows have no cells
        yield lambda _: None
        return
    # Both before the block begins: what it settles is told of, and not looked for.
    live = _Live(ledger, run, last_row=await ledger.last_row(run.id), before=time.time())
    following = asyncio.create_task(live.follow(), name="live")
    try:
        yield live.settled
    finally:
        live.ended.set()
        await following


def forget_live(run: RunRecord) -> None:
    """The results are in place: the rows so far are of no use any more."""
    if Path(run.results) != STDOUT:
        with suppress(OSError):
            partial_path(Path(run.results)).unlink(missing_ok=True)


class _Live:
    def __init__(self, ledger: Ledger, run: RunRecord, *, last_row: int, before: float) -> None:
        """Rows up to the last one that were settled before that time are of earlier sessions."""
        self._ledger = ledger
        self._run = run
        self._last_row = last_row
        self._before = before
        self._file = PartialFile(partial_path(Path(run.results)), run.header, Dialect.from_dict(run.dialect))
        # Not a list: where the file falls behind, these are most of a long run's rows.
        self._waiting = array("I")
        self._given_up = False
        self.ended = asyncio.Event()

    def settled(self, row_numbers: Iterable[int]) -> None:
        if not self._given_up:
            self._waiting.extend(row_numbers)

    async def follow(self) -> None:
        """Copy rows until the end."""
        try:
            await asyncio.to_thread(self._file.remove)
            clock = asyncio.get_running_loop().time
            pages = self._pages()
            while not self.ended.is_set():
                began = clock()
                rows = await anext(pages)
                await asyncio.to_thread(self._file.append, (result_of(row, self._run) for row in rows))
                rest_s = min(REST * (clock() - began), LONGEST_REST_S)
                await wait_for_event(self.ended, rest_s if len(rows) == PAGE else max(EVERY_S, rest_s))
        except (OSError, LedgerError) as error:
            _log.warning("the rows so far cannot be shown while the run goes", reason=str(error))
            self._given_up = True
            del self._waiting[:]
        finally:
            with suppress(OSError):
                await asyncio.to_thread(self._file.close)

    async def _pages(self) -> AsyncIterator[list[RecordedRow]]:
        """The rows to append next, without end; none where there is nothing new."""
        number = 0
        while number < self._last_row:
            page = await self._ledger.recorded_rows(self._run.id, after_row=number)
            number = page[-1].row_number
            yield [row for row in page if _is_settled(row) and row.changed_at < self._before]
        while True:
            numbers = self._waiting[:PAGE]
            del self._waiting[:PAGE]
            found = await self._ledger.rows_numbered(self._run.id, numbers) if numbers else []
            yield [row for row in found if _is_settled(row)]


def _is_settled(row: RecordedRow) -> bool:
    return row.state not in UNSETTLED
