"""A ledger as a file: whether it is sound, a copy of it beside runs that write, a look into another one."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from contextlib import closing, suppress
from pathlib import Path

from launcher.core.findings import Diagnosis, ok, trouble, trouble_of, warning
from launcher.errors import LauncherError, LedgerError
from launcher.ledger.database import open_database, sqlite_file
from launcher.ledger.schema import SCHEMA_VERSION
from launcher.ledger.sqlite import REMOVE_NAME, two_names


def has_runs(path: Path, portal: str) -> bool:
    """Return whether that SQLite ledger has runs on that portal; False if it is missing or cannot be read."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as ledger:
            return bool(ledger.execute("select 1 from runs where portal = ? limit 1", (portal,)).fetchall())
    except sqlite3.Error:
        return False


_CHECK = "ledger"
_DAMAGED = (
    "keep the file as it is, and put your last backup in its place; what was started since then is only known "
    "in the damaged one, so look at the results files before you run those files again"
)


async def examine(location: str) -> tuple[Diagnosis, bool]:
    """Return what is found, and whether the ledger can be opened as it is."""
    path = sqlite_file(location)
    if path is not None:
        return await asyncio.to_thread(_file, path)
    try:
        async with open_database(location, migrated=False) as database:
            return _version(database.name, await database.version())
    except LedgerError as error:
        return trouble_of(_CHECK, str(error), "see to the server"), False


def _file(path: Path) -> tuple[Diagnosis, bool]:
    if not path.exists():
        return ok(_CHECK, f"{path}: none yet, the first run makes it"), False
    if path.stat().st_nlink > 1:
        return trouble(_CHECK, two_names(path), REMOVE_NAME), False
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=30)) as ledger:
            found = [text for (text,) in ledger.execute("pragma quick_check(3)")]
            if found != ["ok"]:
                return trouble(_CHECK, f"{path} is damaged: {'; '.join(found).strip()}", _DAMAGED), False
            has = ledger.execute("select 1 from sqlite_master where name = 'alembic_version'").fetchone()
            versions = ledger.execute("select version_num from alembic_version").fetchone() if has else None
            return _version(str(path), versions and str(versions[0]))
    except sqlite3.DatabaseError as error:
        if "malformed" in str(error):
            return trouble(_CHECK, f"{path} is damaged: {error}", _DAMAGED), False
        return trouble(_CHECK, f"{path}: {error}", "name your ledger with --ledger, or see to that file"), False


def _version(name: str, version: str | None) -> tuple[Diagnosis, bool]:
    if version is None:
        return ok(_CHECK, f"{name}: empty, the first run fills it"), False
    if version > SCHEMA_VERSION:
        found = f"{name} was made by a newer launcher"
        return trouble(_CHECK, found, "install that one: pip install --upgrade bizproc-launcher"), False
    if version < SCHEMA_VERSION:
        found = f"{name} was made by an older launcher; the next command migrates it"
        return warning(_CHECK, found, "back it up first: launcher backup PATH"), False
    return ok(_CHECK, f"{name}: sound"), True


_PAGES = 4096
"""Copied between two looks at whether somebody asked to stop; 16 MB."""


class _StoppedError(LauncherError):
    """Somebody asked to stop."""


async def back_up(location: str, to: Path, *, force: bool = False) -> None:
    """Write a sound copy of the ledger as it was at one moment to that path, durable, for its owner alone.

    A copy that cannot be finished leaves nothing. `force`: in place of a file that is there. Raises
    LedgerError.
    """
    source = sqlite_file(location)
    if source is None:
        raise LedgerError("backup-of-postgresql")
    if not source.is_file():
        raise LedgerError("no-ledger-to-back-up", source=source)
    if source.stat().st_nlink > 1:
        raise LedgerError("ledger-has-two-names", two_names=two_names(source), remove_name=REMOVE_NAME)
    if to.exists() and (not force or to.samefile(source) or not to.is_file()):
        what = "it is the ledger itself" if to.samefile(source) else "there is something already"
        raise LedgerError("backup-not-to-there", to=to, what=what, way_out="" if force else ", or say --force")
    stop = threading.Event()
    copying = asyncio.ensure_future(asyncio.to_thread(_copy, source, to, stop))
    try:
        await asyncio.shield(copying)
    except asyncio.CancelledError:
        stop.set()
        with suppress(_StoppedError, LedgerError):
            await copying
        raise


def _copy(source: Path, to: Path, stop: threading.Event) -> None:
    partial = to.with_name(f".{to.name}.part")
    try:
        partial.unlink(missing_ok=True)
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))  # it holds customers' data
        try:
            _fill(source, partial, stop)
            _check(source, partial)
            _sync(partial)
            partial.replace(to)
            _sync(to.parent)
        finally:
            for file in (
                partial,
                *(partial.with_name(partial.name + end) for end in ("-wal", "-shm", "-journal")),
            ):
                file.unlink(missing_ok=True)
    except sqlite3.Error as error:
        raise LedgerError("ledger-not-copied", source=source, to=to, reason=error) from None
    except FileNotFoundError:
        # As typed: whoever typed a path with a slip in it looks there.
        raise LedgerError("backup-folder-missing", to=to, parent=to.parent) from None
    except OSError as error:
        raise LedgerError("cannot-be-written", to=to, strerror=error.strerror) from None


def _fill(source: Path, partial: Path, stop: threading.Event) -> None:
    def look(_status: int, _remaining: int, _total: int) -> None:
        if stop.is_set():
            raise _StoppedError

    with (
        closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as ledger,
        closing(sqlite3.connect(partial)) as copy,
    ):
        # One moment for all steps: without a transaction of its own the copy begins anew whenever a run has
        # written between two of them, and beside a busy run never ends.
        ledger.isolation_level = None
        ledger.execute("begin")
        ledger.execute("select count(*) from sqlite_master")
        ledger.backup(copy, pages=_PAGES, progress=look, sleep=0)
        # One file, without the journals that a ledger at work has beside it.
        copy.execute("pragma journal_mode = delete")


def _check(source: Path, partial: Path) -> None:
    with closing(sqlite3.connect(partial)) as copy:
        [(found,), *_] = copy.execute("pragma integrity_check").fetchall()
        if found != "ok":
            raise LedgerError("ledger-damaged", source=source, found=found)
        if not copy.execute("select 1 from sqlite_master where name = 'alembic_version'").fetchone():
            raise LedgerError("not-a-ledger", source=source)


def _sync(path: Path) -> None:
    """Write it through to disk. A folder cannot be opened on Windows, where renaming is enough."""
    if path.is_dir() and os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
