"""Rows that a run skipped because an earlier run may have started them, as long as nobody knows."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from launcher.core.model import State
from launcher.core.plan import UNKNOWN_BEFORE
from launcher.core.states import MAY_HAVE_STARTED
from launcher.core.summary import UnknownBefore
from launcher.ledger.model import run_name
from launcher.ledger.reading import Reading
from launcher.ledger.schema import claims, rows, runs

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
