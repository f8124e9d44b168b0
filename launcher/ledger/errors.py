"""What goes wrong with the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout


class LedgerError(Exception):
    """The ledger cannot be opened, read or written; the text says why and what to do."""


@contextmanager
def in_words(name: str) -> Iterator[None]:
    """Turn what the database or the disk refuses into LedgerError; mistakes of ours stay as they are."""
    try:
        yield
    except (ProgrammingError, IntegrityError, DataError):
        raise
    except DBAPIError as error:
        # Not str(error): it holds the statement and the person's data.
        raise LedgerError(f"the ledger {name}: {_first_line(error.orig)}") from None
    except (OSError, PoolTimeout) as error:
        raise LedgerError(f"the ledger {name}: {_first_line(error)}") from None


def _first_line(error: BaseException | None) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
