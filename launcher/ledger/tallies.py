"""What all runs of each job come to, for those who watch them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import and_, exists, func, select

from launcher.core.model import State
from launcher.core.summary import Counts, Ending, UnknownBefore
from launcher.ledger.ledger import Ledger
from launcher.ledger.model import RunRecord
from launcher.ledger.schema import dropped_rows, requests, rows, runs
from launcher.ledger.unknown_before import NONE_IS_UNKNOWN_BEFORE, unknown_before

_NO_SUCCESS = [state for state in State if state not in (State.STARTED, State.SKIPPED)]
"""A run with a row in one of these did not end with exit code 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """A job on a portal: its last run, and how often it ended how."""

    run: RunRecord
    counts: Counts
    unknown_before: tuple[UnknownBefore, ...]
    requests: int
    refused_requests: int
    lost_requests: int
    runs: Mapping[Ending, int]
    succeeded_at: float | None
    """When a run of it last started, or skipped on purpose, every row."""


async def tallies(ledger: Ledger) -> list[Tally]:
    """Return one for each job and portal that had a run."""
    by_ending = select(runs.c.job, runs.c.portal, runs.c.ending, func.count(), func.max(runs.c.id)).group_by(
        runs.c.job, runs.c.portal, runs.c.ending
    )
    endings: dict[tuple[str, str], dict[Ending, int]] = {}
    last: dict[tuple[str, str], int] = {}
    ended, succeeded_at = await ledger.database.read(
        lambda connection: (connection.execute(by_ending).all(), connection.execute(_SUCCEEDED).all())
    )
    for job, portal, ending, count, run_id in ended:
        endings.setdefault((job, portal), {})[Ending(ending)] = count
        last[job, portal] = max(run_id, last.get((job, portal), 0))
    succeeded = {(job, portal): at for job, portal, at in succeeded_at}
    return [
        await _tally(ledger, run_id, endings[job], succeeded.get(job)) for job, run_id in sorted(last.items())
    ]


_SUCCEEDED = (
    select(runs.c.job, runs.c.portal, func.max(runs.c.ended_at))
    .where(
        runs.c.ending == Ending.FINISHED,
        ~exists().where(and_(rows.c.run_id == runs.c.id, rows.c.state.in_(_NO_SUCCESS))),
        ~exists().where(and_(dropped_rows.c.run_id == runs.c.id, dropped_rows.c.state.in_(_NO_SUCCESS))),
        NONE_IS_UNKNOWN_BEFORE,
    )
    .group_by(runs.c.job, runs.c.portal)
)


async def _tally(
    ledger: Ledger, run_id: int, endings: Mapping[Ending, int], succeeded_at: float | None
) -> Tally:
    run = await ledger.run(run_id)
    assert run is not None  # noqa: S101  runs are never deleted
    own = requests.c.run_id == run_id
    refused = (
        select(func.count())
        .select_from(requests)
        .where(own, requests.c.outcome.like("HTTP %"), requests.c.outcome.not_like("HTTP 200%"))
    )
    lost = select(func.count()).select_from(requests).where(own, requests.c.outcome.like("lost:%"))
    return Tally(
        run=run,
        counts=await ledger.counts(run_id),
        unknown_before=await unknown_before(ledger, run_id),
        requests=await ledger.requests(run_id),
        refused_requests=int(await ledger.database.scalar(refused)),
        lost_requests=int(await ledger.database.scalar(lost)),
        runs=endings,
        succeeded_at=succeeded_at,
    )
