"""The contents that were written into files of rows to fix: a file that differs from all, a person changed."""

from __future__ import annotations

import time

from sqlalchemy import Connection, delete, insert, select

from launcher.ledger.database import Database
from launcher.ledger.schema import failed_files


class FailedFiles:
    """The files of the rows to fix, of all runs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, run_id: int, path: str, digest: str) -> None:
        """Record that a file of that content is the run's file of the rows to fix: it may be replaced."""
        values = {"digest": digest, "run_id": run_id, "path": path, "written_at": time.time()}

        def replace(connection: Connection) -> None:
            connection.execute(delete(failed_files).where(failed_files.c.digest == digest))
            connection.execute(insert(failed_files), values)

        await self._database.write(replace)

    async def knows(self, digest: str) -> bool:
        """Return whether a file of that content was written by this ledger."""
        query = select(failed_files.c.run_id).where(failed_files.c.digest == digest)
        return await self._database.scalar(query) is not None

    async def path(self, run_id: int) -> str:
        """Return where the run's rows to fix were written last; empty if they never were."""
        query = (
            select(failed_files.c.path)
            .where(failed_files.c.run_id == run_id)
            .order_by(failed_files.c.written_at.desc())
            .limit(1)
        )
        return await self._database.scalar(query) or ""
