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
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from launcher.core.model import State
from launcher.core.summary import Counts, Ending
from launcher.core.words import counted
from launcher.ledger.errors import in_words
from launcher.ledger.ledger import Ledger
from launcher.ledger.model import RunRecord
from launcher.ledger.reading import run_of
from launcher.ledger.schema import attempts, claims, dropped_rows, requests, rows, runs, waits

DROPPED = (State.FAILED, State.INVALID, State.SKIPPED)
"""Rows that certainly did not start, and that no run sends any more."""

_WAITING = (State.PENDING, State.DEFERRED, State.SENT)
"""While a run has one of these, it is not over."""

_AT_ONCE = 2000
"""Rows in one transaction, some ten milliseconds: a run that writes at the same time hardly waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prunable:
    """An old run, and what pruning makes of it."""

    run: RunRecord
    counts: Counts
    not_over: str
    """Why it is not touched; empty where it is pruned."""

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
    """The runs that ended before that time, in seconds since 1970, and were not pruned since; oldest first."""
    ended_at = func.coalesce(runs.c.ended_at, runs.c.created_at)
    query = (
        select(runs)
        .where(ended_at < before, or_(runs.c.pruned_at.is_(None), runs.c.pruned_at < ended_at))
        .order_by(runs.c.id)
    )
    async with ledger.database.reading() as connection:
        found = [run_of(row) for row in await connection.execute(query)]
    return [await _looked_at(ledger, run) for run in found]


async def _looked_at(ledger: Ledger, run: RunRecord) -> Prunable:
    counts = await ledger.counts(run.id)
    return Prunable(run=run, counts=counts, not_over=_not_over(run, counts))


def _not_over(run: RunRecord, counts: Counts) -> str:
    waiting = sum(counts[state] for state in _WAITING)
    if run.ending is Ending.FINISHED and run.loaded and not waiting:
        return ""
    return f"it is not finished, {counted(waiting, 'row')} to send" if waiting else "it is not finished"


async def prune(ledger: Ledger, run_id: int) -> bool:
    """Prune that run in small transactions; False where it goes on again, and is left as it is from then on.

    Killed at any moment, what it has done so far is whole, and the next time does the rest.
    """
    return (
        await _in_steps(ledger, run_id, DROPPED, _drop)
        and await _in_steps(ledger, run_id, (State.STARTED,), _empty)
        and await _finish(ledger, run_id)
    )


_Change = Callable[[AsyncConnection, int, Sequence[int]], Awaitable[None]]
"""What is done to rows of a run with these numbers."""


async def _in_steps(ledger: Ledger, run_id: int, states: Sequence[State], change: _Change) -> bool:
    last_row = 0
    while True:
        began = time.monotonic()
        async with ledger.database.writing() as connection:
            if not await _is_over(connection, run_id):
                return False
            query = (
                select(rows.c.row_number)
                .where(rows.c.run_id == run_id, rows.c.state.in_(states), rows.c.row_number > last_row)
                .order_by(rows.c.row_number)
                .limit(_AT_ONCE)
            )
            some = list(await connection.scalars(query))
            if not some:
                return True
            await change(connection, run_id, some)
            last_row = some[-1]
        await _pause(time.monotonic() - began)


async def _pause(taken_s: float) -> None:
    """SQLite has no queue for its one writer: whoever comes back at once keeps the others out."""
    await asyncio.sleep(max(0.01, taken_s))


async def _is_over(connection: AsyncConnection, run_id: int) -> bool:
    """Whether it is still finished; from here on its results are no longer to be had."""
    begun = await connection.execute(
        update(runs).where(runs.c.id == run_id, runs.c.ending == Ending.FINISHED).values(pruned_at=0)
    )
    return bool(begun.rowcount)


async def _drop(connection: AsyncConnection, run_id: int, some: Sequence[int]) -> None:
    # Once more by state: on PostgreSQL a `retry` may have made one of them pending since it was looked for.
    dropped = (
        await connection.execute(
            delete(rows)
            .where(rows.c.run_id == run_id, rows.c.row_number.in_(some), rows.c.state.in_(DROPPED))
            .returning(rows.c.row_number, rows.c.state, rows.c.start_key)
        )
    ).all()
    numbers = [row.row_number for row in dropped]
    await connection.execute(
        delete(claims).where(
            claims.c.start_key.in_([row.start_key for row in dropped if row.start_key is not None]),
            claims.c.run_id == run_id,
            claims.c.row_number.in_(numbers),
        )
    )
    await _forget_attempts(connection, run_id, numbers)
    for state, count in Counter(row.state for row in dropped).items():
        this = (dropped_rows.c.run_id == run_id) & (dropped_rows.c.state == state)
        more = await connection.execute(
            update(dropped_rows).where(this).values(rows=dropped_rows.c.rows + count)
        )
        if not more.rowcount:
            await connection.execute(insert(dropped_rows), {"run_id": run_id, "state": state, "rows": count})


async def _empty(connection: AsyncConnection, run_id: int, some: Sequence[int]) -> None:
    await connection.execute(
        update(rows)
        .where(rows.c.run_id == run_id, rows.c.row_number.in_(some), rows.c.state == State.STARTED)
        .values(cells="[]", kinds="", parameters=None, error="")
    )
    await _forget_attempts(connection, run_id, some)


async def _forget_attempts(connection: AsyncConnection, run_id: int, numbers: Sequence[int]) -> None:
    await connection.execute(
        delete(attempts).where(attempts.c.run_id == run_id, attempts.c.row_number.in_(numbers))
    )


async def _finish(ledger: Ledger, run_id: int) -> bool:
    """The requests go that no unknown row was in; the last stays, whose number says how many there were."""
    own = requests.c.run_id == run_id
    last = select(func.max(requests.c.number)).where(own).scalar_subquery()
    needed = select(rows.c.request_number).where(
        rows.c.run_id == run_id, rows.c.state == State.UNKNOWN, rows.c.request_number.is_not(None)
    )
    async with ledger.database.writing() as connection:
        if not await _is_over(connection, run_id):
            return False
        await connection.execute(
            delete(requests).where(own, requests.c.number < last, requests.c.number.not_in(needed))
        )
        await connection.execute(delete(waits).where(waits.c.run_id == run_id))
        await connection.execute(update(runs).where(runs.c.id == run_id).values(pruned_at=time.time()))
    return True


async def compact(ledger: Ledger) -> None:
    """Give the room of dropped rows back to the disk. Nobody else can write meanwhile."""
    with in_words(ledger.database.name):
        async with ledger.database.engine.connect() as connection:
            # Neither database does it inside a transaction.
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            if ledger.database.file is None:
                await connection.execute(text("vacuum full"))
            else:
                await connection.execute(text("vacuum"))
                await connection.execute(text("pragma wal_checkpoint(truncate)"))


async def portals(ledger: Ledger) -> list[str]:
    """The portals that the ledger has runs on."""
    async with ledger.database.reading() as connection:
        return list(await connection.scalars(select(runs.c.portal).distinct().order_by(runs.c.portal)))
