"""What all runs of each job come to, for those who watch them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from launcher.core.model import State
from launcher.core.plan import UNKNOWN_BEFORE
from launcher.core.states import MAY_HAVE_STARTED
from launcher.core.summary import Counts, Ending, UnknownBefore
from launcher.ledger.ledger import Ledger
from launcher.ledger.model import RunRecord, run_name
from launcher.ledger.reading import Reading
from launcher.ledger.schema import claims, dropped_rows, requests, rows, runs

_NOBODY_KNOWS = sorted(MAY_HAVE_STARTED - {State.STARTED})

_skipped, _earlier = rows.alias("skipped"), rows.alias("earlier")
_any_run, _any_row = runs.alias("any_run"), rows.alias("any_row")

_SOME_ARE_UNKNOWN = exists().where(_any_row.c.run_id == _any_run.c.id, _any_row.c.state.in_(_NOBODY_KNOWS))
"""Mostly no run has unknown rows, and then no skipped row need be looked at."""


def _still_unknown(run_id: ColumnElement[int] | int) -> ColumnElement[bool]:
    """Return the condition that the run skipped the row, and the present owner of its start key is unknown."""
    return and_(
        _skipped.c.run_id == run_id,
        _skipped.c.state == State.SKIPPED,
        _skipped.c.error_code == UNKNOWN_BEFORE,
        claims.c.start_key == _skipped.c.start_key,
        _earlier.c.run_id == claims.c.run_id,
        _earlier.c.row_number == claims.c.row_number,
        _earlier.c.state.in_(_NOBODY_KNOWS),
    )


NONE_IS_UNKNOWN_BEFORE = or_(~_SOME_ARE_UNKNOWN, ~exists().where(_still_unknown(runs.c.id)).correlate(runs))
"""Of a run, in a statement that selects runs: none of the rows that it skipped is still unknown."""


async def unknown_before(ledger: Reading, run_id: int) -> tuple[UnknownBefore, ...]:
    """Return how many rows that the run skipped are still unknown, by the earlier run; the oldest first."""
    query = (
        select(_earlier.c.run_id, func.count())
        .where(_SOME_ARE_UNKNOWN, _still_unknown(run_id))
        .group_by(_earlier.c.run_id)
        .order_by(_earlier.c.run_id)
    )
    found = await ledger.database.fetch(query)
    return tuple(UnknownBefore(run_name(number), count) for number, count in found)


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
    outcome = requests.c.outcome
    query = select(
        func.count().filter(outcome.like("HTTP %"), outcome.not_like("HTTP 200%")),
        func.count().filter(outcome.like("lost:%")),
    )
    [(refused, lost)] = await ledger.database.fetch(query.where(requests.c.run_id == run_id))
    return Tally(
        run=run,
        counts=await ledger.counts(run_id),
        unknown_before=await unknown_before(ledger, run_id),
        requests=await ledger.requests(run_id),
        refused_requests=refused,
        lost_requests=lost,
        runs=endings,
        succeeded_at=succeeded_at,
    )
