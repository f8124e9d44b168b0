"""One run at a time on a portal: its limits are shared, and so are the rows that may start.

The operating system (on SQLite) or the server (on PostgreSQL) frees the lock when the process dies.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from filelock import FileLock, Timeout
from sqlalchemy import text

from launcher.core.summary import Ending
from launcher.ledger.errors import LedgerError
from launcher.ledger.ledger import Ledger


class PortalInUseError(Exception):
    """Another run holds this portal; the text names it."""


@asynccontextmanager
async def hold_portal(ledger: Ledger, portal: str) -> AsyncIterator[None]:
    """While the block runs, no other process starts anything on that portal with this ledger.

    Raises PortalInUseError at once where another one does already.
    """
    if ledger.database.file is None:
        async with _hold_on_server(ledger, portal):
            yield
        return
    file = ledger.database.file
    name = re.sub(r"[^a-z0-9.-]", "_", portal)
    lock = FileLock(f"{file}.{name}.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise await _in_use(ledger, portal) from None
    except OSError as error:
        raise LedgerError(f"the ledger {file}: its lock cannot be taken: {error.strerror}") from None
    try:
        yield
    finally:
        lock.release()


@asynccontextmanager
async def _hold_on_server(ledger: Ledger, portal: str) -> AsyncIterator[None]:
    digest = hashlib.blake2b(f"launcher portal {portal}".encode(), digest_size=8).digest()
    key = {"key": int.from_bytes(digest, signed=True)}
    async with ledger.database.engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        taken = await connection.execute(text("select pg_try_advisory_lock(:key)"), key)
        if not taken.scalar():
            raise await _in_use(ledger, portal)
        try:
            yield
        finally:
            await connection.execute(text("select pg_advisory_unlock(:key)"), key)


async def _in_use(ledger: Ledger, portal: str) -> PortalInUseError:
    for run in await ledger.last_runs(20, portal=portal):
        if run.ending is Ending.RUNNING:
            return PortalInUseError(
                f"run {run.name} ({run.file}) is going on {portal}; wait until it ends, or see: "
                f"launcher status {run.name}"
            )
    return PortalInUseError(f"another launcher is at work on {portal}; wait until it ends")
