"""Rows as a plan makes them: those of a file, and those that a person has changed."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete

from launcher.core.json_text import json_texts, json_values
from launcher.core.model import Start
from launcher.ledger.model import NewRow
from launcher.ledger.prepared import Prepared
from launcher.ledger.schema import claims
from launcher.ledger.upsert import own_claims

OF_A_PLAN = (
    "template_id", "module", "entity", "element_id", "parameters", "start_key", "cells", "kinds", "error_code",
    "error", "changed_at",
)  # fmt: skip
"""The columns that a plan gives a row, besides its state."""

_DISOWN = Prepared(delete(claims).where(claims.c.start_key == bindparam("b_key")), ("b_key",))


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
    if kin := [(key,) for start in starts for _, key in start.kin]:
        _DISOWN.executemany(connection, kin)
