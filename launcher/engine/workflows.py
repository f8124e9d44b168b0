"""The workflows that a run has started: ends them, or looks again and again which still run.

To end workflows, the order of writing is that of starts: `asked` is durable before the request leaves. Ending a
workflow twice does no harm, so what a crash leaves at `asked` is asked again, without a doubt in between.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from launcher.core.batch import parts
from launcher.core.model import State
from launcher.core.summary import Ending
from launcher.core.workflows import (
    Answered,
    Termination,
    Watched,
    Way,
    command,
    judge,
    next_wait_s,
    wait_until_deadline_s,
)
from launcher.engine.cancel import CancelToken
from launcher.engine.portal_client import TRIES, PortalClient, send, wait, who_runs
from launcher.engine.summary import summarise
from launcher.errors import PortalError
from launcher.ledger import Ledger, RunRecord
from launcher.ledger.timeline import StartedWorkflow, StopOutcome, Stops


@dataclass(slots=True)
class Watcher:
    """Watches one run. What has ended once is not asked about again."""

    ledger: Ledger
    client: PortalClient
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
                if not seen.running and not await self._may_start_more():
                    return
                changed, before, answered_at = seen != before, seen, clock()
            if deadline is not None and clock() >= deadline:
                return
            wait_s = next_wait_s(self.every_s, wait_s, changed=changed)
            await asyncio.sleep(wait_until_deadline_s(wait_s, now=clock(), deadline=deadline))

    async def look(self) -> Watched:
        """The run's workflows as they are now. Raises PortalError, LedgerError."""
        if self._ahead_s is None:
            self._ahead_s = await self.client.clock_offset_s()
        running, stuck, last_row = 0, [], 0
        stops = Stops(self.ledger.database)
        while workflows := await stops.not_over(self.run.id, after_row=last_row):
            last_row = workflows[-1].row_number
            left = [workflow for workflow in workflows if workflow.workflow_id not in self._over]
            found = await who_runs(self.client, left)
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

    async def _may_start_more(self) -> bool:
        return (await summarise(self.ledger, self.run.id)).ending is Ending.RUNNING


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowTerminator:
    """Ends one run's workflows in one way."""

    stops: Stops
    client: PortalClient
    run: RunRecord
    way: Way
    cancel: CancelToken

    async def still_running(self, tell: Callable[[int], None]) -> list[StartedWorkflow]:
        """Which of the run's workflows still run. What an earlier stop had asked for and is over now is GONE.

        `tell` hears how many are about to be asked about. Raises PortalError, LedgerError.
        """
        found: list[StartedWorkflow] = []
        seen, last_row = set[str](), 0
        asked = await self.stops.still_asked(self.run.id)
        while workflows := await self.stops.not_over(self.run.id, after_row=last_row):
            last_row = workflows[-1].row_number
            new = [workflow for workflow in workflows if workflow.workflow_id not in seen]
            seen.update(workflow.workflow_id for workflow in new)
            tell(len(new))
            running = await who_runs(self.client, new)
            found += [workflow for workflow in new if workflow.workflow_id in running]
            over = [w for w in new if w.workflow_id not in running and w.workflow_id in asked]
            await self.stops.settle(self.run.id, [StopOutcome(workflow, Termination.GONE) for workflow in over])
        return found

    async def end(
        self, workflows: Sequence[StartedWorkflow], tell: Callable[[Sequence[StopOutcome]], None]
    ) -> None:
        """Every one of them is over, or still runs and the ledger says why, unless we were told to stop.

        `tell` hears of each as soon as it is on disk. Raises PortalError, LedgerError.
        """
        for some in parts(workflows):
            if self.cancel.is_set:
                return
            await self.stops.ask(self.run.id, some, self.way)
            outcomes, halt = await self._send(some)
            await self.stops.settle(self.run.id, outcomes)
            tell(outcomes)
            if halt:
                raise PortalError("at-portal", portal=self.client.portal, stop_text=halt, refused=True)

    async def _send(self, workflows: Sequence[StartedWorkflow]) -> tuple[list[StopOutcome], str]:
        """What became of these, and why the portal refuses them all, where it does."""
        outcomes: list[StopOutcome] = []
        left, failures = {f"r{workflow.row_number}": workflow for workflow in workflows}, 0
        while left:
            commands = {key: command(w.workflow_id, self.way, self.run.name) for key, w in left.items()}
            results, errors = await send(self.client, commands)
            answered = {key: judge(key, results, errors) for key in left}
            if halt := next((each.halt for each in answered.values() if each.halt), ""):
                ended = [key for key, each in answered.items() if each.fate is not None]
                return [*outcomes, *(StopOutcome(left[key], Termination.ENDED) for key in ended)], halt
            failures += 1
            again = {key for key, each in answered.items() if each.again and failures < TRIES}
            outcomes += await self._seen({k: left[k] for k in left if k not in again}, answered)
            left = {key: left[key] for key in left if key in again}
            if left:
                await wait(failures)
        return outcomes, ""

    async def _seen(
        self, workflows: Mapping[str, StartedWorkflow], answered: Mapping[str, Answered]
    ) -> list[StopOutcome]:
        """What became of them; of those that the portal did not end, by looking whether they still run."""
        unsure = [workflow for key, workflow in workflows.items() if answered[key].fate is None]
        running = await who_runs(self.client, unsure)
        outcomes = []
        for key, workflow in workflows.items():
            fate = answered[key].fate
            if fate is None:
                fate = Termination.REFUSED if workflow.workflow_id in running else Termination.GONE
            outcomes.append(
                StopOutcome(workflow, fate, answered[key].text if fate is Termination.REFUSED else "")
            )
        return outcomes
