"""The bounded queue between the ledger and the workers, and what fills it.

Theory of operation. The loader takes the file's rows into the ledger; the filler takes rows that wait from the
ledger into the queue, never from the file, so that a resumed run takes the same way as a new one. A worker
takes as many starts as a request may hold, waits for a full batch only while more are coming, and puts back in
front what it could not send. The loader goes on when the run is stopped: a run owns its rows, and the file may
be gone when it is resumed.

The trap that made it so: "the queue is empty" does not mean "nothing is left". A deferred row comes back, a
slow loader has not read on. Every start that was put in counts as unsettled until its verdict is on disk, and
the end is when none is.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from launcher.core.batch import MAX_COMMANDS
from launcher.core.model import Candidate, Start, State
from launcher.core.plan import DUPLICATE, Duplicates, Planned, Planner, keys_of, repeat
from launcher.core.words import duration, pluralize
from launcher.engine.cancel import CancelToken
from launcher.engine.preparing import Candidates
from launcher.engine.progress import Progress
from launcher.ledger import Ledger, NewRow
from launcher.sheets import Row, Table


class WorkQueue:
    """Starts in their order, handed out by the batch. No asyncio.Queue can do what the workers want of it."""

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._starts: deque[Start] = deque()
        self._changed = asyncio.Condition()
        self._more_coming = True
        self._open = True
        self._unsettled = 0

    async def put(self, starts: Sequence[Start]) -> None:
        """Add them behind; waits while the queue is full."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self._starts) < self._bound or not self._open)
            self._starts.extend(starts)
            self._unsettled += len(starts)
            self._more_coming = True
            self._changed.notify_all()

    async def ready(self, size: int) -> bool:
        """Returns when `take` would give `size` starts, or as many as there are; false once it is closed."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._ready(size))
            return self._open

    def available(self, size: int) -> int:
        """How many starts there are to take now; 0 where `take` would wait for `size` of them, or is closed.

        While more are coming, as many as if it were full.
        """
        if not self._open or not self._ready(size):
            return 0
        return max(len(self._starts), self._bound if self._more_coming else 0)

    async def take(self, size: int) -> list[Start]:
        """The next starts, `size` of them unless no more are coming; an empty list once it is closed."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._ready(size))
            if not self._open:
                return []
            taken = [self._starts.popleft() for _ in range(min(size, len(self._starts)))]
            self._changed.notify_all()
            return taken

    def _ready(self, size: int) -> bool:
        return not self._open or len(self._starts) >= size or (bool(self._starts) and not self._more_coming)

    async def requeue(self, starts: Sequence[Start]) -> None:
        """Put taken starts in front again."""
        if starts:
            async with self._changed:
                self._starts.extendleft(reversed(starts))
                self._changed.notify_all()

    async def settle(self, count: int) -> None:
        """That many of the taken starts need nothing more."""
        if count:
            async with self._changed:
                self._unsettled -= count
                self._changed.notify_all()

    async def all_settled(self) -> None:
        """No more are coming for now: returns once every start that was put in is settled, or it is closed."""
        async with self._changed:
            self._more_coming = False
            self._changed.notify_all()
            await self._changed.wait_for(lambda: self._unsettled == 0 or not self._open)

    async def close(self) -> None:
        """Hand out nothing more."""
        async with self._changed:
            self._open = False
            self._changed.notify_all()


@dataclass(slots=True, kw_only=True)
class Loader:
    """Takes one table into one run."""

    table: Table
    candidates: Candidates
    planner: Planner
    ledger: Ledger
    run_id: int
    duplicates: Duplicates
    progress: Progress
    after_row: int = 0
    """Rows up to this one are in the ledger already."""
    added: asyncio.Event = field(default_factory=asyncio.Event)
    """Set whenever rows were added, and when there are no more."""
    finished: bool = False

    async def run(self) -> None:
        """Have every row of the file in the ledger when this returns, also if the run is stopped meanwhile."""
        try:
            async for chunk in self.table.stream():
                await self._add([row for row in chunk if row.number > self.after_row])
            await self.ledger.loaded(self.run_id)
            self.finished = True
        finally:
            # Whoever waits for rows must see that none come any more, also where the file or a question failed.
            self.added.set()

    async def _add(self, rows: Sequence[Row]) -> None:
        if not rows:
            return
        candidates = await self.candidates.of(rows)
        planned = await self._plan(candidates)
        new = [NewRow(plan, row.cells, row.kinds) for plan, row in zip(planned, rows, strict=True)]
        await self.ledger.add_rows(self.run_id, new)
        self.progress.rows += len(new)
        self.progress.settle({plan.row_number: plan.state for plan in planned if plan.start is None})
        self.added.set()

    async def _plan(self, candidates: Sequence[Candidate]) -> list[Planned]:
        planned = self.planner.plan(candidates, await self.ledger.claims(keys_of(candidates)))
        if self.duplicates is not Duplicates.START:
            return planned
        repeated = [index for index, plan in enumerate(planned) if plan.code == DUPLICATE]
        if repeated:
            once_more = [repeat(start) for index in repeated if isinstance(start := candidates[index], Start)]
            for index, plan in zip(repeated, await self._plan(once_more), strict=True):
                planned[index] = plan
        return planned


_PAGE = 10 * MAX_COMMANDS

FIRST_ROUND_S = 15.0
LONGEST_ROUND_S = 300.0
"""Between two tries of rows that wait for a workflow on their own item to end."""


@dataclass(slots=True, kw_only=True)
class QueueFiller:
    """Takes rows that wait from the ledger into the queue."""

    ledger: Ledger
    run_id: int
    queue: WorkQueue
    loader: Loader | None
    """None where every row is in the ledger already."""
    give_up_after_s: float
    cancel: CancelToken
    progress: Progress

    async def run(self) -> None:
        """Every row that can be sent has been, when this returns, unless the run is to stop.

        Rows that the portal defers go again in rounds, until they start or are given up for this session.
        """
        await self._pass(State.DEFERRED)
        await self._pass(State.PENDING)
        await self.queue.all_settled()
        await self._rounds()
        await self.queue.close()

    async def _rounds(self) -> None:
        loop = asyncio.get_running_loop()
        give_up_at, wait_s = loop.time() + self.give_up_after_s, FIRST_ROUND_S
        while deferred := (await self.ledger.counts(self.run_id))[State.DEFERRED]:
            left_s = give_up_at - loop.time()
            if self.cancel.is_set or left_s <= 0:
                return
            wait_s = min(wait_s, left_s)
            self.progress.waiting = f"{pluralize(deferred, 'row')} deferred by the portal, {duration(wait_s)}"
            await self.cancel.sleep(wait_s)
            self.progress.waiting = ""
            self.progress.settled[State.DEFERRED] = 0
            await self._pass(State.DEFERRED)
            await self.queue.all_settled()
            wait_s = min(2 * wait_s, LONGEST_ROUND_S)

    async def _pass(self, state: State) -> None:
        last_row = 0
        while not self.cancel.is_set:
            complete = self.loader is None or self.loader.finished
            if self.loader is not None:
                self.loader.added.clear()
            starts = await self.ledger.sendable(self.run_id, state, after_row=last_row, limit=_PAGE)
            if starts:
                last_row = starts[-1].row_number
                await self.queue.put(starts)
            elif complete or state is State.DEFERRED or self.loader is None:
                return
            else:
                await self.loader.added.wait()
