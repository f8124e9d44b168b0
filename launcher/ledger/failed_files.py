"""The contents that were written into files of rows to mend: a file that differs from all, a person changed."""

from __future__ import annotations

import time

from sqlalchemy import delete, insert, select

from launcher.ledger.database import Database
from launcher.ledger.schema import failed_files


class FailedFiles:
    """The files of the rows to mend, of all runs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, run_id: int, path: str, digest: str) -> None:
        """A file of that content is the run's file of the rows to mend, and may be replaced by a newer one."""
        values = {"digest": digest, "run_id": run_id, "path": path, "written_at": time.time()}
        async with self._database.writing() as connection:
            await connection.execute(delete(failed_files).where(failed_files.c.digest == digest))
            await connection.execute(insert(failed_files), values)

    async def knows(self, digest: str) -> bool:
        """Whether a file of that content was written by this ledger."""
        query = select(failed_files.c.run_id).where(failed_files.c.digest == digest)
        async with self._database.reading() as connection:
            return (await connection.execute(query)).first() is not None

    async def path(self, run_id: int) -> str:
        """Where the run's rows to mend were written last; empty where they never were."""
        query = (
            select(failed_files.c.path)
            .where(failed_files.c.run_id == run_id)
            .order_by(failed_files.c.written_at.desc())
            .limit(1)
        )
        async with self._database.reading() as connection:
            return (await connection.execute(query)).scalar() or ""
