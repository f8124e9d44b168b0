"""What the ledger keeps beside a run's rows: waits and answers over time, and workflows that were ended."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    and_,
    bindparam,
    cast,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from launcher.core.model import State
from launcher.core.timeline import Answers, Wait
from launcher.core.workflows import OVER, Termination, Way
from launcher.ledger.database import Database
from launcher.ledger.reading import PAGE
from launcher.ledger.schema import attempts, requests, rows, runs, stops, waits


class TimelineRecords:
    """The part of the ledger that knows of time."""

    database: Database

    async def add_waits(self, run_id: int, new: Sequence[Wait]) -> None:
        """Record how the run has waited."""
        if new:
            await self.database.execute(insert(waits), [{"run_id": run_id, **asdict(wait)} for wait in new])

    async def waits(self, run_id: int) -> list[Wait]:
        """Return the run's waits by their time. Each lasts a second or more, so there are never very many."""
        query = (
            select(waits.c.reason, waits.c.began_at, waits.c.seconds)
            .where(waits.c.run_id == run_id)
            .order_by(waits.c.began_at, waits.c.id)
        )
        return [Wait(row.reason, row.began_at, row.seconds) for row in await self.database.fetch(query)]

    async def answered_between(self, run_id: int) -> tuple[float, float] | None:
        """Return when the run's first and last verdicts were recorded; None if it has none."""
        query = select(func.min(attempts.c.at), func.max(attempts.c.at)).where(attempts.c.run_id == run_id)
        [(first, last)] = await self.database.fetch(query)
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
        return await self.database.scalars(query)

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
            for row in await self.database.fetch(query)
        ]

    def _whole(self, number: ColumnElement[Any]) -> ColumnElement[int]:
        """Return the number without its fraction. SQLite may lack floor(), and PostgreSQL's cast rounds."""
        return cast(number if self.database.file is not None else func.floor(number), Integer)


@dataclass(frozen=True, slots=True)
class StartedWorkflow:
    """A workflow that a run has started."""

    row_number: int
    workflow_id: str


@dataclass(frozen=True, slots=True)
class StopOutcome:
    """What became of a workflow that was to be ended."""

    workflow: StartedWorkflow
    fate: Termination
    text: str = ""


class Stops:
    """Written as the ledger is: what a method has written is on disk when it returns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def not_over(self, run_id: int, *, after_row: int = 0) -> list[StartedWorkflow]:
        """Return the run's next started workflows by row, at most 2,000, except those known to be over."""
        of_it = and_(stops.c.run_id == rows.c.run_id, stops.c.workflow_id == rows.c.workflow_id)
        query = (
            select(rows.c.row_number, rows.c.workflow_id)
            .outerjoin(stops, of_it)
            .where(rows.c.run_id == run_id, rows.c.state == State.STARTED, rows.c.row_number > after_row)
            .where(or_(stops.c.fate.is_(None), stops.c.fate.not_in(sorted(OVER))), rows.c.workflow_id != "")
            .order_by(rows.c.row_number)
            .limit(PAGE)
        )
        return [StartedWorkflow(row.row_number, row.workflow_id) for row in await self._database.fetch(query)]

    async def ask(self, run_id: int, workflows: Sequence[StartedWorkflow], way: Way) -> None:
        """Record that the portal is about to be asked to end these, no two of them the same."""
        keys = [{"b_run": run_id, "b_id": workflow.workflow_id} for workflow in workflows]
        same = {"run_id": run_id, "way": way, "fate": Termination.ASKED, "asked_at": time.time()}
        asked = [same | asdict(workflow) for workflow in workflows]

        def replace(connection: Connection) -> None:
            connection.execute(delete(stops).where(_THIS), keys)
            connection.execute(insert(stops), asked)

        await self._database.write(replace)

    async def settle(self, run_id: int, settled: Sequence[StopOutcome]) -> None:
        """Record what became of these, which were asked for."""
        if not settled:
            return
        change = update(stops).where(_THIS).values(
            fate=bindparam("b_fate"), text=bindparam("b_text"), settled_at=time.time()
        )  # fmt: skip
        values = [
            {"b_run": run_id, "b_id": one.workflow.workflow_id, "b_fate": one.fate, "b_text": one.text}
            for one in settled
        ]
        await self._database.execute(change, values)

    async def still_asked(self, run_id: int) -> set[str]:
        """Return the IDs of those that the portal was asked to end and of which nothing is known yet."""
        asked = and_(stops.c.run_id == run_id, stops.c.fate == Termination.ASKED)
        return set(await self._database.scalars(select(stops.c.workflow_id).where(asked)))

    async def counts(self, run_id: int) -> Mapping[tuple[Way, Termination], int]:
        """Return how many of the run's workflows were to be ended in which way, and what became of them."""
        query = (
            select(stops.c.way, stops.c.fate, func.count())
            .where(stops.c.run_id == run_id)
            .group_by(stops.c.way, stops.c.fate)
        )
        return {(Way(way), Termination(fate)): count for way, fate, count in await self._database.fetch(query)}


_THIS = and_(stops.c.run_id == bindparam("b_run"), stops.c.workflow_id == bindparam("b_id"))
