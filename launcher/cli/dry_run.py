"""`launcher run --dry-run`: everything short of starting."""

from __future__ import annotations

from collections import Counter

from launcher.cli.console import Console
from launcher.cli.options import GlobalOptions
from launcher.core.model import Start, State
from launcher.core.plan import Planned
from launcher.core.summary import Cause, Counts, Ending, Exit, Summary
from launcher.engine.candidates import Candidates
from launcher.engine.job import Job
from launcher.engine.rehearsal import rehearse
from launcher.ledger import Ledger
from launcher.sheets import Table

_EXAMPLES = 3


async def show_plan(
    said: GlobalOptions, ledger: Ledger, job: Job, rows: Candidates, table: Table, *, file: str, portal: str
) -> int:
    """Show what a run would do, and give the exit code; nothing is sent and nothing is written."""
    states: Counter[State] = Counter()
    causes: dict[tuple[State, str], list[Planned]] = {}
    examples: list[Start] = []
    async for plans in rehearse(ledger, job, rows, table):
        for plan in plans:
            states[plan.state] += 1
            if plan.start is None:
                causes.setdefault((plan.state, plan.code), []).append(plan)
            elif len(examples) < _EXAMPLES:
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


def _most_frequent(causes: dict[tuple[State, str], list[Planned]]) -> tuple[Cause, ...]:
    found = [
        Cause(state=state, code=code, text=plans[0].reason, rows=len(plans), first_row=plans[0].row_number)
        for (state, code), plans in causes.items()
    ]
    return tuple(sorted(found, key=lambda cause: (-cause.rows, cause.first_row))[:10])
