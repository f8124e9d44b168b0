"""Plans a whole file as a run would, and writes and sends nothing."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

from launcher.core.columns import MappingError
from launcher.core.model import Start, State
from launcher.core.plan import Claim, Planned, Planner, keys_of
from launcher.engine.candidates import Candidates
from launcher.engine.job import Job
from launcher.ledger import Ledger
from launcher.sheets import Table


async def rehearse(
    ledger: Ledger, job: Job, candidates: Candidates, table: Table
) -> AsyncIterator[list[Planned]]:
    """The plans for the file's rows, a chunk at a time. Raises PortalError, LedgerError, SheetError."""
    planner = Planner(run_id=0, started_before=job.started_before, now=time.time(), limit=job.limit)
    planned_already: dict[str, Claim] = {}
    async for chunk in table.stream():
        rows = await candidates.of(chunk)
        claims = await ledger.claims(keys_of(rows))
        plans = planner.plan(rows, claims | planned_already)
        for plan in plans:
            if plan.start is not None:
                planned_already[plan.start.start_key] = Claim(
                    run_id=0, run="this run", row_number=plan.row_number, state=State.PENDING
                )
        yield plans


async def refuse_duplicates(candidates: Candidates, table: Table) -> None:
    """Raises MappingError where two rows of the file have the same start key; names the first two."""
    seen: dict[str, int] = {}
    async for chunk in table.stream():
        for start in await candidates.of(chunk):
            if not isinstance(start, Start):
                continue
            first = seen.setdefault(start.start_key, start.row_number)
            if first != start.row_number:
                raise MappingError(
                    f"rows {first} and {start.row_number} are the same start, on {start.document.element_id}; "
                    "mend the file, or say duplicates: skip in the job"
                )
