"""New rows, and what happens to rows between requests: a crash, an answer of the portal's, a person's word."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from sqlalchemy import (
    ColumnElement,
    Connection,
    Update,
    and_,
    bindparam,
    delete,
    insert,
    literal,
    select,
)

from launcher.core.batch import parts
from launcher.core.model import Start, json_texts, json_values
from launcher.core.reconcile import Settled
from launcher.core.states import CORRECTIONS, Event, target
from launcher.ledger.database import Database
from launcher.ledger.model import NewRow
from launcher.ledger.reading import OWNED, PAGE
from launcher.ledger.schema import attempts, claims, rows
from launcher.ledger.statements import Prepared, may, move, own_claims

OF_A_PLAN = (
    "template_id", "module", "entity", "element_id", "parameters", "start_key", "cells", "kinds", "error_code",
    "error", "changed_at",
)  # fmt: skip
"""The columns that a plan gives a row, besides its state."""

_DISOWN_KEY = Prepared(delete(claims).where(claims.c.start_key == bindparam("b_key")), ("b_key",))


def values_of(row: NewRow, now: float) -> tuple[object, ...]:
    """Return the row's values, in the order of `OF_A_PLAN`."""
    planned, start = row.planned, row.planned.start
    called: tuple[object, ...] = (*(None,) * 5, planned.unknown_key or None)
    if start is not None:
        document = start.document
        called = (
            start.template_id, document.module, document.entity, document.element_id,
            json_values(start.parameters), start.start_key,
        )  # fmt: skip
    return (*called, json_texts(row.cells), row.kinds, planned.code, planned.reason, now)


def claim_starts(connection: Connection, run_id: int, planned: Sequence[NewRow]) -> None:
    """Have these rows of the run own their start keys, whoever did before.

    Rows of other jobs that wait to send the same are not sent any more.
    """
    starts: list[Start] = [row.planned.start for row in planned if row.planned.start is not None]
    own_claims(connection, run_id, starts)
    if equivalent_keys := [(key,) for start in starts for _, key in start.equivalent_keys]:
        _DISOWN_KEY.executemany(connection, equivalent_keys)


_THIS_ROW = and_(rows.c.run_id == bindparam("b_run"), rows.c.row_number == bindparam("b_row"))

_RECONCILED = (
    move(Event.RECONCILED)
    .where(_THIS_ROW)
    .values(
        workflow_id=bindparam("b_id"),
        error_code="reconciled",
        error="its answer was lost; found running in the portal",
        changed_at=bindparam("b_at"),
    )
)
_NOT_FOUND = move(Event.NOT_FOUND).where(_THIS_ROW).values(error=bindparam("b_text"))
_CORRECTED: Mapping[Event, Update] = {
    event: move(event).where(_THIS_ROW).values({name: bindparam(f"b_{name}") for name in OF_A_PLAN})
    for event in CORRECTIONS.values()
}
_DISOWN = delete(claims).where(
    # By its key: how the table finds a claim.
    claims.c.start_key == select(rows.c.start_key).where(_THIS_ROW).scalar_subquery(),
    claims.c.run_id == bindparam("b_run"),
    claims.c.row_number == bindparam("b_row"),
)

_INTERRUPTED = "interrupted"
"""The code of a row that was in flight when its process ended."""


class RowChanges:
    """The part of the ledger that changes rows otherwise than by requests and their answers."""

    database: Database

    async def mark_in_flight_unknown(self, run_id: int) -> int:
        """Make the rows that were in flight when the process ended UNKNOWN; return how many there were."""
        reason = "the launcher ended before the portal's answer came; the workflow may have started"
        now = time.time()
        own = rows.c.run_id == run_id
        ended = select(
            rows.c.run_id, rows.c.row_number, rows.c.attempts, rows.c.request_number,
            literal(target(Event.INTERRUPTED).value), literal(_INTERRUPTED), literal(reason), literal(now),
        ).where(own, may(Event.INTERRUPTED))  # fmt: skip

        def mark(connection: Connection) -> int:
            connection.execute(insert(attempts).from_select(list(attempts.c), ended))
            change = (
                move(Event.INTERRUPTED).where(own).values(error_code=_INTERRUPTED, error=reason, changed_at=now)
            )
            return connection.execute(change).rowcount

        return await self.database.write(mark)

    async def retry_failed(self, run_id: int) -> int:
        """Have the run's failed rows sent again; return how many there are."""
        return await self.database.execute(_again(Event.RETRIED, rows.c.run_id == run_id))

    async def retry_unknown(self, run_id: int, *, only: Sequence[int] | None = None) -> int:
        """Have rows sent again that may have started, which a person has looked at; return how many there are.

        `only`: those with these numbers.
        """
        own = rows.c.run_id == run_id
        if only is None:
            return await self.database.execute(_again(Event.RETRIED_UNKNOWN, own))

        def change(connection: Connection) -> int:
            some = (own & rows.c.row_number.in_(page) for page in parts(only, PAGE))
            return sum(connection.execute(_again(Event.RETRIED_UNKNOWN, these)).rowcount for these in some)

        return await self.database.write(change)

    async def settle(self, run_id: int, settled: Sequence[Settled]) -> int:
        """Record what asking the portal taught of UNKNOWN rows; return how many are STARTED.

        The others keep their state, with the reason. An ID that a started row has already is given to no other.
        """
        now = time.time()

        def write(connection: Connection) -> int:
            unknown = _held(connection, run_id, [one.row_number for one in settled], Event.RECONCILED)
            ids = [one.workflow_id for one in settled if one.workflow_id]
            owned = set(connection.scalars(OWNED, {"ids": ids})) if ids else set()
            found, left = [], []
            for one in settled:
                if one.row_number not in unknown:
                    continue
                this = {"b_run": run_id, "b_row": one.row_number}
                if one.workflow_id and one.workflow_id not in owned:
                    owned.add(one.workflow_id)
                    found.append(this | {"b_id": one.workflow_id, "b_at": now})
                else:
                    reason = one.reason or f"{one.workflow_id} is the workflow of another row"
                    left.append(this | {"b_text": reason})
            if found:
                connection.execute(_RECONCILED, found)
            if left:
                connection.execute(_NOT_FOUND, left)
            return len(found)

        return await self.database.write(write)

    async def replace_rows(self, run_id: int, corrected: Sequence[NewRow]) -> None:
        """Put these in place of the run's rows with their numbers, as far as those certainly did not start."""
        now = time.time()

        def replace(connection: Connection) -> None:
            numbers = [row.planned.row_number for row in corrected]
            replaced = _held(connection, run_id, numbers, Event.CORRECTED)
            accepted = [row for row in corrected if row.planned.row_number in replaced]
            by_event: dict[Event, list[dict[str, object]]] = {}
            for row in accepted:
                values = zip(OF_A_PLAN, values_of(row, now), strict=True)
                by_event.setdefault(CORRECTIONS[row.planned.state], []).append(
                    {"b_run": run_id, "b_row": row.planned.row_number}
                    | {f"b_{name}": value for name, value in values}
                )
            if accepted:
                connection.execute(_DISOWN, [{"b_run": run_id, "b_row": number} for number in replaced])
            for event, changes in by_event.items():
                connection.execute(_CORRECTED[event], changes)
            claim_starts(connection, run_id, accepted)

        if corrected:
            await self.database.write(replace)


def _held(connection: Connection, run_id: int, row_numbers: Sequence[int], event: Event) -> set[int]:
    """Return those of the rows to which that may happen; no other process changes them before this one ends."""
    these = and_(rows.c.run_id == run_id, rows.c.row_number.in_(row_numbers), may(event))
    return set(connection.scalars(select(rows.c.row_number).where(these).with_for_update()))


def _again(event: Event, these: ColumnElement[bool]) -> Update:
    return (
        move(event)
        .where(these, rows.c.start_key.is_not(None))
        .values(error_code="", error="", changed_at=time.time())
    )
