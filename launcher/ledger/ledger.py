"""What the rest of the launcher asks of the ledger."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from sqlalchemy import Row, bindparam, case, func, insert, select, update

from launcher.core.model import Document, Start, State
from launcher.core.plan import Claim
from launcher.core.summary import Cause, Counts, Ending
from launcher.ledger.database import Database, open_database
from launcher.ledger.model import NewRow, NewRun, RecordedRow, RunRecord, run_name
from launcher.ledger.records import Record
from launcher.ledger.schema import attempts, claims, requests, rows, runs
from launcher.ledger.upsert import own_claims

_PAGE = 2000


@asynccontextmanager
async def open_ledger(location: str) -> AsyncIterator[Ledger]:
    """The ledger at a path or URL, made or migrated where needed. Raises LedgerError."""
    async with open_database(location) as database:
        yield Ledger(database)


class Ledger:
    """The durable record. What a method has written is on disk when it returns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def database(self) -> Database:
        """Where it is kept."""
        return self._database

    async def begin_run(self, run: NewRun) -> RunRecord:
        """A new run without rows."""
        now = time.time()
        values = {
            "job": run.job,
            "file": run.file,
            "portal": run.portal,
            "plan": _json(run.plan),
            "header": _json(run.header),
            "dialect": _json(run.dialect),
            "fingerprint": run.fingerprint,
            "results": run.results,
            "loaded": False,
            "ending": Ending.RUNNING,
            "created_at": now,
        }
        async with self._database.writing() as connection:
            inserted = await connection.execute(insert(runs).values(values).returning(runs))
            return _run(inserted.one())

    async def add_rows(self, run_id: int, scope: int, new: Sequence[NewRow]) -> None:
        """The rows of the file, with the claims of those that are to be sent."""
        now = time.time()
        to_send = [row.planned.start for row in new if row.planned.start is not None]
        async with self._database.writing() as connection:
            await connection.execute(insert(rows), [_new_row(run_id, row, now) for row in new])
            await own_claims(connection, run_id, scope, to_send)

    async def claims(self, start_keys: Sequence[str]) -> dict[str, Claim]:
        """The owners of those start keys that have one; of several, one that may have started."""
        query = (
            select(
                claims.c.start_key, claims.c.run_id, claims.c.row_number, rows.c.state, rows.c.workflow_id,
                rows.c.changed_at,
            )
            .join(rows, (rows.c.run_id == claims.c.run_id) & (rows.c.row_number == claims.c.row_number))
            .where(claims.c.start_key.in_(bindparam("keys", expanding=True)))
            # The one that may have started comes last and stays.
            .order_by(rows.c.state.in_((State.STARTED, State.UNKNOWN, State.SENT)), claims.c.run_id)
        )  # fmt: skip
        found: dict[str, Claim] = {}
        async with self._database.reading() as connection:
            for first in range(0, len(start_keys), _PAGE):
                for row in await connection.execute(query, {"keys": start_keys[first : first + _PAGE]}):
                    found[row.start_key] = Claim(
                        run_id=row.run_id,
                        run=run_name(row.run_id),
                        row_number=row.row_number,
                        state=State(row.state),
                        workflow_id=row.workflow_id,
                        when=datetime.fromtimestamp(row.changed_at).strftime("%Y-%m-%d %H:%M"),
                    )
        return found

    async def record(self, records: Sequence[Record]) -> list[tuple[Start, ...]]:
        """Write them all, or none, in one transaction; give back what each of them does."""
        async with self._database.writing() as connection:
            return [await record.write(connection) for record in records]

    async def sendable(self, run_id: int, state: State, *, after_row: int, limit: int) -> list[Start]:
        """The run's next starts in that state (PENDING or DEFERRED), by row number."""
        query = (
            select(rows)
            .where(rows.c.run_id == run_id, rows.c.state == state, rows.c.row_number > after_row)
            .order_by(rows.c.row_number)
            .limit(limit)
        )
        async with self._database.reading() as connection:
            return [_start(row) for row in await connection.execute(query)]

    async def lose_sent(self, run_id: int) -> int:
        """Rows that were in the air when the process ended become UNKNOWN; how many there were."""
        now, text = (
            time.time(),
            "the launcher ended before the portal's answer came; the workflow may have started",
        )
        found = select(
            rows.c.run_id, rows.c.row_number, rows.c.attempts, select(func.max(requests.c.number))
            .where(requests.c.run_id == run_id).scalar_subquery(),
            bindparam("state", State.UNKNOWN.value), bindparam("code", "interrupted"), bindparam("text", text),
            bindparam("at", now),
        ).where(rows.c.run_id == run_id, rows.c.state == State.SENT)  # fmt: skip
        lost = (
            update(rows)
            .where(rows.c.run_id == run_id, rows.c.state == State.SENT)
            .values(state=State.UNKNOWN, error_code="interrupted", error=text, changed_at=now)
        )
        columns = ["run_id", "row_number", "attempt", "request_number", "state", "code", "text", "at"]
        async with self._database.writing() as connection:
            await connection.execute(insert(attempts).from_select(columns, found))
            return (await connection.execute(lost)).rowcount

    async def loaded(self, run_id: int) -> None:
        """Every row of the file is in the ledger now."""
        await self._change_run(run_id, loaded=True)

    async def resumed(self, run_id: int) -> None:
        """The run goes on."""
        await self._change_run(run_id, ending=Ending.RUNNING, stopped_because="", ended_at=None)

    async def end_run(self, run_id: int, ending: Ending, *, because: str, active_s: float) -> None:
        """The run has ended so, after that many more seconds of work."""
        await self._change_run(
            run_id,
            ending=ending,
            stopped_because=because,
            ended_at=time.time(),
            active_s=runs.c.active_s + active_s,
        )

    async def _change_run(self, run_id: int, **values: object) -> None:
        async with self._database.writing() as connection:
            await connection.execute(update(runs).where(runs.c.id == run_id).values(**values))

    async def run(self, run_id: int) -> RunRecord | None:
        """That run, or None where there is none."""
        async with self._database.reading() as connection:
            found = (await connection.execute(select(runs).where(runs.c.id == run_id))).one_or_none()
        return None if found is None else _run(found)

    async def last_runs(self, limit: int, *, portal: str | None = None) -> list[RunRecord]:
        """The newest runs first."""
        query = select(runs).order_by(runs.c.id.desc()).limit(limit)
        if portal is not None:
            query = query.where(runs.c.portal == portal)
        async with self._database.reading() as connection:
            return [_run(row) for row in await connection.execute(query)]

    async def counts(self, run_id: int) -> Counts:
        """The run's rows by state."""
        query = select(rows.c.state, func.count()).where(rows.c.run_id == run_id).group_by(rows.c.state)
        async with self._database.reading() as connection:
            return Counts({State(state): count for state, count in await connection.execute(query)})

    async def requests(self, run_id: int) -> int:
        """How many requests the run has sent to start rows."""
        query = select(func.coalesce(func.max(requests.c.number), 0)).where(requests.c.run_id == run_id)
        async with self._database.reading() as connection:
            return int((await connection.execute(query)).scalar_one())

    async def last_row(self, run_id: int) -> int:
        """The last row of the file that the ledger has; 0 where it has none."""
        query = select(func.coalesce(func.max(rows.c.row_number), 0)).where(rows.c.run_id == run_id)
        async with self._database.reading() as connection:
            return int((await connection.execute(query)).scalar_one())

    async def causes(self, run_id: int, limit: int = 10) -> tuple[Cause, ...]:
        """Why rows did not start, the most frequent cause first, each with its first row.

        Rows with the same code have the same cause; the portal's own refusals often have none but a text.
        """
        # A text that names a workflow or a row differs from row to row, so it counts only without a code.
        text = case((rows.c.error_code == "", rows.c.error), else_="")
        how_many, first = func.count().label("how_many"), func.min(rows.c.row_number).label("first")
        grouped = (
            select(rows.c.state, rows.c.error_code, how_many, first)
            .where(rows.c.run_id == run_id, rows.c.state.not_in((State.STARTED, State.PENDING, State.SENT)))
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
        async with self._database.reading() as connection:
            return tuple(
                Cause(
                    state=State(row.state),
                    code=row.error_code,
                    text=row.error,
                    rows=row.how_many,
                    first_row=row.first,
                )
                for row in await connection.execute(query)
            )

    async def recorded_rows(
        self, run_id: int, *, after_row: int = 0, only: Sequence[State] = ()
    ) -> list[RecordedRow]:
        """The next rows by number, at most 2,000; an empty list after the last."""
        query = (
            select(rows)
            .where(rows.c.run_id == run_id, rows.c.row_number > after_row)
            .order_by(rows.c.row_number)
            .limit(_PAGE)
        )
        if only:
            query = query.where(rows.c.state.in_(only))
        async with self._database.reading() as connection:
            return [_recorded(row) for row in await connection.execute(query)]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _new_row(run_id: int, row: NewRow, now: float) -> dict[str, object]:
    planned, start = row.planned, row.planned.start
    return {
        "run_id": run_id,
        "row_number": planned.row_number,
        "state": planned.state,
        "template_id": start and start.template_id,
        "module": start and start.document.module,
        "entity": start and start.document.entity,
        "element_id": start and start.document.element_id,
        "parameters": start and _json(start.parameters),
        "start_key": start and start.start_key,
        "cells": _json(row.cells),
        "kinds": row.kinds,
        "error_code": planned.code,
        "error": planned.reason,
        "changed_at": now,
    }


def _start(row: Row[tuple[object, ...]]) -> Start:
    parameters = json.loads(row.parameters)
    return Start(
        row_number=row.row_number,
        template_id=row.template_id,
        document=Document(row.module, row.entity, row.element_id),
        parameters={
            name: value if isinstance(value, str) else tuple(value) for name, value in parameters.items()
        },
        start_key=row.start_key,
    )


def _recorded(row: Row[tuple[object, ...]]) -> RecordedRow:
    return RecordedRow(
        row_number=row.row_number,
        cells=tuple(json.loads(row.cells)),
        kinds=row.kinds,
        state=State(row.state),
        workflow_id=row.workflow_id,
        error_code=row.error_code,
        error=row.error,
        attempts=row.attempts,
        changed_at=row.changed_at,
    )


def _run(row: Row[tuple[object, ...]]) -> RunRecord:
    return RunRecord(
        id=row.id,
        job=row.job,
        file=row.file,
        portal=row.portal,
        plan=json.loads(row.plan),
        header=tuple(json.loads(row.header)),
        dialect=json.loads(row.dialect),
        fingerprint=row.fingerprint,
        results=row.results,
        loaded=row.loaded,
        ending=Ending(row.ending),
        stopped_because=row.stopped_because,
        created_at=row.created_at,
        ended_at=row.ended_at,
        active_s=row.active_s,
    )
