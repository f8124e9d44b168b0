"""A ledger in a file: whole transactions on SQLite in its own threads, and whether the file still stands.

A database whose file was removed or replaced can be written as before by whoever has it open, and is gone when
that process ends: the next run would find an empty ledger, and start every row a second time.

Theory of operation. SQLite answers in microseconds and blocks whoever asks, so each transaction is one step of
a thread: one thread for all that write, since SQLite lets one write at a time, two for what only reads. A
transaction never waits for the event loop, and so never keeps other processes out longer than its own work
takes. A connection stays with its threads, and a new one is opened only while the file stands where it stood:
once that was moved or removed, SQLite would make an empty one in its place.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, NullPool, create_engine, event
from sqlalchemy.engine import URL

from launcher.errors import LedgerError, LedgerGoneError

_Identity = tuple[int, int]

_opened: dict[Path, _Identity] = {}
"""Each file that this process has opened as a ledger. A night opens its ledger again and again, and must not
make a new one, or use another one, once it was removed or replaced."""


@dataclass(frozen=True, slots=True)
class Place:
    """An SQLite file that was there when the ledger was opened."""

    named: Path
    """As the person knows it."""
    file: Path
    """Without symbolic links: where SQLite puts the journal."""
    identity: _Identity

    def check(self) -> None:
        """Raise LedgerGoneError if another file, or none, stands there now."""
        try:
            # The name without links must not have become one: the journal would stand elsewhere.
            found = {_identity(self.named.stat()), _identity(self.file.lstat())}
        except OSError:
            found = set()
        if found != {self.identity}:
            raise LedgerGoneError(str(self.named))


def take_place(path: Path) -> Place:
    """Return the file at that path, made if there is none yet. Raises LedgerError, LedgerGoneError."""
    named = path.absolute()
    if named in _opened:
        Place(named, named.resolve(), _opened[named]).check()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)  # it holds customers' data
        found = path.stat()
    except OSError as error:
        raise LedgerError("ledger-not-writable", path=path, strerror=error.strerror) from None
    if found.st_nlink > 1:
        raise LedgerError("ledger-has-two-names", two_names=two_names(path), remove_name=REMOVE_NAME)
    _opened[named] = _identity(found)
    return Place(named, named.resolve(), _opened[named])


def two_names(path: Path) -> str:
    """Return what is wrong with a ledger that has more than one hard link."""
    return (
        f"the ledger {path} has a second name (a hard link), and SQLite keeps a journal (-wal) beside each "
        "name: what is started under one may be unknown under the other, and start twice"
    )


REMOVE_NAME = (
    "remove the other name, which find -samefile shows, and keep the one with a -wal file beside it; "
    "to copy a ledger: launcher backup PATH"
)
"""What to do about it."""


def _identity(found: os.stat_result) -> _Identity:
    return found.st_dev, found.st_ino


Done = TypeVar("Done")

_BUSY_S = 30
"""How long SQLite waits for another process's transaction; ours take milliseconds."""

_BEGIN = "launcher_begin"
"""The option of a connection with the statement that its transactions begin with."""
_WRITE = "begin immediate"
"""With the lock: two processes that read first, and then write, lose updates without an error."""
_READ = "begin"


class SyncExecutor:
    """Transactions on one file."""

    def __init__(self, place: Place) -> None:
        url = URL.create("sqlite+pysqlite", database=str(place.file))
        # The connections are kept here, by what they do.
        self._engine = create_engine(url, connect_args={"timeout": _BUSY_S}, poolclass=NullPool)
        _make_durable(self._engine)
        _keep_to(place, self._engine)
        self._writers = ThreadPoolExecutor(1, "ledger-writes")
        self._readers = ThreadPoolExecutor(2, "ledger-reads")
        self._idle: dict[str, deque[Connection]] = {_WRITE: deque(), _READ: deque()}

    async def write(self, work: Callable[[Connection], Done]) -> Done:
        """Return what the work gives back, once its transaction is durable."""
        return await _whole(self._writers, lambda: self._transaction(_WRITE, work))

    async def read(self, work: Callable[[Connection], Done]) -> Done:
        """Return what the work gives back, which changes nothing."""
        return await _whole(self._readers, lambda: self._transaction(_READ, work))

    async def maintain(self, work: Callable[[Connection], Done]) -> Done:
        """Return what the work gives back, which is done outside any transaction while nothing else writes."""

        def step() -> Done:
            with self._engine.connect() as connection:
                return work(connection)

        return await _whole(self._writers, step)

    async def close(self) -> None:
        """End the threads, and the connections with them."""
        self._writers.shutdown()
        self._readers.shutdown()
        for connection in (*self._idle[_WRITE], *self._idle[_READ]):
            connection.close()

    def _transaction(self, begin: str, work: Callable[[Connection], Done]) -> Done:
        idle = self._idle[begin]
        connection = idle.pop() if idle else self._engine.connect().execution_options(**{_BEGIN: begin})
        try:
            with connection.begin():
                return work(connection)
        finally:
            idle.append(connection)


async def _whole(threads: ThreadPoolExecutor, step: Callable[[], Done]) -> Done:
    """Return what the step gives back. It is over when this returns, also if this is cancelled.

    Else a transaction could come after those of whoever cancelled it.
    """
    going = asyncio.get_running_loop().run_in_executor(threads, step)
    try:
        return await asyncio.shield(going)
    except asyncio.CancelledError:
        await asyncio.wait({going})
        raise


def _keep_to(place: Place, engine: Engine) -> None:
    @event.listens_for(engine, "do_connect")
    def _connecting(_dialect: object, _record: object, arguments: list[Any], options: dict[str, Any]) -> None:
        # SQLite would make an empty database where the file is gone, and then that is the next run's ledger.
        place.check()
        arguments[0] = f"{place.file.as_uri()}?mode=rw"
        options["uri"] = True


def _make_durable(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        # The driver must not open transactions itself: it begins them without the lock.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=wal", "synchronous=full", f"busy_timeout={_BUSY_S * 1000}"):
            cursor.execute(f"pragma {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        if begin := connection.get_execution_options().get(_BEGIN):
            connection.exec_driver_sql(begin)
