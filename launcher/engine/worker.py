"""Workers record rows as sent, send them and record what became of them; one task writes for all of them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from launcher.core import batch
from launcher.core.answers import (
    Blocked,
    NotSent,
    Outcome,
    Redirected,
    Response,
    ResponseLost,
    Times,
    TooLong,
    times_of,
)
from launcher.core.model import Start, State
from launcher.core.verdict import BatchOutcome, judge_batch, judge_single
from launcher.engine.progress import Progress
from launcher.engine.throttle import Slot, Throttle
from launcher.engine.work_queue import WorkQueue
from launcher.ledger import Ledger, LedgerError, LedgerGoneError, PortalLease
from launcher.ledger.records import Judged, Record, Sent, Written
from launcher.log import get_logger
from launcher.portal.client import Portal

_Waiting = tuple[Record[Any], asyncio.Future[Any]]


class BatchWriter:
    """Records that come together are written in one transaction: one wait for the disk serves them all."""

    def __init__(self, ledger: Ledger, lease: PortalLease | None) -> None:
        """With a lease, nothing is written once it is lost."""
        self._ledger, self._lease = ledger, lease
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue()

    async def write(self, record: Record[Written]) -> Written:
        """What the record does (see there), once it is durable. Raises LedgerError where it cannot be."""
        written: asyncio.Future[Written] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait((record, written))
        return await written

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            batch = [await self._queue.get()]
            while not self._queue.empty():
                batch.append(self._queue.get_nowait())
            batch = self._unless_gone(batch)
            try:
                done = await self._ledger.record([record for record, _ in batch], self._lease)
            except LedgerError as error:
                for _, written in batch:
                    if not written.done():
                        written.set_exception(error)
                continue
            for (_, written), result in zip(batch, done, strict=True):
                if not written.done():
                    written.set_result(result)

    def _unless_gone(self, batch: list[_Waiting]) -> list[_Waiting]:
        """What is to be written: once the ledger's file is gone, answers, and no request that is to leave."""
        try:
            self._ledger.check_place()
        except LedgerGoneError as error:
            for record, written in batch:
                if isinstance(record, Sent) and not written.done():
                    written.set_exception(error)
            return [waiting for waiting in batch if not isinstance(waiting[0], Sent)]
        return batch


_log = get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One of several that share all that it has."""

    run_id: int
    portal: Portal
    queue: WorkQueue
    throttle: Throttle
    batch_writer: BatchWriter
    requests: Iterator[int]
    """The numbers of the run's next requests, which count from 1 over all its sessions."""
    progress: Progress
    own_templates: bool = False
    """Whether each row says its own template."""

    async def run(self) -> None:
        """Send rows until no more are handed out."""
        while await self.queue.ready(batch.MAX_COMMANDS) and not self.throttle.is_closed:
            # A turn comes first, and rows then, so that none stand aside in the hands of one who waits.
            async with self.throttle.slot(lambda: self.queue.available(batch.MAX_COMMANDS)) as slot:
                if slot.rows and (starts := await self.queue.take(slot.rows)):
                    count = batch.batch_size_for(starts, slot.rows, slot.longest)
                    await self.queue.requeue(starts[count:])
                    await self._send(starts[:count], slot)

    async def _send(self, starts: Sequence[Start], slot: Slot) -> None:
        number = next(self.requests)
        with structlog.contextvars.bound_contextvars(request_id=number):
            sent = Sent(run_id=self.run_id, request_number=number, starts=tuple(starts), at=time.time())
            kept = await self.batch_writer.write(sent)
            taken_over = {start.row_number for start in starts} - {start.row_number for start in kept}
            self.progress.settle(dict.fromkeys(taken_over, State.SKIPPED))
            await self.queue.settle(len(taken_over))
            if kept:
                await self._ask(number, kept, slot)

    async def _ask(self, number: int, starts: tuple[Start, ...], slot: Slot) -> None:
        self.progress.requests += 1
        slot.leaves(len(starts))
        outcome, judgement, times = await self._call(starts)
        slot.heard()
        record = Judged(
            run_id=self.run_id,
            request_number=number,
            starts=starts,
            judgement=judgement,
            outcome=_in_short(outcome),
            at=time.time(),
        )
        recorded = await self.batch_writer.write(record)
        self.throttle.learn(slot, recorded.judgement, times)
        self._tell(starts, outcome, recorded.judgement)
        self._doubt(recorded.doubted)
        await self._settle(starts, recorded.judgement)

    async def _call(self, starts: tuple[Start, ...]) -> tuple[Outcome, BatchOutcome, Times]:
        if len(starts) == 1 and batch.needs_single_call(starts[0]):
            outcome = await self.portal.call(batch.START, batch.encode_single(starts[0]))
            judgement = judge_single(starts[0], outcome, own_templates=self.own_templates)
            return outcome, judgement, times_of(outcome, alone=True)
        outcome = await self.portal.call("batch", batch.encode(starts))
        judgement = judge_batch(starts, outcome, own_templates=self.own_templates)
        return outcome, judgement, times_of(outcome)

    def _doubt(self, row_numbers: Sequence[int]) -> None:
        if row_numbers:
            self.progress.settled[State.STARTED] -= len(row_numbers)
            self.progress.settle(dict.fromkeys(row_numbers, State.UNKNOWN))
            _log.warning("no longer started: another row has the same workflow ID", rows=sorted(row_numbers))

    async def _settle(self, starts: Sequence[Start], judgement: BatchOutcome) -> None:
        again = []
        done = {}
        for start, verdict in zip(starts, judgement.verdicts, strict=True):
            if verdict.state is State.DEFERRED and not verdict.later:
                again.append(start)
            elif verdict.state is not State.PENDING:
                done[start.row_number] = verdict.state
        self.progress.settle(done)
        await self.queue.requeue(again)
        await self.queue.settle(len(starts) - len(again))

    @staticmethod
    def _tell(starts: Sequence[Start], outcome: Outcome, judgement: BatchOutcome) -> None:
        states = Counter(verdict.state.value for verdict in judgement.verdicts)
        _log.debug("request", outcome=_in_short(outcome), **states)
        if unknown := states[State.UNKNOWN.value]:
            _log.warning(
                "answer lost", rows=unknown, first_row=starts[0].row_number, outcome=_in_short(outcome)
            )
        for start, verdict in zip(starts, judgement.verdicts, strict=True):
            if verdict.state is not State.STARTED:
                _log.debug(
                    verdict.state.value, row_number=start.row_number, code=verdict.code, text=verdict.text
                )


def _in_short(outcome: Outcome) -> str:
    match outcome:
        case Response(status, body):
            code = body.get("error") if isinstance(body, dict) else None
            return f"HTTP {status} {code}" if isinstance(code, str) else f"HTTP {status}"
        case NotSent(cause):
            return f"not sent: {cause}"
        case ResponseLost(cause):
            return f"lost: {cause}"
        case TooLong():
            return "HTTP 413"
        case Redirected(host):
            return f"moved to {host}"
        case Blocked(code):
            return f"barred: {code}"
