"""Whether a ledger is sound. Changes nothing: it makes none, and migrates none."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from launcher.core.health import Diagnosis, ok, trouble, trouble_of, warning
from launcher.ledger.database import open_database, sqlite_file
from launcher.ledger.errors import LedgerError
from launcher.ledger.place import REMOVE_NAME, two_names
from launcher.ledger.schema import SCHEMA_VERSION

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
