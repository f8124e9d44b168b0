"""The one statement that SQLite and PostgreSQL spell in dialects of their own."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from launcher.core.model import Start
from launcher.ledger.schema import claims


async def own_claims(connection: AsyncConnection, run_id: int, starts: Sequence[Start]) -> None:
    """From now on these rows of that run own their start keys, whoever did before."""
    if not starts:
        return
    await connection.execute(
        _statement(connection.dialect.name),
        [{"start_key": start.start_key, "run_id": run_id, "row_number": start.row_number} for start in starts],
    )


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
