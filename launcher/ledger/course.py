"""What the ledger keeps of a run's course over time: its waits; and its answers, counted by time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Integer, cast, func, insert, or_, select

from launcher.core.course import Answers, Wait
from launcher.core.model import State
from launcher.ledger.database import Database
from launcher.ledger.schema import attempts, requests, runs, waits


class CourseKeeping:
    """The part of the ledger that knows of time."""

    _database: Database

    async def add_waits(self, run_id: int, new: Sequence[Wait]) -> None:
        """Record how the run has waited."""
        values = [
            {"run_id": run_id, "reason": wait.reason, "began_at": wait.began_at, "seconds": wait.seconds}
            for wait in new
        ]
        await self._database.execute(insert(waits), values)

    async def waits(self, run_id: int) -> list[Wait]:
        """Return the run's waits by their time. Each lasts a second or more, so there are never very many."""
        query = (
            select(waits.c.reason, waits.c.began_at, waits.c.seconds)
            .where(waits.c.run_id == run_id)
            .order_by(waits.c.began_at, waits.c.id)
        )
        return [Wait(row.reason, row.began_at, row.seconds) for row in await self._database.fetch(query)]

    async def answered_between(self, run_id: int) -> tuple[float, float] | None:
        """Return when the run's first and last verdicts were recorded; None if it has none."""
        query = select(func.min(attempts.c.at), func.max(attempts.c.at)).where(attempts.c.run_id == run_id)
        [(first, last)] = await self._database.fetch(query)
        return None if first is None else (first, last)

    async def answered_since(self, portal: str, since: float, *, most: int) -> list[float | None]:
        """Return when the requests sent to that portal since then were answered; None: no response received.

        Of each run its last ones, about so many at the most.
        """
        of_run = requests.alias()
        last = select(func.max(of_run.c.number)).where(of_run.c.run_id == runs.c.id).scalar_subquery()
        query = (
            select(requests.c.answered_at)
            .select_from(runs)
            # By number, which has an index; the times have none.
            .join(requests, (requests.c.run_id == runs.c.id) & (requests.c.number > last - most))
            .where(
                runs.c.portal == portal,
                or_(runs.c.ended_at.is_(None), runs.c.ended_at > since),
                requests.c.sent_at > since,
            )
        )
        return await self._database.scalars(query)

    async def answers(self, run_id: int, *, slot_s: int) -> list[Answers]:
        """Return how many verdicts of each state every slot of that width has, if it has any."""
        slot = self._whole(attempts.c.at / float(slot_s)).label("slot")
        query = (
            select(slot, attempts.c.state, func.count().label("how_many"))
            .where(attempts.c.run_id == run_id)
            .group_by(slot, attempts.c.state)
            .order_by(slot)
        )
        return [
            Answers(float(row.slot * slot_s), State(row.state), row.how_many)
            for row in await self._database.fetch(query)
        ]

    def _whole(self, number: ColumnElement[Any]) -> ColumnElement[int]:
        """Return the number without its fraction. SQLite may lack floor(), and PostgreSQL's cast rounds."""
        return cast(number if self._database.file is not None else func.floor(number), Integer)
