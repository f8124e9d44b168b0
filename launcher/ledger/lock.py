"""One run at a time on a portal: its limits are shared, and so are the rows that may start.

The operating system (on SQLite) or the server (on PostgreSQL) frees the lock when the process dies.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress

from filelock import FileLock, Timeout
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from launcher.core.summary import Ending
from launcher.ledger.errors import LedgerError, in_words
from launcher.ledger.ledger import OWN_SESSION, Ledger


class PortalInUseError(Exception):
    """Another run holds this portal; the text names it."""


_TRY_AGAIN_S = 0.3
"""Whoever looks whether a portal is held, holds it for a moment: hence a second try."""


@asynccontextmanager
async def hold_portal(ledger: Ledger, portal: str, *, wait: bool = False) -> AsyncIterator[None]:
    """While the block runs, no other process starts anything on that portal with this ledger.

    Where another one does already, waits for its end with `wait`, else raises PortalInUseError.
    """
    tries = 0
    async with AsyncExitStack() as held:
        while True:
            try:
                await held.enter_async_context(_hold(ledger, portal))
                break
            except PortalInUseError:
                tries += 1
                if not wait and tries > 1:
                    raise
            await asyncio.sleep(_TRY_AGAIN_S)
        await ledger.cut_off(portal)
        yield


async def is_held(ledger: Ledger, portal: str) -> bool:
    """Whether a process is at work on that portal with this ledger."""
    try:
        async with _hold(ledger, portal):
            return False
    except PortalInUseError:
        return True


def _hold(ledger: Ledger, portal: str) -> AbstractAsyncContextManager[None]:
    return (_hold_on_server if ledger.database.file is None else _hold_file)(ledger, portal)


@asynccontextmanager
async def _hold_file(ledger: Ledger, portal: str) -> AsyncIterator[None]:
    name = re.sub(r"[^a-z0-9.-]", "_", portal)
    lock = FileLock(f"{ledger.database.file}.{name}.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise await _in_use(ledger, portal) from None
    except OSError as error:
        raise LedgerError(f"the ledger {ledger.database.name}: no lock: {error.strerror}") from None
    try:
        yield
    finally:
        lock.release()


@asynccontextmanager
async def _hold_on_server(ledger: Ledger, portal: str) -> AsyncIterator[None]:
    digest = hashlib.blake2b(f"launcher portal {portal}".encode(), digest_size=8).digest()
    key = {"key": int.from_bytes(digest, signed=True)}
    connection = ledger.database.engine.connect()
    try:
        with in_words(ledger.database.name):
            await connection.start()
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            taken = (await connection.execute(text("select pg_try_advisory_lock(:key)"), key)).scalar()
            session = (await connection.execute(text(OWN_SESSION))).one()
        if not taken:
            raise await _in_use(ledger, portal)
        ledger.held_by = (session.pid, session.backend_start)
        yield
    finally:
        ledger.held_by = None
        # Closed for good, not given back to the pool: the server frees the lock with its connection.
        with suppress(DBAPIError):
            await connection.invalidate()
        with suppress(DBAPIError):
            await connection.close()


async def _in_use(ledger: Ledger, portal: str) -> PortalInUseError:
    for run in await ledger.last_runs(20, portal=portal):
        if run.ending is Ending.RUNNING:
            return PortalInUseError(
                f"run {run.name} ({run.file}) is going on {portal}; wait until it ends, or see: "
                f"launcher status {run.name}"
            )
    return PortalInUseError(f"another launcher is at work on {portal}; wait until it ends")
