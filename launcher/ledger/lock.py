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
from launcher.errors import InUseError, LauncherError
from launcher.ledger.errors import LedgerError, in_words
from launcher.ledger.ledger import OWN_SESSION, Ledger


class PortalInUseError(InUseError):
    """Another run holds this portal; the text names it."""


class DaemonRunsError(InUseError):
    """Another daemon runs the schedules of this ledger."""


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
    return bool(await who_holds(ledger, portal))


async def who_holds(ledger: Ledger, portal: str) -> str:
    """Which run is at work on that portal with this ledger, in words; nothing where none is."""
    try:
        async with _hold(ledger, portal):
            return ""
    except PortalInUseError as error:
        return str(error)


@asynccontextmanager
async def hold_daemon(ledger: Ledger) -> AsyncIterator[None]:
    """While the block runs, no other daemon runs the schedules of this ledger. Raises DaemonRunsError."""
    for last in (False, True):
        try:
            async with _only(ledger, _DAEMON):
                yield
                return
        except _HeldError:
            if last:
                raise DaemonRunsError(
                    f"another launcher daemon works with the ledger {ledger.database.name}; end that one first"
                ) from None
        await asyncio.sleep(_TRY_AGAIN_S)


async def daemon_runs(ledger: Ledger) -> bool:
    """Whether a daemon runs the schedules of this ledger."""
    try:
        async with _only(ledger, _DAEMON):
            return False
    except _HeldError:
        return True


_DAEMON = "~daemon"
"""No portal's lock is named so: there, what is no letter, digit, dot or dash is a low line."""


class _HeldError(LauncherError):
    """Another process holds that lock."""


def _only(ledger: Ledger, name: str) -> AbstractAsyncContextManager[tuple[int, object] | None]:
    """Holds that lock, or raises _HeldError; gives the server's session that holds it."""
    return (_locked_on_server if ledger.database.file is None else _locked_file)(ledger, name)


@asynccontextmanager
async def _hold(ledger: Ledger, portal: str) -> AsyncIterator[None]:
    on_file = ledger.database.file is not None
    name = re.sub(r"[^a-z0-9.-]", "_", portal) if on_file else f"portal {portal}"
    try:
        async with _only(ledger, name) as session:
            ledger.held_by = session
            try:
                yield
            finally:
                ledger.held_by = None
    except _HeldError:
        raise await _in_use(ledger, portal) from None


@asynccontextmanager
async def _locked_file(ledger: Ledger, name: str) -> AsyncIterator[None]:
    lock = FileLock(f"{ledger.database.file}.{name}.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise _HeldError from None
    except OSError as error:
        raise LedgerError(f"the ledger {ledger.database.name}: no lock: {error.strerror}") from None
    try:
        yield
    finally:
        lock.release()


@asynccontextmanager
async def _locked_on_server(ledger: Ledger, name: str) -> AsyncIterator[tuple[int, object]]:
    digest = hashlib.blake2b(f"launcher {name}".encode(), digest_size=8).digest()
    key = {"key": int.from_bytes(digest, signed=True)}
    connection = ledger.database.engine.connect()
    try:
        with in_words(ledger.database.name):
            await connection.start()
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            taken = (await connection.execute(text("select pg_try_advisory_lock(:key)"), key)).scalar()
            session = (await connection.execute(text(OWN_SESSION))).one()
        if not taken:
            raise _HeldError
        yield session.pid, session.backend_start
    finally:
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
