"""A ledger on PostgreSQL. Imported only for one: its driver and SQLAlchemy's half for it take 0.2 seconds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import create_async_engine

Done = TypeVar("Done")


class ServerExecutor:
    """Transactions on one database of a server."""

    def __init__(self, url: URL) -> None:
        self.engine = create_async_engine(url.set(drivername="postgresql+asyncpg"), pool_pre_ping=True)

    async def write(self, work: Callable[[Connection], Done]) -> Done:
        """Return what the work gives back, once its transaction is durable."""
        async with self.engine.begin() as connection:
            # A server may be set to answer before a commit is on disk: here, a row started twice.
            await connection.execute(text("set local synchronous_commit = on"))
            return await connection.run_sync(work)

    async def read(self, work: Callable[[Connection], Done]) -> Done:
        """Return what the work gives back, which changes nothing."""
        async with self.engine.connect() as connection:
            return await connection.run_sync(work)

    async def maintain(self, work: Callable[[Connection], Done]) -> Done:
        """Return what the work gives back, which is done outside any transaction."""
        async with self.engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            return await connection.run_sync(work)

    async def close(self) -> None:
        """End the connections."""
        await self.engine.dispose()
