"""The one statement that SQLite and PostgreSQL spell in dialects of their own."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from sqlalchemy import Connection, Insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from launcher.core.model import Start
from launcher.ledger.prepared import Prepared
from launcher.ledger.schema import claims


def own_claims(connection: Connection, run_id: int, starts: Sequence[Start]) -> None:
    """Have these rows of that run own their start keys, whoever did before."""
    if not starts:
        return
    _for_many(connection.dialect.name).executemany(
        connection, [(start.start_key, run_id, start.row_number) for start in starts]
    )


@cache
def _for_many(dialect: str) -> Prepared:
    return Prepared(_statement(dialect), ("start_key", "run_id", "row_number"))


def _statement(dialect: str) -> Insert:
    key = [claims.c.start_key]
    if dialect == "sqlite":
        ours = sqlite_insert(claims)
        return ours.on_conflict_do_update(
            index_elements=key,
            set_={"run_id": ours.excluded.run_id, "row_number": ours.excluded.row_number},
        )
    from sqlalchemy.dialects.postgresql import insert as postgresql_insert

    theirs = postgresql_insert(claims)
    return theirs.on_conflict_do_update(
        index_elements=key, set_={"run_id": theirs.excluded.run_id, "row_number": theirs.excluded.row_number}
    )
