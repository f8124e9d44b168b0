"""The database under the ledger: SQLite or PostgreSQL, opened, migrated and closed."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Connection, Executable, Row, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from launcher.errors import LedgerError
from launcher.ledger.schema import SCHEMA_VERSION, create_tables
from launcher.ledger.sqlite import Place, SyncExecutor, take_place
from launcher.messages import Message
from launcher.redact import register

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from launcher.ledger.postgresql import ServerExecutor


Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class Database:
    """An open database. `name` tells the person which one, without a password."""

    name: str
    place: Place | None
    """The SQLite file; None on PostgreSQL."""
    executor: SyncExecutor | ServerExecutor
    server: AsyncEngine | None = None
    """PostgreSQL's, for what needs a session of its own; None on SQLite."""

    @property
    def file(self) -> Path | None:
        """The SQLite file; None on PostgreSQL."""
        return None if self.place is None else self.place.file

    def check_place(self) -> None:
        """Raise LedgerGoneError if the SQLite file was removed or replaced since it was opened."""
        if self.place is not None:
            self.place.check()

    async def write(self, work: Callable[[Connection], Done]) -> Done:
        """Return what the work gives back, in a transaction that is durable when this returns.

        It never happened if this raises, and it is over if this is cancelled.
        """
        with translated_errors(self.name):
            return await self.executor.write(work)

    async def read(self, work: Callable[[Connection], Done]) -> Done:
        """Return what the work gives back, in a view of the ledger that does not make a writer wait."""
        with translated_errors(self.name):
            return await self.executor.read(work)

    async def maintain(self, work: Callable[[Connection], Done]) -> Done:
        """Return what the work gives back, of which each statement stands outside any transaction."""
        with translated_errors(self.name):
            return await self.executor.maintain(work)

    async def execute(self, statement: Executable, values: Any = None) -> int:
        """Execute that statement as a transaction of its own; return how many rows it changed."""
        return await self.write(lambda connection: connection.execute(statement, values).rowcount)

    async def fetch(self, query: Executable, values: Any = None) -> Sequence[Row[*tuple[Any, ...]]]:
        """Return the rows that the query finds."""
        return await self.read(lambda connection: connection.execute(query, values).all())

    async def scalars(self, query: Executable, values: Any = None) -> list[Any]:
        """Return the only column of the rows that the query finds."""
        return [value for (value,) in await self.fetch(query, values)]

    async def scalar(self, query: Executable, values: Any = None) -> Any:
        """Return the only column of the first row that the query finds; None if it finds none."""
        return await self.read(lambda connection: connection.scalar(query, values))

    async def version(self) -> str | None:
        """Return its schema's version; None if it has no tables yet."""
        return await self.read(_version)


@asynccontextmanager
async def open_database(location: str, *, migrated: bool = True) -> AsyncIterator[Database]:
    """Open the database at a path or URL, at this version's schema unless told to leave it.

    Raises LedgerError.
    """
    path = sqlite_file(location)
    database = _server(location) if path is None else _sqlite(path)
    try:
        if migrated and await database.version() != SCHEMA_VERSION:
            await database.write(lambda connection: _migrate(connection, database.name))
        yield database
    finally:
        # Without this the threads keep the process from ending.
        await database.executor.close()


def sqlite_file(location: str) -> Path | None:
    """Return the SQLite file at that path or URL; None if it is another database."""
    if "://" in location and not location.startswith("sqlite:"):
        return None
    return Path(location.removeprefix("sqlite:///"))


def _sqlite(path: Path) -> Database:
    place = take_place(path)
    return Database(str(path), place, SyncExecutor(place))


def _server(location: str) -> Database:
    try:
        url = make_url(location)
    except ArgumentError:
        raise LedgerError("ledger-address-expected") from None
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise LedgerError("database-not-supported", get_backend_name=url.get_backend_name())
    if url.password:
        register(str(url.password))
    from launcher.ledger.postgresql import ServerExecutor

    executor = ServerExecutor(url)
    return Database(f"{url.host or 'local'}/{url.database}", None, executor, executor.engine)


def _migrate(connection: Connection, name: str) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("select pg_advisory_xact_lock(7276011)"))
    found = _version(connection)
    if found is not None and found > SCHEMA_VERSION:
        raise LedgerError("ledger-of-newer-version", name=name)
    if found is None:
        _create(connection)
    elif found != SCHEMA_VERSION:
        upgrade(connection)


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return str(connection.execute(text("select version_num from alembic_version")).scalar() or "") or None


def _create(connection: Connection) -> None:
    """All tables at once; a test holds that the migrations lead to the same."""
    create_tables(connection)
    connection.execute(text("create table alembic_version (version_num varchar(32) not null primary key)"))
    connection.execute(text("insert into alembic_version values (:version)"), {"version": SCHEMA_VERSION})


def upgrade(connection: Connection, to: str = "head") -> None:
    """Bring the tables from whatever version they have to that one, the newest by default."""
    # Takes a third of a second to import, and is needed once in a ledger's life for each version.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, to)


@contextmanager
def translated_errors(name: str) -> Iterator[None]:
    """Turn what the database or the disk refuses into LedgerError; mistakes of ours stay as they are."""
    try:
        yield
    except (ProgrammingError, IntegrityError, DataError):
        raise
    except DBAPIError as error:
        # Not str(error): it holds the statement and the person's data.
        raise LedgerError(_message(name, error.orig)) from None
    except (OSError, PoolTimeout) as error:
        raise LedgerError(_message(name, error)) from None


_NUMBER = re.compile(r"\[Errno (-?\d+)\] ")
_CLASS = re.compile(r"^<class '[^']+'>: ")
_AWAY = "its server does not answer; see whether it runs, and check the address"
_ACTIONS = {
    "file is not a database": "it is no ledger; name another file with --ledger",
    "unable to open database file": "name a file with --ledger, not a folder",
    "malformed": "it is damaged; launcher doctor says what to do",
    "database or disk is full": "make room on its disk, then: launcher resume",
    "disk I/O error": "see to its disk, then: launcher resume",
    "readonly database": "let this user write it, then: launcher resume",
    "locked": "another program holds it; end that, then: launcher resume",
    "Connect call failed": _AWAY,
    "Connection refused": _AWAY,
    "Name or service not known": "check the server's name in its address",
    "Temporary failure in name resolution": "check the server's name in its address, and the network",
    "password authentication failed": "check the user and the password in its address",
    "connection was closed": "its server has gone; when it is back: launcher resume",
}
"""What the databases say, and what to do about it."""


def _message(name: str, error: BaseException | None) -> Message:
    text = str(error).strip().partition("\n")[0]
    if isinstance(error, TimeoutError):
        problem, action = "no answer in time", _AWAY
    else:
        problem = _problem(text)
        action = next((action for part, action in _ACTIONS.items() if part in text), "")
    return Message("ledger-problem", name=name, problem=problem, action=f"; {action}" if action else "")


def _problem(text: str) -> str:
    """Return the text without what only programmers read: numbers and names of Python's errors."""
    if "Connect call failed" in text:  # asyncio's words, whatever the reason; the number tells it
        number = _NUMBER.search(text)
        return os.strerror(int(number[1])) if number else "no connection came about"
    return _CLASS.sub("", _NUMBER.sub("", text)) or "it broke down without a word"
