"""Carries the run's rows from the ledger to the workers, in the file's order."""

from __future__ import annotations

from dataclasses import dataclass

from launcher.core.batch import MAX_COMMANDS
from launcher.core.model import State
from launcher.engine.feed import Feed
from launcher.engine.intake import Intake
from launcher.engine.stopping import Stopping
from launcher.ledger import Ledger

_PAGE = 10 * MAX_COMMANDS


@dataclass(slots=True, kw_only=True)
class Feeder:
    """From the ledger, and not from the file: a run that goes on after a crash takes the same way."""

    ledger: Ledger
    run_id: int
    feed: Feed
    intake: Intake | None
    """None where every row is in the ledger already."""
    stopping: Stopping

    async def run(self) -> None:
        """Every row that can be sent has been, once, when this returns, unless the run is to stop."""
        await self._pass(State.DEFERRED)
        await self._pass(State.PENDING)
        await self.feed.all_settled()
        await self.feed.close()

    async def _pass(self, state: State) -> None:
        last_row = 0
        while not self.stopping.is_set:
            complete = self.intake is None or self.intake.finished
            if self.intake is not None:
                self.intake.added.clear()
            starts = await self.ledger.sendable(self.run_id, state, after_row=last_row, limit=_PAGE)
            if starts:
                last_row = starts[-1].row_number
                await self.feed.put(starts)
            elif complete or state is State.DEFERRED or self.intake is None:
                return
            else:
                await self.intake.added.wait()
