"""Carries the run's rows from the ledger to the workers, in the file's order."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from launcher.core.batch import MAX_COMMANDS
from launcher.core.model import State
from launcher.core.words import counted, duration
from launcher.engine.cancel import CancelToken
from launcher.engine.feed import Feed
from launcher.engine.intake import Intake
from launcher.engine.progress import Progress
from launcher.ledger import Ledger

_PAGE = 10 * MAX_COMMANDS

FIRST_ROUND_S = 15.0
LONGEST_ROUND_S = 300.0
"""Between two tries of rows that wait for a workflow on their own item to end."""


@dataclass(slots=True, kw_only=True)
class Feeder:
    """From the ledger, and not from the file: a run that goes on after a crash takes the same way."""

    ledger: Ledger
    run_id: int
    feed: Feed
    intake: Intake | None
    """None where every row is in the ledger already."""
    give_up_after_s: float
    cancel: CancelToken
    progress: Progress

    async def run(self) -> None:
        """Every row that can be sent has been, when this returns, unless the run is to stop.

        Rows that the portal defers go again in rounds, until they start or are given up for this sitting.
        """
        await self._pass(State.DEFERRED)
        await self._pass(State.PENDING)
        await self.feed.all_settled()
        await self._rounds()
        await self.feed.close()

    async def _rounds(self) -> None:
        loop = asyncio.get_running_loop()
        give_up_at, wait_s = loop.time() + self.give_up_after_s, FIRST_ROUND_S
        while deferred := (await self.ledger.counts(self.run_id))[State.DEFERRED]:
            left_s = give_up_at - loop.time()
            if self.cancel.is_set or left_s <= 0:
                return
            wait_s = min(wait_s, left_s)
            self.progress.waiting = f"{counted(deferred, 'row')} deferred by the portal, {duration(wait_s)}"
            await self.cancel.sleep(wait_s)
            self.progress.waiting = ""
            self.progress.settled[State.DEFERRED] = 0
            await self._pass(State.DEFERRED)
            await self.feed.all_settled()
            wait_s = min(2 * wait_s, LONGEST_ROUND_S)

    async def _pass(self, state: State) -> None:
        last_row = 0
        while not self.cancel.is_set:
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
