"""The workflows that a run has started: stop those that still run, or watch them until none does."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from launcher.app.context import Context, Step
from launcher.app.documents import StopDocument, WatchDocument
from launcher.app.portals import ConnectedPortal, hold_portal_of_run, portal_of_run
from launcher.app.query import find_run
from launcher.core.model import State
from launcher.core.summary import Exit
from launcher.core.words import pluralize
from launcher.core.workflows import Termination, Watched, Way, of_rows
from launcher.engine.cancel import CancelToken
from launcher.engine.workflows import Watcher, WorkflowTerminator
from launcher.errors import PortalError, RunStoppedError
from launcher.ledger import LedgerError, PortalInUseError, RunRecord
from launcher.ledger.timeline import StartedWorkflow, StopOutcome, Stops


@dataclass(frozen=True, slots=True, kw_only=True)
class StopPlan:
    """Which workflows of a run would be stopped, as the portal listed them when it was planned."""

    run: RunRecord
    way: Way
    running: tuple[StartedWorkflow, ...]
    unknown: int
    """Rows that may have started too; without a workflow ID they are left alone."""


@dataclass(slots=True, kw_only=True)
class StopResult:
    """What became of each workflow of a plan."""

    plan: StopPlan
    outcomes: Counter[Termination] = field(default_factory=Counter)
    refused: list[StopOutcome] = field(default_factory=list)
    """Those that still run, and why."""
    is_interrupted: bool = False

    @property
    def exit_code(self) -> Exit:
        """INTERRUPTED, or whether all of them are over."""
        if self.is_interrupted:
            return Exit.INTERRUPTED
        return Exit.SOME_NOT_STARTED if self.refused else Exit.ALL_STARTED

    def to_dict(self) -> StopDocument:
        """Return the document of `--json`."""
        return {
            "run_id": self.plan.run.name,
            "portal": self.plan.run.portal,
            "way": self.plan.way.value,
            "running": len(self.plan.running),
            "ended": self.outcomes[Termination.ENDED],
            "gone": self.outcomes[Termination.GONE],
            "refused": len(self.refused),
            "errors": [
                {"row": one.workflow.row_number, "workflow_id": one.workflow.workflow_id, "error": one.text}
                for one in self.refused
            ],
            "exit_code": int(self.exit_code),
        }


def stop_command(run: str, way: Way) -> str:
    """Return the command that stops the workflows of that run in that way."""
    return f"launcher stop {run}" + (" --kill" if way is Way.KILL else "")


async def plan_stop(launcher: Context, name: str, way: Way = Way.TERMINATE) -> StopPlan:
    """Return which workflows of the run still run; stops none. Raises PortalInUseError, RunStoppedError."""
    record = await find_run(launcher, name)
    with _continued_by(stop_command(record.name, way)):
        async with hold_portal_of_run(launcher, record) as portal:
            running = await _terminator(portal, record, way, CancelToken()).still_running(
                lambda number: launcher.emit(Step(f"asking the portal about {pluralize(number, 'workflow')}"))
            )
            unknown = (await portal.ledger.counts(record.id))[State.UNKNOWN]
    return StopPlan(run=record, way=way, running=tuple(running), unknown=unknown)


async def stop_workflows(launcher: Context, plan: StopPlan, cancel: CancelToken | None = None) -> StopResult:
    """Stop the workflows of the plan, and no others. Raises PortalInUseError, RunStoppedError."""
    cancel, result = cancel or CancelToken(), StopResult(plan=plan)

    def note(outcomes: Sequence[StopOutcome]) -> None:
        result.outcomes.update(outcome.fate for outcome in outcomes)
        result.refused += [outcome for outcome in outcomes if outcome.fate is Termination.REFUSED]
        number = result.outcomes.total()
        launcher.emit(Step(f"{number:,} of {pluralize(len(plan.running), 'workflow')} seen to"))

    if plan.running:
        with _continued_by(stop_command(plan.run.name, plan.way)):
            async with hold_portal_of_run(launcher, plan.run) as portal:
                await _terminator(portal, plan.run, plan.way, cancel).end(plan.running, note)
    result.is_interrupted = cancel.is_set
    return result


def _terminator(
    portal: ConnectedPortal, record: RunRecord, way: Way, cancel: CancelToken
) -> WorkflowTerminator:
    return WorkflowTerminator(
        stops=Stops(portal.ledger.database), client=portal.client, run=record, way=way, cancel=cancel
    )


@contextmanager
def _continued_by(command: str) -> Iterator[None]:
    """Say in errors how to go on."""
    try:
        yield
    except PortalInUseError as error:
        raise PortalInUseError("stop-needs-portal", reason=error, command=command) from None
    except (PortalError, LedgerError) as error:
        raise RunStoppedError("stop-interrupted", reason=error, command=command) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchRequest:
    """A run whose workflows are to be watched."""

    run: str | None = None
    every_s: float = 10.0
    """Less often while nothing changes, at least every five minutes."""
    timeout_s: float | None = None


@dataclass(frozen=True, slots=True)
class WatchResult:
    """What was seen last; None if the portal did not answer in time."""

    run: RunRecord
    seen: Watched | None
    seconds: float

    @property
    def exit_code(self) -> Exit:
        """ALL_STARTED if no workflow runs any more."""
        return Exit.ALL_STARTED if self.seen is not None and not self.seen.running else Exit.SOME_NOT_STARTED

    def to_dict(self) -> WatchDocument:
        """Return the document of `--json`."""
        known = self.seen or Watched()
        return {
            "run_id": self.run.name,
            "portal": self.run.portal,
            "started": known.started,
            "running": None if self.seen is None else known.running,
            "stuck": len(known.stuck),
            "stuck_workflows": of_rows(known.stuck),
            "seconds": round(self.seconds, 3),
            "exit_code": int(self.exit_code),
        }


async def watch(launcher: Context, request: WatchRequest) -> AsyncIterator[Watched | PortalError]:
    """Give what is seen at each look, or why nothing could be, until no workflow runs or the time is over.

    Changes nothing, and does not hold the portal. Raises InputError, PortalError.
    """
    record = await find_run(launcher, request.run)
    async with portal_of_run(launcher, record) as portal:
        watcher = Watcher(
            ledger=portal.ledger,
            client=portal.client,
            run=record,
            every_s=request.every_s,
            timeout_s=request.timeout_s,
            give_up_after_s=portal.config.give_up_after,
        )
        async for seen in watcher.watch():
            yield seen
