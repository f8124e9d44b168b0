"""What goes wrong with the ledger."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from launcher.errors import LauncherError


class LedgerError(LauncherError):
    """The ledger cannot be opened, read or written; the text says why and what to do."""


class LedgerGoneError(LedgerError):
    """Another file, or none, stands where the open ledger's file stood."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the ledger {name} was removed or replaced while it was in use, and nothing more is sent. What "
            "was started until then is recorded in the removed file, which only this process still has open, "
            "and in the results files. Put that file back before you run anything again: without it, rows "
            "start twice. If it is lost, put your last backup in its place, and look at the results files "
            "before you run those files again"
        )


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


def _message(name: str, error: BaseException | None) -> str:
    text = str(error).strip().partition("\n")[0]
    if isinstance(error, TimeoutError):
        problem, action = "no answer in time", _AWAY
    else:
        problem = _problem(text)
        action = next((action for part, action in _ACTIONS.items() if part in text), "")
    return f"the ledger {name}: {problem}" + (f"; {action}" if action else "")


def _problem(text: str) -> str:
    """Return the text without what only programmers read: numbers and names of Python's errors."""
    if "Connect call failed" in text:  # asyncio's words, whatever the reason; the number tells it
        number = _NUMBER.search(text)
        return os.strerror(int(number[1])) if number else "no connection came about"
    return _CLASS.sub("", _NUMBER.sub("", text)) or "it broke down without a word"
