"""What the ledger tells of runs and rows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, case, func, literal_column, select, union_all

from launcher.core.batch import parts
from launcher.core.model import Document, State
from launcher.core.reconcile import LostRow
from launcher.core.summary import Cause, Counts, Ending
from launcher.ledger.database import Database
from launcher.ledger.model import RecordedRow, RunRecord
from launcher.ledger.schema import addresses, dropped_rows, requests, rows, runs
from launcher.ledger.statements import Prepared

PAGE = 2000

OWNED = select(rows.c.workflow_id).where(
    rows.c.workflow_id.in_(bindparam("ids", expanding=True)),
    # As the index says it: with a bound value the database could not know that the index has them all.
    rows.c.workflow_id != literal_column("''"),
    # An ID that the portal gave to more than one row is none's until it is found on one's document.
    rows.c.state == State.STARTED,
)
"""Those of some workflow IDs that a started row has."""

_REQUESTS_OF_LATE = 100


class Reading:
    """The half of the ledger that changes nothing."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def run(self, run_id: int) -> RunRecord | None:
        """Return that run, or None if there is none."""
        found = await self.database.fetch(select(runs).where(runs.c.id == run_id))
        return run_of(found[0]) if found else None

    async def last_runs(self, limit: int, *, portal: str | None = None) -> list[RunRecord]:
        """Return the last runs, the newest first."""
        query = select(runs).order_by(runs.c.id.desc()).limit(limit)
        if portal is not None:
            query = query.where(runs.c.portal == portal)
        return [run_of(row) for row in await self.database.fetch(query)]

    async def counts(self, run_id: int) -> Counts:
        """Return the run's rows by state, those included that were pruned."""
        here = select(rows.c.state, func.count()).where(rows.c.run_id == run_id).group_by(rows.c.state)
        gone = select(dropped_rows.c.state, dropped_rows.c.rows).where(dropped_rows.c.run_id == run_id)
        found: Counter[State] = Counter()
        for state, count in await self.database.fetch(union_all(here, gone)):
            found[State(state)] += count
        return Counts(found)

    async def requests(self, run_id: int) -> int:
        """Return how many requests the run has sent to start rows."""
        query = select(func.coalesce(func.max(requests.c.number), 0)).where(requests.c.run_id == run_id)
        return int(await self.database.scalar(query))

    async def start_cost_s(self, portal: str) -> float | None:
        """Return the seconds that a start on that portal took lately, the way included; None if unknown."""
        spans = (
            select(requests.c.answered_at - requests.c.sent_at, requests.c.rows)
            .join(runs, runs.c.id == requests.c.run_id)
            .where(
                runs.c.portal == portal, requests.c.answered_at.is_not(None), requests.c.outcome == "HTTP 200"
            )
            .order_by(requests.c.run_id.desc(), requests.c.number.desc())
            .limit(_REQUESTS_OF_LATE)
        )
        found = [(float(seconds), int(count)) for seconds, count in await self.database.fetch(spans)]
        started = sum(count for _, count in found)
        return sum(seconds for seconds, _ in found) / started if started else None

    async def last_row(self, run_id: int) -> int:
        """Return the last row of the file that the ledger has; 0 if it has none."""
        query = select(func.coalesce(func.max(rows.c.row_number), 0)).where(rows.c.run_id == run_id)
        return int(await self.database.scalar(query))

    async def causes(self, run_id: int, limit: int = 10) -> tuple[Cause, ...]:
        """Return why rows did not start, the most frequent cause first, each with its first row.

        Rows with the same code have the same cause; the portal's own refusals often have none but a text.
        """
        # A text that names a workflow or a row differs from row to row, so it counts only without a code.
        text = case((rows.c.error_code == "", rows.c.error), else_="")
        how_many, first = func.count().label("how_many"), func.min(rows.c.row_number).label("first")
        grouped = (
            select(rows.c.state, rows.c.error_code, how_many, first)
            .where(rows.c.run_id == run_id, rows.c.state.in_(_WITH_A_CAUSE))
            .group_by(rows.c.state, rows.c.error_code, text)
            .order_by(how_many.desc(), first)
            .limit(limit)
            .subquery()
        )
        query = (
            select(grouped, rows.c.error)
            .join(rows, (rows.c.run_id == run_id) & (rows.c.row_number == grouped.c.first))
            .order_by(grouped.c.how_many.desc(), grouped.c.first)
        )
        return tuple(
            Cause(
                state=State(row.state),
                code=row.error_code,
                text=row.error,
                rows=row.how_many,
                first_row=row.first,
            )
            for row in await self.database.fetch(query)
        )

    async def rows_numbered(self, run_id: int, row_numbers: Sequence[int]) -> list[RecordedRow]:
        """Return those of the rows that the run has."""
        query = select(*_OF_A_RECORDED_ROW).where(
            rows.c.run_id == run_id, rows.c.row_number.in_(bindparam("numbers", expanding=True))
        )
        numbers = {"numbers": list(row_numbers)}
        return await self.database.read(
            lambda connection: [_recorded(row) for row in connection.execute(query, numbers)]
        )

    async def portal_at(self, address: str) -> str:
        """Return the portal that answers at this address, by the first address that it had."""
        query = select(addresses.c.portal).where(addresses.c.address == address)
        return await self.database.scalar(query) or address

    async def addresses_of(self, portal: str) -> list[str]:
        """Return the addresses at which that portal answers since it moved, except its first."""
        query = select(addresses.c.address).where(addresses.c.portal == portal)
        return await self.database.scalars(query)

    async def equivalents(self, portal: str, job: str) -> list[str]:
        """Return the other jobs with runs on that portal whose starts count as that job's.

        Runs without a job count for each, and each counts for them.
        """
        query = select(runs.c.job).where(runs.c.portal == portal, runs.c.job != job).distinct()
        if job:
            query = query.where(runs.c.job == "")
        return sorted(await self.database.scalars(query))

    async def lost_rows(self, run_id: int, *, after_row: int = 0) -> list[LostRow]:
        """Return the run's next unknown rows by number, at most 2,000."""
        query = (
            _LOST.where(rows.c.run_id == run_id, rows.c.state == State.UNKNOWN, rows.c.row_number > after_row)
            .order_by(rows.c.row_number)
            .limit(PAGE)
        )
        return [_lost(row) for row in await self.database.fetch(query)]

    async def rivals(self, run_id: int, lost: Sequence[LostRow]) -> list[LostRow]:
        """Return other rows on the same documents, of any run, that may have started."""
        here = select(runs.c.portal).where(runs.c.id == run_id).scalar_subquery()
        query = _LOST.join(runs, runs.c.id == rows.c.run_id).where(
            runs.c.portal == here,
            rows.c.state.in_((State.UNKNOWN, State.SENT)),
            rows.c.element_id.in_(bindparam("documents", expanding=True)),
        )
        own = {(run_id, row.row_number) for row in lost}
        documents = sorted({row.document.element_id for row in lost})
        return [
            _lost(row)
            for row in await self.database.fetch(query, {"documents": documents})
            if (row.run_id, row.row_number) not in own
        ]

    async def owned(self, workflow_ids: Sequence[str]) -> set[str]:
        """Return those of the workflow IDs that some started row of the ledger has."""
        found: set[str] = set()

        def look(connection: Connection) -> None:
            for ids in parts(workflow_ids, PAGE):
                found.update(connection.scalars(OWNED, {"ids": ids}))

        await self.database.read(look)
        return found

    async def recorded_rows(
        self, run_id: int, *, after_row: int = 0, only: Sequence[State] = ()
    ) -> list[RecordedRow]:
        """Return the next rows by number, at most 2,000; an empty list after the last."""

        def look(connection: Connection) -> list[RecordedRow]:
            if not only:
                return [_recorded(row) for row in _RECORDED.execute(connection, (run_id, after_row))]
            query = _recorded_rows().where(rows.c.state.in_(only))
            these = {"b_run": run_id, "b_after": after_row}
            return [_recorded(row) for row in connection.execute(query, these)]

        return await self.database.read(look)


_decode = json.JSONDecoder().raw_decode


def from_json(text: str) -> Any:
    """Decode JSON of the ledger, in a third of the time of `json.loads`, which expects blanks around it."""
    return _decode(text)[0]


_WITH_A_CAUSE = sorted(set(State) - {State.STARTED, State.PENDING, State.SENT})
"""Spelt out, not left out: the index finds these, where `not in` looks at each row of the run."""

_LOST = select(rows, requests.c.sent_at).join(
    requests, (requests.c.run_id == rows.c.run_id) & (requests.c.number == rows.c.request_number)
)


def _lost(row: Row[tuple[object, ...]]) -> LostRow:
    return LostRow(
        row_number=row.row_number,
        template_id=row.template_id,
        document=Document(row.module, row.entity, row.element_id),
        sent_at=row.sent_at,
    )


_OF_A_RECORDED_ROW = (
    rows.c.row_number, rows.c.cells, rows.c.kinds, rows.c.state, rows.c.workflow_id, rows.c.error_code,
    rows.c.error, rows.c.attempts, rows.c.changed_at,
)  # fmt: skip


def _recorded_rows() -> Select[Any]:
    return (
        select(*_OF_A_RECORDED_ROW)
        .where(rows.c.run_id == bindparam("b_run"), rows.c.row_number > bindparam("b_after"))
        .order_by(rows.c.row_number)
        .limit(literal_column(str(PAGE)))
    )


_RECORDED = Prepared(_recorded_rows(), ("b_run", "b_after"))


def _recorded(row: Sequence[Any]) -> RecordedRow:
    row_number, cells, kinds, state, workflow_id, error_code, error, attempts, changed_at = row
    return RecordedRow(
        row_number=row_number,
        cells=tuple(from_json(cells)),
        kinds=kinds,
        state=State(state),
        # An unknown row may hold one that the portal gave to other rows, too; it is not the row's.
        workflow_id=workflow_id if state == State.STARTED else "",
        error_code=error_code,
        error=error,
        attempts=attempts,
        changed_at=changed_at,
    )


def run_of(row: Row[tuple[object, ...]]) -> RunRecord:
    """Return a row of the table of runs as a record."""
    decoded = {
        "plan": from_json(row.plan),
        "header": tuple(from_json(row.header)),
        "dialect": from_json(row.dialect),
        "ending": Ending(row.ending),
    }
    return RunRecord(**row._asdict() | decoded)
