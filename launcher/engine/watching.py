"""Looks again and again which of the workflows that a run has started still run. Changes nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from launcher.core.model import State
from launcher.core.summary import Ending
from launcher.core.watching import Watched, next_wait_s, wait_until_deadline_s
from launcher.engine.asking import Asker
from launcher.engine.questions import who_runs
from launcher.engine.summary import summarise
from launcher.errors import PortalError
from launcher.ledger import Ledger, RunRecord, Stops


@dataclass(slots=True)
class Watcher:
    """Watches one run. What has ended once is not asked about again."""

    ledger: Ledger
    asker: Asker
    run: RunRecord
    every_s: float
    timeout_s: float | None = None
    give_up_after_s: float = 1800
    """End when the portal has not answered for so long."""
    _over: set[str] = field(default_factory=set)
    _ahead_s: float | None = None

    async def watch(self) -> AsyncIterator[Watched | PortalError]:
        """What is seen at each look, or why nothing could be; ends when none runs any more, or in time.

        Raises PortalError where the portal refuses, or has not answered for too long; LedgerError.
        """
        clock = asyncio.get_running_loop().time
        began = answered_at = clock()
        deadline = None if self.timeout_s is None else began + self.timeout_s
        before, wait_s = None, self.every_s
        while True:
            try:
                seen = await self.look()
            except PortalError as error:
                if error.refused or clock() - answered_at > self.give_up_after_s:
                    raise
                yield error
                changed = False
            else:
                yield seen
                if not seen.running and await self._has_ended():
                    return
                changed, before, answered_at = seen != before, seen, clock()
            if deadline is not None and clock() >= deadline:
                return
            wait_s = next_wait_s(self.every_s, wait_s, changed=changed)
            await asyncio.sleep(wait_until_deadline_s(wait_s, now=clock(), deadline=deadline))

    async def look(self) -> Watched:
        """The run's workflows as they are now. Raises PortalError, LedgerError."""
        if self._ahead_s is None:
            self._ahead_s = await self.asker.ahead_s()
        running, stuck, last_row = 0, [], 0
        stops = Stops(self.ledger.database)
        while workflows := await stops.not_over(self.run.id, after_row=last_row):
            last_row = workflows[-1].row_number
            left = [workflow for workflow in workflows if workflow.workflow_id not in self._over]
            found = await who_runs(self.asker, left)
            now = time.time() + self._ahead_s
            running += len(found)
            stuck += [
                (workflow.row_number, workflow.workflow_id)
                for workflow in left
                if workflow.workflow_id in found and found[workflow.workflow_id].is_stuck(now)
            ]
            self._over.update(w.workflow_id for w in left if w.workflow_id not in found)
        counts = await self.ledger.counts(self.run.id)
        return Watched(counts[State.STARTED], running, tuple(stuck))

    async def _has_ended(self) -> bool:
        """Whether the run starts no more."""
        return (await summarise(self.ledger, self.run.id)).ending is not Ending.RUNNING
