"""The ledger's file, and whether it still stands where it was opened.

A database whose file was removed or replaced can be written as before by whoever has it open, and is gone when
that process ends: the next run would find an empty ledger, and start every row a second time.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from launcher.ledger.errors import LedgerError, LedgerGoneError

_Identity = tuple[int, int]

_opened: dict[Path, _Identity] = {}
"""Each file that this process has opened as a ledger. A night opens its ledger again and again, and must not
make a new one, or go on with another one, once it was removed or replaced."""


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
        raise LedgerError(f"the ledger {path}: cannot be written: {error.strerror}") from None
    if found.st_nlink > 1:
        raise LedgerError(f"{two_names(path)}; {REMOVE_NAME}")
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
