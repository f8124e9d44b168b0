"""What the rest of the launcher asks of the ledger."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Integer, bindparam, delete, insert, select, update

from launcher.core.batch import parts
from launcher.core.model import Document, Start, State
from launcher.core.plan import Claim
from launcher.core.summary import Ending
from launcher.ledger.changes import OF_A_PLAN, RowChanges, claim_starts, values_of
from launcher.ledger.database import open_database
from launcher.ledger.model import NewRow, NewRun, PortalLease, RunRecord, run_name
from launcher.ledger.reading import PAGE, Reading, from_json, run_of
from launcher.ledger.records import Record, Written
from launcher.ledger.schema import addresses, claims, rows, runs
from launcher.ledger.statements import Prepared
from launcher.ledger.timeline import TimelineRecords


@asynccontextmanager
async def open_ledger(location: str) -> AsyncIterator[Ledger]:
    """Open the ledger at a path or URL, created or migrated if needed. Raises LedgerError."""
    async with open_database(location) as database:
        yield Ledger(database)


class Ledger(Reading, RowChanges, TimelineRecords):
    """The durable record. What a method has written is on disk when it returns."""

    async def begin_run(self, run: NewRun) -> RunRecord:
        """Create a run without rows."""
        values = asdict(run) | {
            "plan": _json(run.plan),
            "header": _json(run.header),
            "dialect": _json(run.dialect),
            "loaded": False,
            "ending": Ending.RUNNING,
            "created_at": time.time(),
        }
        new = insert(runs).values(values).returning(runs)
        return await self.database.write(lambda connection: run_of(connection.execute(new).one()))

    async def add_rows(self, run_id: int, new: Sequence[NewRow]) -> None:
        """Add rows of the file, with the claims of those that are to be sent."""
        now = time.time()

        def add(connection: Connection) -> None:
            _ADD.executemany(
                connection,
                [
                    (run_id, row.planned.row_number, row.planned.state.value, *values_of(row, now))
                    for row in new
                ],
            )
            claim_starts(connection, run_id, new)

        await self.database.write(add)

    async def claims(self, start_keys: Sequence[str]) -> dict[str, Claim]:
        """Return the owners of those start keys that have one."""
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
            for keys in parts(start_keys, PAGE):
                for row in connection.execute(query, {"keys": keys}):
                    found[row.start_key] = Claim(
                        run_id=row.run_id,
                        run=run_name(row.run_id),
                        row_number=row.row_number,
                        state=State(row.state),
                        workflow_id=row.workflow_id,
                        at=row.changed_at,
                        when=datetime.fromtimestamp(row.changed_at).strftime("%Y-%m-%d %H:%M"),
                    )

        await self.database.read(look)
        return found

    async def record(
        self, records: Sequence[Record[Written]], lease: PortalLease | None = None
    ) -> list[Written]:
        """Write them all, or none, in one transaction; give back what each of them does.

        Raises LedgerError if there was a lease and it is lost.
        """

        def write(connection: Connection) -> list[Written]:
            if lease is not None:
                lease.check(connection, self.database.name)
            return [record.write(connection) for record in records]

        return await self.database.write(write)

    def check_place(self) -> None:
        """Raise LedgerGoneError if what is recorded from now on would be lost with this process."""
        self.database.check_place()

    async def mark_interrupted(self, portal: str) -> None:
        """Mark the runs of that portal interrupted that never recorded their end: no other process holds it."""
        await self.database.execute(
            update(runs)
            .where(runs.c.portal == portal, runs.c.ending == Ending.RUNNING)
            .values(ending=Ending.INTERRUPTED, stopped_because="the launcher ended in the middle of it")
        )

    async def sendable(self, run_id: int, state: State, *, after_row: int, limit: int) -> list[Start]:
        """Return the run's next starts in that state (PENDING or DEFERRED), by row number."""
        these = (run_id, state, after_row, limit)
        return await self.database.read(
            lambda connection: [_start(row) for row in _SENDABLE.execute(connection, these)]
        )

    async def add_address(self, address: str, portal: str) -> None:
        """Record that the portal answers at this address too, from now on."""

        def replace(connection: Connection) -> None:
            connection.execute(delete(addresses).where(addresses.c.address == address))
            connection.execute(insert(addresses), {"address": address, "portal": portal})

        await self.database.write(replace)

    async def loaded(self, run_id: int) -> None:
        """Record that every row of the file is in the ledger."""
        await self._change_run(run_id, loaded=True)

    async def resumed(self, run_id: int) -> None:
        """Record that the run is running again."""
        await self._change_run(run_id, ending=Ending.RUNNING, stopped_because="", ended_at=None)

    async def end_run(self, run_id: int, ending: Ending, *, reason: str, active_s: float) -> None:
        """Record how the run has ended, and that it worked that many seconds more."""
        await self._change_run(
            run_id,
            ending=ending,
            stopped_because=reason,
            ended_at=time.time(),
            active_s=runs.c.active_s + active_s,
        )

    async def _change_run(self, run_id: int, **values: object) -> None:
        await self.database.execute(update(runs).where(runs.c.id == run_id).values(**values))


_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

_ADD = Prepared(insert(rows), ("run_id", "row_number", "state", *OF_A_PLAN))


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
