"""Old nights and messages about them go, and what anybody still asks for stays.

Of each job on each portal its last night stays, and from the last night on that settled a due time all of them:
`core.due` goes by these, and none before that changes what it says. A message stays while it is tried or shown,
and a draft, with its night, until somebody has been told.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Table, and_, case, delete, func, not_, or_, select

from launcher.core.summary import Exit
from launcher.ledger.ledger import Ledger
from launcher.ledger.schema import nights, notices

_MAY_GO_ON_S = 86_400.0
"""A night without an end may go on still for so long."""
_AT_ONCE = 2000
"""In one transaction: a run that writes at the same time hardly waits."""
_PAUSE_S = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Age:
    """What is old. Times are seconds since 1970."""

    now: float
    before: float
    """What ended before that is old."""
    tried_since: float
    """Messages made since then may still be tried, and are shown where they did not arrive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OldNights:
    """How many nights and messages that is."""

    nights: int
    messages: int

    def __bool__(self) -> bool:
        return bool(self.nights or self.messages)


async def old_nights(ledger: Ledger, age: Age) -> OldNights:
    """Return what `prune_nights` would drop."""

    def look(connection: Connection) -> OldNights:
        found = Counter[str]()
        for table, where in _old(connection, age):
            found[table.name] += connection.scalar(select(func.count()).select_from(table).where(where)) or 0
        return _as_old(found)

    return await ledger.database.read(look)


async def prune_nights(ledger: Ledger, age: Age) -> OldNights:
    """Drop them in small transactions; killed at any moment, the next time does the rest."""
    dropped = Counter[str]()
    for table, where in await ledger.database.read(lambda connection: _old(connection, age)):
        dropped[table.name] += await _drop(ledger, table, where)
    return _as_old(dropped)


def _as_old(found: Counter[str]) -> OldNights:
    return OldNights(nights=found[nights.name], messages=found[notices.name])


_Old = tuple[Table, ColumnElement[bool]]


def _old(connection: Connection, age: Age) -> list[_Old]:
    """Return which messages, and which nights of each job, are old."""
    settled = and_(
        nights.c.ended_at.is_not(None),
        # For whomever asks: an interrupted night settles a due time for some only.
        nights.c.exit_code.not_in((Exit.INTERRUPTED, Exit.PORTAL_IN_USE)),
        nights.c.due_at <= age.now,
    )
    of_jobs = select(
        nights.c.job,
        nights.c.portal,
        func.max(nights.c.begun_at).label("last_at"),
        func.max(case((settled, nights.c.begun_at))).label("settled_at"),
    ).group_by(nights.c.job, nights.c.portal)
    jobs = connection.execute(of_jobs).all()
    return [(notices, _old_messages(age)), *((nights, _old_nights(*job, age)) for job in jobs)]


def _old_messages(age: Age) -> ColumnElement[bool]:
    not_tried = notices.c.created_at < min(age.before, age.tried_since)
    return or_(
        and_(notices.c.state == "sent", notices.c.sent_at < age.before),
        and_(notices.c.state.in_(("waiting", "given up")), not_tried),
    )


def _old_nights(
    job: str, portal: str, last_at: float, settled_at: float | None, age: Age
) -> ColumnElement[bool]:
    asked_for: list[ColumnElement[bool]] = [nights.c.due_at.is_not(None)]
    if settled_at is not None:
        asked_for.append(nights.c.begun_at >= settled_at)
    return and_(
        nights.c.job == job,
        nights.c.portal == portal,
        nights.c.begun_at < last_at,
        not_(and_(*asked_for)),
        func.coalesce(nights.c.ended_at, nights.c.begun_at + _MAY_GO_ON_S) < age.before,
        nights.c.id.not_in(select(notices.c.night).where(notices.c.state == "draft")),
    )


async def _drop(ledger: Ledger, table: Table, where: ColumnElement[bool]) -> int:
    dropped, some = 0, select(table.c.id).where(where).order_by(table.c.id).limit(_AT_ONCE)
    while True:
        done = await ledger.database.execute(delete(table).where(table.c.id.in_(some)))
        dropped += done
        if done < _AT_ONCE:
            return dropped
        await asyncio.sleep(_PAUSE_S)
