"""Ends the workflows that a run has started and that still run.

The order of writing is that of starts: `asked` is durable before the request leaves. Ending a workflow twice
does no harm, so what a crash leaves at `asked` is asked again, without a doubt in between.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from launcher.core.batch import MAX_COMMANDS
from launcher.core.stops import Answered, Fate, Way, command, judge
from launcher.engine.asking import TRIES, Asker
from launcher.engine.cancel import CancelToken
from launcher.engine.questions import send, wait, who_runs
from launcher.errors import PortalError
from launcher.ledger import RunRecord, StartedWorkflow, StopOutcome, Stops


@dataclass(frozen=True, slots=True, kw_only=True)
class Ender:
    """Ends one run's workflows in one way."""

    stops: Stops
    asker: Asker
    run: RunRecord
    way: Way
    cancel: CancelToken

    async def still_running(self, tell: Callable[[int], None]) -> list[StartedWorkflow]:
        """Which of the run's workflows still run. What an earlier stop had asked for and is over now is GONE.

        `tell` hears how many are about to be asked about. Raises PortalError, LedgerError.
        """
        found: list[StartedWorkflow] = []
        seen, last_row = set[str](), 0
        asked = {workflow.workflow_id for workflow in await self.stops.still_asked(self.run.id)}
        while workflows := await self.stops.not_over(self.run.id, after_row=last_row):
            last_row = workflows[-1].row_number
            new = [workflow for workflow in workflows if workflow.workflow_id not in seen]
            seen.update(workflow.workflow_id for workflow in new)
            tell(len(new))
            running = await who_runs(self.asker, new)
            found += [workflow for workflow in new if workflow.workflow_id in running]
            over = [w for w in new if w.workflow_id not in running and w.workflow_id in asked]
            await self.stops.settle(self.run.id, [StopOutcome(workflow, Fate.GONE) for workflow in over])
        return found

    async def end(
        self, workflows: Sequence[StartedWorkflow], tell: Callable[[Sequence[StopOutcome]], None]
    ) -> None:
        """Every one of them is over, or still runs and the ledger says why, unless we were told to stop.

        `tell` hears of each as soon as it is on disk. Raises PortalError, LedgerError.
        """
        for first in range(0, len(workflows), MAX_COMMANDS):
            if self.cancel.is_set:
                return
            some = workflows[first : first + MAX_COMMANDS]
            await self.stops.ask(self.run.id, some, self.way)
            outcomes, halt = await self._send(some)
            await self.stops.settle(self.run.id, outcomes)
            tell(outcomes)
            if halt:
                raise PortalError(f"{self.asker.portal}: {halt}", refused=True)

    async def _send(self, workflows: Sequence[StartedWorkflow]) -> tuple[list[StopOutcome], str]:
        """What became of these, and why the portal refuses them all, where it does."""
        outcomes: list[StopOutcome] = []
        left, failures = {f"r{workflow.row_number}": workflow for workflow in workflows}, 0
        while left:
            commands = {key: command(w.workflow_id, self.way, self.run.name) for key, w in left.items()}
            results, errors = await send(self.asker, commands)
            answered = {key: judge(key, results, errors) for key in left}
            if halt := next((each.halt for each in answered.values() if each.halt), ""):
                ended = [key for key, each in answered.items() if each.fate is not None]
                return [*outcomes, *(StopOutcome(left[key], Fate.ENDED) for key in ended)], halt
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
        running = await who_runs(self.asker, unsure)
        outcomes = []
        for key, workflow in workflows.items():
            fate = answered[key].fate
            if fate is None:
                fate = Fate.REFUSED if workflow.workflow_id in running else Fate.GONE
            outcomes.append(StopOutcome(workflow, fate, answered[key].text if fate is Fate.REFUSED else ""))
        return outcomes
