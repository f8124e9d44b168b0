"""Another ledger than the open one, looked into without a change."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path


def has_runs(path: Path, portal: str) -> bool:
    """Return whether that SQLite ledger has runs on that portal; False if it is missing or cannot be read."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as ledger:
            return bool(ledger.execute("select 1 from runs where portal = ? limit 1", (portal,)).fetchall())
    except sqlite3.Error:
        return False
