"""The database under the ledger: SQLite or PostgreSQL, opened, migrated and closed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from launcher.ledger.aside import Aside, Done
from launcher.ledger.errors import LedgerError, in_words
from launcher.ledger.place import Place, take_place
from launcher.ledger.schema import SCHEMA_VERSION, metadata
from launcher.redact import register

_BUSY_S = 30
"""How long SQLite waits for another process's transaction; ours take milliseconds."""


@dataclass(frozen=True, slots=True)
class Database:
    """An open database. `name` tells the person which one, without a password."""

    name: str
    place: Place | None
    """The SQLite file; None on PostgreSQL."""
    engine: AsyncEngine
    aside: Aside | None = None
    """Where `write` and `read` work; None on PostgreSQL."""

    @property
    def file(self) -> Path | None:
        """The SQLite file; None on PostgreSQL."""
        return None if self.place is None else self.place.file

    def check_place(self) -> None:
        """Raise LedgerGoneError if the SQLite file was removed or replaced since it was opened."""
        if self.place is not None:
            self.place.check()

    async def write(self, work: Callable[[Connection], Done]) -> Done:
        """What the work gives back, in a transaction like that of `writing`.

        For what every row passes through: on SQLite one step of a thread for all of the work, where `writing`
        takes four for each of its statements.
        """
        if self.aside is None:
            async with self.writing() as connection:
                return await connection.run_sync(work)
        with in_words(self.name):
            return await self.aside.write(work)

    async def read(self, work: Callable[[Connection], Done]) -> Done:
        """What the work gives back, in a view like that of `reading`."""
        if self.aside is None:
            async with self.reading() as connection:
                return await connection.run_sync(work)
        with in_words(self.name):
            return await self.aside.read(work)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that is durable when the block ends, and never happened when it raises."""
        with in_words(self.name):
            async with self.engine.begin() as connection:
                if self.file is None:
                    # A server may be set to answer before a commit is on disk: here, a row started twice.
                    await connection.execute(text("set local synchronous_commit = on"))
                yield connection

    async def version(self) -> str | None:
        """Its schema's version; None where it has no tables yet."""
        async with self.reading() as connection:
            return await connection.run_sync(_version)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A view of the ledger that does not make a writer wait."""
        with in_words(self.name):
            async with self.engine.execution_options(launcher_reading=True).connect() as connection:
                yield connection


@asynccontextmanager
async def open_database(location: str, *, migrated: bool = True) -> AsyncIterator[Database]:
    """The database at a path or URL, at this version's schema unless it is to be left. Raises LedgerError."""
    path = sqlite_file(location)
    database = _server(location) if path is None else _sqlite(path)
    try:
        if migrated:
            await _migrate(database)
        yield database
    finally:
        # Without this the driver's thread keeps the process from ending.
        await database.engine.dispose()
        if database.aside is not None:
            database.aside.close()


def sqlite_file(location: str) -> Path | None:
    """The SQLite file at that path or URL; None where it is another database."""
    if "://" in location and not location.startswith("sqlite:"):
        return None
    return Path(location.removeprefix("sqlite:///"))


def _sqlite(path: Path) -> Database:
    place = take_place(path)
    database = str(place.file)
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=database), connect_args={"timeout": _BUSY_S}
    )
    aside = create_engine(URL.create("sqlite+pysqlite", database=database), connect_args={"timeout": _BUSY_S})
    for each in (engine.sync_engine, aside):
        _make_durable(each)
        _keep_to(place, each)
    return Database(str(path), place, engine, Aside(aside))


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
        # The driver must not open transactions itself: it begins them without the lock, and two processes
        # that read and then write lose updates without an error.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=wal", "synchronous=full", f"busy_timeout={_BUSY_S * 1000}"):
            cursor.execute(f"pragma {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        said = connection.get_execution_options()
        if said.get("isolation_level") != "AUTOCOMMIT":
            connection.exec_driver_sql("begin" if said.get("launcher_reading") else "begin immediate")


def _server(location: str) -> Database:
    try:
        url = make_url(location)
    except ArgumentError:
        raise LedgerError(
            "the ledger: a path, or a URL like postgresql://user@host/database, is expected"
        ) from None
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise LedgerError(f"the ledger: {url.get_backend_name()} is not supported; use SQLite or PostgreSQL")
    if url.password:
        register(str(url.password))
    engine = create_async_engine(url.set(drivername="postgresql+asyncpg"), pool_pre_ping=True)
    return Database(f"{url.host or 'local'}/{url.database}", None, engine)


async def _migrate(database: Database) -> None:
    if await database.version() == SCHEMA_VERSION:
        return
    async with database.writing() as connection:
        if database.file is None:
            await connection.execute(text("select pg_advisory_xact_lock(7276011)"))
        found = await connection.run_sync(_version)
        if found is not None and found > SCHEMA_VERSION:
            raise LedgerError(f"the ledger {database.name} was made by a newer launcher; install that one")
        if found is None:
            await connection.run_sync(_create)
        elif found != SCHEMA_VERSION:
            await connection.run_sync(upgrade)


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return str(connection.execute(text("select version_num from alembic_version")).scalar() or "") or None


def _create(connection: Connection) -> None:
    """All tables at once; a test holds that the migrations lead to the same."""
    metadata.create_all(connection)
    connection.execute(text("create table alembic_version (version_num varchar(32) not null primary key)"))
    connection.execute(text("insert into alembic_version values (:version)"), {"version": SCHEMA_VERSION})


def upgrade(connection: Connection, to: str = "head") -> None:
    """Bring the tables from whatever version they have to that one, the newest unless said otherwise."""
    # Takes a third of a second to import, and is needed once in a ledger's life for each version.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, to)
