"""Old runs lose what nobody needs any more, and keep what protects against starting twice.

Of a finished run, rows that certainly did not start are dropped and counted. A row that started keeps its
start key, document, workflow ID and time: a later run of the same file must find it, and reconciling must know
whose a workflow is. A row that is unknown is kept whole, for nobody knows yet. A run that is not finished is
not touched.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection, Select, delete, func, insert, or_, select, update

from launcher.core.model import State
from launcher.core.states import MAY_HAVE_STARTED, SENDABLE, UNSETTLED
from launcher.core.summary import Counts, Ending
from launcher.core.words import pluralize
from launcher.ledger.ledger import Ledger
from launcher.ledger.model import RunRecord
from launcher.ledger.reading import run_of
from launcher.ledger.schema import attempts, claims, dropped_rows, requests, rows, runs, waits

DROPPED = sorted(set(State) - MAY_HAVE_STARTED - SENDABLE)
"""Rows that certainly did not start, and that no run sends any more."""

_AT_ONCE = 2000
"""Rows in one transaction, some ten milliseconds: a run that writes at the same time hardly waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prunable:
    """An old run, and what pruning makes of it."""

    run: RunRecord
    counts: Counts

    @property
    def not_over(self) -> str:
        """Why it is not touched; empty if it is pruned."""
        waiting = sum(self.counts[state] for state in UNSETTLED)
        if waiting:
            return f"it is not finished, {pluralize(waiting, 'row')} to send"
        return "" if self.run.ending is Ending.FINISHED and self.run.loaded else "it is not finished"

    @property
    def dropped(self) -> int:
        return 0 if self.not_over else sum(self.counts[state] for state in DROPPED)

    @property
    def emptied(self) -> int:
        return 0 if self.not_over else self.counts[State.STARTED]

    @property
    def kept(self) -> int:
        return self.counts.total - self.dropped - self.emptied


async def prunable(ledger: Ledger, *, before: float) -> list[Prunable]:
    """Return the runs that ended before that time, since 1970, and were not pruned since; oldest first."""
    ended_at = func.coalesce(runs.c.ended_at, runs.c.created_at)
    query = (
        select(runs)
        .where(ended_at < before, or_(runs.c.pruned_at.is_(None), runs.c.pruned_at < ended_at))
        .order_by(runs.c.id)
    )
    found = [run_of(row) for row in await ledger.database.fetch(query)]
    return [Prunable(run=run, counts=await ledger.counts(run.id)) for run in found]


async def prune(ledger: Ledger, run_id: int) -> bool:
    """Prune that run in small transactions; False if it was resumed, and is left as it is from then on.

    Killed at any moment, what it has done so far is whole, and the next time does the rest.
    """
    return (
        await _in_steps(ledger, run_id, DROPPED, _drop)
        and await _in_steps(ledger, run_id, (State.STARTED,), _empty)
        and await _finish(ledger, run_id)
    )


_Change = Callable[[Connection, int, Sequence[int]], None]
"""What is done to rows of a run with these numbers."""


async def _in_steps(ledger: Ledger, run_id: int, states: Sequence[State], change: _Change) -> bool:
    in_states = (
        select(rows.c.row_number)
        .where(rows.c.run_id == run_id, rows.c.state.in_(states))
        .order_by(rows.c.row_number)
        .limit(_AT_ONCE)
    )
    last_row = 0
    while True:
        began = time.monotonic()
        step = partial(_step, run_id=run_id, query=in_states.where(rows.c.row_number > last_row), change=change)
        changed = await ledger.database.write(step)
        if not changed:
            return changed is not None
        last_row = changed[-1]
        await _pause(time.monotonic() - began)


def _step(connection: Connection, *, run_id: int, query: Select[int], change: _Change) -> Sequence[int] | None:
    """Change the rows that the query finds; return their numbers, or None if the run was resumed."""
    if not _is_over(connection, run_id):
        return None
    if some := connection.scalars(query).all():
        change(connection, run_id, some)
    return some


async def _pause(taken_s: float) -> None:
    """Let others write: SQLite has no queue, and whoever comes back at once keeps them out."""
    await asyncio.sleep(max(0.01, taken_s))


def _is_over(connection: Connection, run_id: int) -> bool:
    """Return whether it is still finished; from here on its results are no longer to be had."""
    begun = connection.execute(
        update(runs).where(runs.c.id == run_id, runs.c.ending == Ending.FINISHED).values(pruned_at=0)
    )
    return bool(begun.rowcount)


def _drop(connection: Connection, run_id: int, some: Sequence[int]) -> None:
    # Once more by state: on PostgreSQL a `retry` may have made one of them pending since it was looked for.
    dropped = connection.execute(
        delete(rows)
        .where(rows.c.run_id == run_id, rows.c.row_number.in_(some), rows.c.state.in_(DROPPED))
        .returning(rows.c.row_number, rows.c.state, rows.c.start_key)
    ).all()
    numbers = [row.row_number for row in dropped]
    connection.execute(
        delete(claims).where(
            claims.c.start_key.in_([row.start_key for row in dropped if row.start_key is not None]),
            claims.c.run_id == run_id,
            claims.c.row_number.in_(numbers),
        )
    )
    _forget_attempts(connection, run_id, numbers)
    for state, count in Counter(row.state for row in dropped).items():
        this = (dropped_rows.c.run_id == run_id) & (dropped_rows.c.state == state)
        more = connection.execute(update(dropped_rows).where(this).values(rows=dropped_rows.c.rows + count))
        if not more.rowcount:
            connection.execute(insert(dropped_rows), {"run_id": run_id, "state": state, "rows": count})


def _empty(connection: Connection, run_id: int, some: Sequence[int]) -> None:
    connection.execute(
        update(rows)
        .where(rows.c.run_id == run_id, rows.c.row_number.in_(some), rows.c.state == State.STARTED)
        .values(cells="[]", kinds="", parameters=None, error="")
    )
    _forget_attempts(connection, run_id, some)


def _forget_attempts(connection: Connection, run_id: int, numbers: Sequence[int]) -> None:
    connection.execute(delete(attempts).where(attempts.c.run_id == run_id, attempts.c.row_number.in_(numbers)))


async def _finish(ledger: Ledger, run_id: int) -> bool:
    """Drop the requests that no unknown row was in; the last stays: its number says how many there were."""
    own = requests.c.run_id == run_id
    last = select(func.max(requests.c.number)).where(own).scalar_subquery()
    needed = select(rows.c.request_number).where(
        rows.c.run_id == run_id, rows.c.state == State.UNKNOWN, rows.c.request_number.is_not(None)
    )

    def write(connection: Connection) -> bool:
        if not _is_over(connection, run_id):
            return False
        connection.execute(
            delete(requests).where(own, requests.c.number < last, requests.c.number.not_in(needed))
        )
        connection.execute(delete(waits).where(waits.c.run_id == run_id))
        connection.execute(update(runs).where(runs.c.id == run_id).values(pruned_at=time.time()))
        return True

    return await ledger.database.write(write)


async def compact(ledger: Ledger) -> None:
    """Give the space of dropped rows back to the disk. Nobody else can write meanwhile."""
    on_file = ledger.database.file is not None
    statements = ("vacuum", "pragma wal_checkpoint(truncate)") if on_file else ("vacuum full",)

    def write(connection: Connection) -> None:
        for statement in statements:
            connection.exec_driver_sql(statement)

    # Neither database does it inside a transaction.
    await ledger.database.maintain(write)


async def portals(ledger: Ledger) -> list[str]:
    """Return the portals that the ledger has runs on."""
    return await ledger.database.scalars(select(runs.c.portal).distinct().order_by(runs.c.portal))
