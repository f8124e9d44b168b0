"""Reads the file into the ledger: each row as the person wrote it, and what is planned for it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from launcher.core.model import Candidate, Start
from launcher.core.plan import DUPLICATE, Duplicates, Planned, Planner, another, keys_of
from launcher.engine.candidates import Candidates
from launcher.engine.live import Settled
from launcher.engine.progress import Progress
from launcher.ledger import Ledger, NewRow
from launcher.sheets import Row, Table


@dataclass(slots=True, kw_only=True)
class Intake:
    """Takes one table into one run."""

    table: Table
    candidates: Candidates
    planner: Planner
    ledger: Ledger
    run_id: int
    duplicates: Duplicates
    progress: Progress
    settled: Settled
    after_row: int = 0
    """Rows up to this one are in the ledger already."""
    added: asyncio.Event = field(default_factory=asyncio.Event)
    """Set whenever rows were added, and when there are no more."""
    finished: bool = False

    async def run(self) -> None:
        """Every row of the file is in the ledger when this returns.

        It goes on when the run is stopped: a run owns its rows, and the file may be gone by the time
        that it is resumed.
        """
        chunks = self.table.chunks()
        try:
            # In a thread: reading takes long enough to keep answers waiting.
            while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
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
        for plan in planned:
            if plan.start is None:
                self.progress.settled[plan.state] += 1
        self.settled(plan.row_number for plan in planned if plan.start is None)
        self.added.set()

    async def _plan(self, candidates: Sequence[Candidate]) -> list[Planned]:
        planned = self.planner.plan(candidates, await self.ledger.claims(keys_of(candidates)))
        if self.duplicates is not Duplicates.START:
            return planned
        repeated = [index for index, plan in enumerate(planned) if plan.code == DUPLICATE]
        if repeated:
            once_more = [another(start) for index in repeated if isinstance(start := candidates[index], Start)]
            for index, plan in zip(repeated, await self._plan(once_more), strict=True):
                planned[index] = plan
        return planned
