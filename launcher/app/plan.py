"""What a run would do, without doing it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from launcher.app.context import Context
from launcher.app.documents import DryRunDocument
from launcher.app.guards import refuse_other_ledger, refuse_second_ledger
from launcher.app.jobs import choose_job, with_file_of_job
from launcher.app.portals import access_of, connected
from launcher.app.requests import RunRequest
from launcher.app.runs import open_request, resolved
from launcher.core.model import Start, State
from launcher.core.plan import Planned
from launcher.core.summary import Cause, Counts, Ending, Exit, Summary
from launcher.engine.cancel import CancelToken
from launcher.engine.rehearsal import rehearse

_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What a run would come to; its pending rows are those that it would start."""

    summary: Summary
    examples: tuple[Start, ...]
    """The first starts."""

    @property
    def exit_code(self) -> Exit:
        """That of a dry run."""
        return Exit.SOME_NOT_STARTED if self.summary.counts[State.INVALID] else Exit.ALL_STARTED

    def to_dict(self) -> DryRunDocument:
        """Return the document of `--json`."""
        return {**self.summary.to_dict(), "exit_code": int(self.exit_code), "dry_run": True}


async def plan(launcher: Context, request: RunRequest) -> RunPlan:
    """Return what a run would do; nothing is sent and nothing is written. Raises as `run` does."""
    request = with_file_of_job(launcher.settings, request)
    chosen = choose_job(launcher.settings, request)
    access = access_of(chosen.portal)
    given, table = await open_request(launcher, request)
    async with connected(launcher, access, chosen.portal) as portal:
        await refuse_second_ledger(launcher, portal.ledger, portal.name)
        await refuse_other_ledger(portal.ledger, request, given, table, None)
        job, candidates = await resolved(portal, chosen, request, given, table, CancelToken())
        states: Counter[State] = Counter()
        causes: dict[tuple[State, str], list[Planned]] = {}
        examples: list[Start] = []
        async for plans in rehearse(portal.ledger, job, candidates, table):
            for one in plans:
                states[one.state] += 1
                if one.start is None:
                    causes.setdefault((one.state, one.code), []).append(one)
                elif len(examples) < _EXAMPLES:
                    examples.append(one.start)
        summary = Summary(
            run="",
            job=job.name,
            file=given.shown,
            portal=portal.name,
            ending=Ending.FINISHED,
            counts=Counts(states),
            requests=0,
            seconds=0.0,
            causes=_most_frequent(causes),
        )
    return RunPlan(summary, tuple(examples))


def _most_frequent(causes: dict[tuple[State, str], list[Planned]]) -> tuple[Cause, ...]:
    found = [
        Cause(state=state, code=code, text=plans[0].reason, rows=len(plans), first_row=plans[0].row_number)
        for (state, code), plans in causes.items()
    ]
    return tuple(sorted(found, key=lambda cause: (-cause.rows, cause.first_row))[:10])
