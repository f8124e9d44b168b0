"""`launcher run --dry-run`: everything short of starting."""

from __future__ import annotations

import time
from collections import Counter

from launcher.cli.console import Console
from launcher.cli.options import GlobalOptions
from launcher.core.columns import MappingError
from launcher.core.model import Start, State
from launcher.core.plan import Claim, Planned, Planner
from launcher.core.summary import Cause, Counts, Ending, Exit, Summary
from launcher.engine import Candidates, Job
from launcher.ledger import Ledger
from launcher.sheets import Table

_EXAMPLES = 3


async def refuse_duplicates(candidates: Candidates, table: Table) -> None:
    """Raises MappingError where two rows of the file have the same start key; names the first two."""
    seen: dict[str, int] = {}
    for chunk in table.chunks():
        for start in await candidates.of(chunk):
            if not isinstance(start, Start):
                continue
            first = seen.setdefault(start.start_key, start.row_number)
            if first != start.row_number:
                raise MappingError(
                    f"rows {first} and {start.row_number} are the same start, on {start.document.element_id}; "
                    "mend the file, or say duplicates: skip in the job"
                )


async def show_plan(
    said: GlobalOptions, ledger: Ledger, job: Job, rows: Candidates, table: Table, *, file: str, portal: str
) -> int:
    """Show what a run would do, and give the exit code; nothing is sent and nothing is written."""
    planner = Planner(
        run_id=0, run="this run", started_before=job.started_before, now=time.time(), limit=job.limit
    )
    planned_already: dict[str, Claim] = {}
    states: Counter[State] = Counter()
    causes: dict[tuple[State, str], list[Planned]] = {}
    examples: list[Start] = []
    for chunk in table.chunks():
        candidates = await rows.of(chunk)
        keys = [candidate.start_key for candidate in candidates if isinstance(candidate, Start)]
        claims = await ledger.claims(keys)
        for plan in planner.plan(candidates, claims | planned_already):
            states[plan.state] += 1
            if plan.start is None:
                causes.setdefault((plan.state, plan.code), []).append(plan)
                continue
            planned_already[plan.start.start_key] = _claim(plan)
            if len(examples) < _EXAMPLES:
                examples.append(plan.start)
    summary = Summary(
        run="",
        job=job.name,
        file=file,
        portal=portal,
        ending=Ending.FINISHED,
        counts=Counts(states),
        requests=0,
        seconds=0.0,
        causes=_most_frequent(causes),
    )
    code = Exit.SOME_NOT_STARTED if states[State.INVALID] else Exit.ALL_STARTED
    Console(said).show_plan(summary, examples, code)
    return int(code)


def _claim(plan: Planned) -> Claim:
    return Claim(run_id=0, run="this run", row_number=plan.row_number, state=State.PENDING)


def _most_frequent(causes: dict[tuple[State, str], list[Planned]]) -> tuple[Cause, ...]:
    found = [
        Cause(state=state, code=code, text=plans[0].reason, rows=len(plans), first_row=plans[0].row_number)
        for (state, code), plans in causes.items()
    ]
    return tuple(sorted(found, key=lambda cause: (-cause.rows, cause.first_row))[:10])
