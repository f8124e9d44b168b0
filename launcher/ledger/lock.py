"""One run at a time on a portal: its limits are shared, and so are the rows that may start.

The operating system (on SQLite) or the server (on PostgreSQL) frees the lock when the process dies.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import platform
import re
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from launcher.core.summary import Ending
from launcher.errors import InUseError, LauncherError, LedgerError
from launcher.ledger.database import translated_errors
from launcher.ledger.ledger import Ledger
from launcher.ledger.model import OWN_SESSION, PortalLease
from launcher.messages import Message

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine


class PortalInUseError(InUseError):
    """Another run holds this portal; the text names it."""


class DaemonRunsError(InUseError):
    """Another daemon runs the schedules of this ledger."""


_LOOK_AGAIN_S = 0.3
"""Whether a portal that another run holds is free again."""


@asynccontextmanager
async def hold_portal(ledger: Ledger, portal: str, *, wait: bool = False) -> AsyncIterator[PortalLease]:
    """Be the only process that starts anything on that portal with this ledger while the block runs.

    If another one does already, wait for its end with `wait`, else raise PortalInUseError.
    """
    async with AsyncExitStack() as held:
        while True:
            try:
                session = await held.enter_async_context(_only(ledger, _name(ledger, portal)))
                break
            except _HeldError:
                if not wait:
                    raise PortalInUseError(await _in_use(ledger, portal)) from None
            await asyncio.sleep(_LOOK_AGAIN_S)
        await ledger.mark_interrupted(portal)
        yield PortalLease(
            portal=portal, owner=os.getpid(), host=platform.node(), since=time.time(), session=session
        )


async def is_held(ledger: Ledger, portal: str) -> bool:
    """Return whether a process is at work on that portal with this ledger. Keeps no run from beginning."""
    return await _is_locked(ledger, _name(ledger, portal))


async def who_holds(ledger: Ledger, portal: str) -> str:
    """Return which run is at work on that portal with this ledger, in words; nothing if none is."""
    return str(await _in_use(ledger, portal)) if await is_held(ledger, portal) else ""


@asynccontextmanager
async def hold_daemon(ledger: Ledger) -> AsyncIterator[None]:
    """Be the only daemon with this ledger while the block runs. Raises DaemonRunsError."""
    try:
        async with _only(ledger, _DAEMON):
            yield
    except _HeldError:
        raise DaemonRunsError("daemon-runs", name=ledger.database.name) from None


async def daemon_runs(ledger: Ledger) -> bool:
    """Return whether a daemon runs the schedules of this ledger."""
    return await _is_locked(ledger, _DAEMON)


_DAEMON = "~daemon"
"""No portal's lock is named so: there, what is no letter, digit, dot or dash is a low line."""


class _HeldError(LauncherError):
    """Another process holds that lock."""


def _name(ledger: Ledger, portal: str) -> str:
    on_file = ledger.database.file is not None
    return re.sub(r"[^a-z0-9.-]", "_", portal) if on_file else f"portal {portal}"


def _only(ledger: Ledger, name: str) -> AbstractAsyncContextManager[tuple[int, object] | None]:
    """Hold that lock, or raise _HeldError; gives the server's session that holds it."""
    if (server := ledger.database.server) is None:
        return _locked_file(ledger, name)
    return _locked_on_server(server, ledger.database.name, name)


async def _is_locked(ledger: Ledger, name: str) -> bool:
    return await (_is_locked_on_server if ledger.database.file is None else _is_file_locked)(ledger, name)


# On SQLite, whoever holds a lock shows it by a second one. Whoever looks takes the second one for a moment, and
# so refuses the first to nobody.

_LOOKS, _LOOK_S = 10, 0.005
"""Another one who looks has the second lock for some microseconds only."""


@asynccontextmanager
async def _locked_file(ledger: Ledger, name: str) -> AsyncIterator[None]:
    lock, shown = _lock(ledger, f"{name}.lock"), _lock(ledger, f"{name}.held")
    if not _taken(ledger, lock):
        raise _HeldError
    try:
        while not _taken(ledger, shown):  # noqa: ASYNC110  no event comes from another process
            await asyncio.sleep(_LOOK_S)
        yield
    finally:
        shown.release()
        lock.release()


async def _is_file_locked(ledger: Ledger, name: str) -> bool:
    if not Path(f"{ledger.database.file}.{name}.held").exists():
        return False
    shown = _lock(ledger, f"{name}.held")
    for _ in range(_LOOKS):
        if _taken(ledger, shown):
            shown.release()
            return False
        await asyncio.sleep(_LOOK_S)
    return True


def _lock(ledger: Ledger, name: str) -> FileLock:
    return FileLock(f"{ledger.database.file}.{name}", timeout=0)


def _taken(ledger: Ledger, lock: FileLock) -> bool:
    try:
        lock.acquire()
    except Timeout:
        return False
    except OSError as error:
        raise LedgerError("ledger-lock-failed", name=ledger.database.name, strerror=error.strerror) from None
    return True


def _key(name: str) -> int:
    digest = hashlib.blake2b(f"launcher {name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


@asynccontextmanager
async def _locked_on_server(server: AsyncEngine, database: str, name: str) -> AsyncIterator[tuple[int, object]]:
    connection = server.connect()
    try:
        with translated_errors(database):
            await connection.start()
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            taken = (
                await connection.execute(text("select pg_try_advisory_lock(:key)"), {"key": _key(name)})
            ).scalar()
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


_LOCKED = text(
    "select 1 from pg_locks where locktype = 'advisory' and granted and objsubid = 1 and classid = :high "
    "and objid = :low and database = (select oid from pg_database where datname = current_database())"
)
"""Source: PostgreSQL's documentation, "pg_locks": a key of 64 bits is shown in two halves."""


async def _is_locked_on_server(ledger: Ledger, name: str) -> bool:
    key = _key(name) % 2**64
    halves = {"high": key >> 32, "low": key % 2**32}
    return await ledger.database.scalar(_LOCKED, halves) is not None


async def _in_use(ledger: Ledger, portal: str) -> Message:
    for run in await ledger.last_runs(20, portal=portal):
        if run.ending is Ending.RUNNING:
            return Message("run-holds-portal", name=run.name, file=run.file, portal=portal)
    return Message("launcher-holds-portal", portal=portal)
