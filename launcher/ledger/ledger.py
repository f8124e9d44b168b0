"""What the rest of the launcher asks of the ledger."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Integer, bindparam, delete, insert, literal, or_, select, text, update

from launcher.core.json_text import json_texts, json_values
from launcher.core.model import TO_MEND, Document, Start, State
from launcher.core.plan import Claim
from launcher.core.reconcile import Settled
from launcher.core.summary import Ending
from launcher.core.verdict import Verdict
from launcher.ledger.course import CourseKeeping
from launcher.ledger.database import open_database
from launcher.ledger.errors import LedgerError
from launcher.ledger.model import NewRow, NewRun, RunRecord, run_name
from launcher.ledger.prepared import Prepared
from launcher.ledger.reading import OWNED, PAGE, Reading, from_json, run_of
from launcher.ledger.records import Record, Written
from launcher.ledger.schema import addresses, attempts, claims, rows, runs
from launcher.ledger.upsert import own_claims

OWN_SESSION = "select pid, backend_start from pg_stat_activity where pid = pg_backend_pid()"
"""Of a connection to PostgreSQL: what tells its session from any other, before and after a restart."""


@asynccontextmanager
async def open_ledger(location: str) -> AsyncIterator[Ledger]:
    """The ledger at a path or URL, made or migrated where needed. Raises LedgerError."""
    async with open_database(location) as database:
        yield Ledger(database)


class Ledger(Reading, CourseKeeping):
    """The durable record. What a method has written is on disk when it returns."""

    held_by: tuple[int, object] | None = None
    """The session of PostgreSQL that holds the portal's lock for us, where one does: process and start."""

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
            return run_of(inserted.one())

    async def add_rows(self, run_id: int, new: Sequence[NewRow]) -> None:
        """The rows of the file, with the claims of those that are to be sent."""
        now = time.time()
        to_send = [row.planned.start for row in new if row.planned.start is not None]

        def add(connection: Connection) -> None:
            _ADD.each(connection, [_new_row(run_id, row, now) for row in new])
            own_claims(connection, run_id, to_send)
            _disown_kin(connection, to_send)

        await self._database.write(add)

    async def replace_rows(self, run_id: int, mended: Sequence[NewRow]) -> None:
        """These rows of the run in place of those with their numbers, which certainly did not start."""
        now = time.time()
        to_send = [row.planned.start for row in mended if row.planned.start is not None]
        of_them = [{"b_run": run_id, "b_row": row.planned.row_number} for row in mended]
        if not mended:
            return
        async with self._database.writing() as connection:
            its_key = select(rows.c.start_key).where(
                rows.c.run_id == bindparam("b_run"), rows.c.row_number == bindparam("b_row")
            )
            await connection.execute(
                delete(claims).where(
                    claims.c.start_key == its_key.scalar_subquery(),  # how the table finds a claim
                    claims.c.run_id == bindparam("b_run"),
                    claims.c.row_number == bindparam("b_row"),
                ),
                of_them,
            )
            values = [dict(zip(_NEW, _new_row(run_id, row, now), strict=True)) for row in mended]
            names = [name for name in _NEW if name not in ("run_id", "row_number")]
            await connection.execute(
                update(rows)
                .where(
                    rows.c.run_id == bindparam("b_run"),
                    rows.c.row_number == bindparam("b_row"),
                    # Spelt out: a list cannot be bound in a statement for many rows.
                    or_(*(rows.c.state == state for state in sorted(TO_MEND))),
                )
                .values({name: bindparam(f"b_{name}") for name in names}),
                [
                    of | {f"b_{name}": value[name] for name in names}
                    for of, value in zip(of_them, values, strict=True)
                ],
            )
            await connection.run_sync(own_claims, run_id, to_send)
            await connection.run_sync(_disown_kin, to_send)

    async def claims(self, start_keys: Sequence[str]) -> dict[str, Claim]:
        """The owners of those start keys that have one."""
        query = (
            select(
                claims.c.start_key, claims.c.run_id, claims.c.row_number, rows.c.state, rows.c.workflow_id,
                rows.c.changed_at,
            )
            .join(rows, (rows.c.run_id == claims.c.run_id) & (rows.c.row_number == claims.c.row_number))
            .where(claims.c.start_key.in_(bindparam("keys", expanding=True)))
        )  # fmt: skip
        found: dict[str, Claim] = {}

        def look(connection: Connection) -> None:
            for first in range(0, len(start_keys), PAGE):
                for row in connection.execute(query, {"keys": start_keys[first : first + PAGE]}):
                    found[row.start_key] = Claim(
                        run_id=row.run_id,
                        run=run_name(row.run_id),
                        row_number=row.row_number,
                        state=State(row.state),
                        workflow_id=row.workflow_id,
                        at=row.changed_at,
                        when=datetime.fromtimestamp(row.changed_at).strftime("%Y-%m-%d %H:%M"),
                    )

        await self._database.read(look)
        return found

    async def record(self, records: Sequence[Record[Written]]) -> list[Written]:
        """Write them all, or none, in one transaction; give back what each of them does."""

        def write(connection: Connection) -> list[Written]:
            self._check_hold(connection)
            return [record.write(connection) for record in records]

        return await self._database.write(write)

    def check_place(self) -> None:
        """Raise LedgerGoneError if what is recorded from now on would be lost with this process."""
        self._database.check_place()

    def _check_hold(self, connection: Connection) -> None:
        """Raises LedgerError where the server was restarted, and the lock on the portal is gone with it."""
        if self.held_by is None:
            return
        process, start = self.held_by
        query = text("select 1 from pg_stat_activity where pid = :pid and backend_start = :start")
        if connection.execute(query, {"pid": process, "start": start}).first() is None:
            raise LedgerError(
                f"the ledger {self._database.name}: its server was restarted, and another run may be at work "
                "by now; go on with: launcher resume"
            )

    async def cut_off(self, portal: str) -> None:
        """Runs of that portal which are still said to be running were ended from outside: we hold it now."""
        async with self._database.writing() as connection:
            await connection.execute(
                update(runs)
                .where(runs.c.portal == portal, runs.c.ending == Ending.RUNNING)
                .values(ending=Ending.INTERRUPTED, stopped_because="the launcher ended in the middle of it")
            )

    async def sendable(self, run_id: int, state: State, *, after_row: int, limit: int) -> list[Start]:
        """The run's next starts in that state (PENDING or DEFERRED), by row number."""
        these = (run_id, state, after_row, limit)
        return await self._database.read(
            lambda connection: [_start(row) for row in _SENDABLE.once(connection, these)]
        )

    async def lose_sent(self, run_id: int) -> int:
        """Rows that were in the air when the process ended become UNKNOWN; how many there were."""
        verdict = Verdict(
            State.UNKNOWN,
            code="interrupted",
            text="the launcher ended before the portal's answer came; the workflow may have started",
        )
        return await self._judge_all(run_id, State.SENT, verdict)

    async def retry(self, run_id: int, states: Sequence[State], *, only: Sequence[int] | None = None) -> int:
        """Rows in these states are to be sent again; how many there are. `only`: those with these numbers."""
        again = (
            update(rows)
            .where(rows.c.run_id == run_id, rows.c.state.in_(states), rows.c.start_key.is_not(None))
            .values(state=State.PENDING, error_code="", error="", changed_at=time.time())
        )
        async with self._database.writing() as connection:
            if only is None:
                return (await connection.execute(again)).rowcount
            changed = 0
            for first in range(0, len(only), PAGE):
                these = again.where(rows.c.row_number.in_(only[first : first + PAGE]))
                changed += (await connection.execute(these)).rowcount
            return changed

    async def settle(self, run_id: int, settled: Sequence[Settled]) -> int:
        """What asking the portal taught of UNKNOWN rows: STARTED with their IDs, or UNKNOWN with the reason.

        How many are STARTED. An ID that a started row has already is given to no other.
        """
        now = time.time()
        this_row = (
            (rows.c.run_id == bindparam("b_run"))
            & (rows.c.row_number == bindparam("b_row"))
            & (rows.c.state == State.UNKNOWN)
        )
        async with self._database.writing() as connection:
            ids = [one.workflow_id for one in settled if one.workflow_id]
            owned = set(await connection.scalars(OWNED, {"ids": ids})) if ids else set()
            found, left = [], []
            for one in settled:
                this = {"b_run": run_id, "b_row": one.row_number}
                if one.workflow_id and one.workflow_id not in owned:
                    owned.add(one.workflow_id)
                    found.append(this | {"b_id": one.workflow_id, "b_at": now})
                else:
                    left.append(
                        this | {"b_text": one.reason or f"{one.workflow_id} is the workflow of another row"}
                    )
            if found:
                started = update(rows).where(this_row).values(
                    state=State.STARTED, workflow_id=bindparam("b_id"), error_code="reconciled",
                    error="its answer was lost; found running in the portal", changed_at=bindparam("b_at"),
                )  # fmt: skip
                await connection.execute(started, found)
            if left:
                await connection.execute(update(rows).where(this_row).values(error=bindparam("b_text")), left)
            return len(found)

    async def _judge_all(self, run_id: int, state: State, verdict: Verdict) -> int:
        """That verdict for the last attempt of every row in that state; how many there are."""
        now = time.time()
        of_them = (rows.c.run_id == run_id) & (rows.c.state == state)
        columns = ["run_id", "row_number", "attempt", "request_number", "state", "code", "text", "at"]
        judged = select(
            rows.c.run_id, rows.c.row_number, rows.c.attempts, rows.c.request_number,
            literal(verdict.state.value), literal(verdict.code), literal(verdict.text), literal(now),
        ).where(of_them)  # fmt: skip
        changed = update(rows).where(of_them).values(
            state=verdict.state, error_code=verdict.code, error=verdict.text, changed_at=now
        )  # fmt: skip
        async with self._database.writing() as connection:
            await connection.execute(insert(attempts).from_select(columns, judged))
            return (await connection.execute(changed)).rowcount

    async def add_address(self, address: str, portal: str) -> None:
        """That portal answers at this address too, from now on."""
        async with self._database.writing() as connection:
            await connection.execute(delete(addresses).where(addresses.c.address == address))
            await connection.execute(insert(addresses), {"address": address, "portal": portal})

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


_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

_NEW = (
    "run_id", "row_number", "state", "template_id", "module", "entity", "element_id", "parameters", "start_key",
    "cells", "kinds", "error_code", "error", "changed_at",
)  # fmt: skip
_ADD = Prepared(insert(rows), _NEW)


def _new_row(run_id: int, row: NewRow, now: float) -> tuple[object, ...]:
    """Its values, in the order of `_NEW`."""
    planned, start = row.planned, row.planned.start
    called: tuple[object, ...] = (*(None,) * 5, planned.unknown_key or None)
    if start is not None:
        document = start.document
        called = (
            start.template_id, document.module, document.entity, document.element_id,
            json_values(start.parameters), start.start_key,
        )  # fmt: skip
    return (
        run_id, planned.row_number, planned.state.value, *called,
        json_texts(row.cells), row.kinds, planned.code, planned.reason, now,
    )  # fmt: skip


_DISOWN = Prepared(delete(claims).where(claims.c.start_key == bindparam("b_key")), ("b_key",))


def _disown_kin(connection: Connection, starts: Sequence[Start]) -> None:
    """Rows of other jobs that wait to send the same are not sent any more."""
    if kin := [(key,) for start in starts for _, key in start.kin]:
        _DISOWN.each(connection, kin)


_OF_A_START = (
    rows.c.row_number, rows.c.template_id, rows.c.module, rows.c.entity, rows.c.element_id, rows.c.parameters,
    rows.c.start_key,
)  # fmt: skip
_SENDABLE = Prepared(
    select(*_OF_A_START)
    .where(
        rows.c.run_id == bindparam("b_run"),
        rows.c.state == bindparam("b_state"),
        rows.c.row_number > bindparam("b_after"),
    )
    .order_by(rows.c.row_number)
    .limit(bindparam("b_limit", type_=Integer)),
    ("b_run", "b_state", "b_after", "b_limit"),
)


def _start(row: Sequence[Any]) -> Start:
    row_number, template_id, module, entity, element_id, parameters, start_key = row
    return Start(
        row_number=row_number,
        template_id=template_id,
        document=Document(module, entity, element_id),
        parameters={
            name: value if isinstance(value, str) else tuple(value)
            for name, value in from_json(parameters).items()
        },
        start_key=start_key,
    )
