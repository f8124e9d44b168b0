"""What goes into the ledger and comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, text

from launcher.core.model import State
from launcher.core.plan import Planned
from launcher.core.summary import Ending
from launcher.errors import LedgerError


def run_name(run_id: int) -> str:
    """Return the run as people name it: `r12`."""
    return f"r{run_id}"


def run_number(name: str) -> int | None:
    """Return the run's ID of `r12` or `12`; None if the text names no run."""
    digits = name.strip().lower().removeprefix("r")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 9 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRun:
    """A run as it begins."""

    job: str
    file: str
    portal: str
    plan: Mapping[str, object]
    """What it was asked to do, in JSON's types; with it, it can go on without the configuration."""
    header: tuple[str, ...]
    dialect: Mapping[str, object]
    fingerprint: str
    """Tells whether the file is still the one that was read."""
    results: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord(NewRun):
    """A run as the ledger knows it. Times are seconds since 1970."""

    id: int
    loaded: bool
    """Whether every row of the file is in the ledger."""
    ending: Ending
    stopped_because: str
    created_at: float
    ended_at: float | None
    active_s: float
    pruned_at: float | None = None
    """When its rows were pruned, all but those that nobody knows of; 0 while that is not finished."""

    @property
    def name(self) -> str:
        return run_name(self.id)


@dataclass(frozen=True, slots=True)
class NewRow:
    """A row of the file, and what was planned for it."""

    planned: Planned
    cells: tuple[str, ...]
    kinds: str


class RecordedRow(NamedTuple):
    """A row with its truth so far."""

    row_number: int
    cells: tuple[str, ...]
    kinds: str
    state: State
    workflow_id: str
    error_code: str
    error: str
    attempts: int
    changed_at: float


OWN_SESSION = "select pid, backend_start from pg_stat_activity where pid = pg_backend_pid()"
"""Of a connection to PostgreSQL: what tells its session from any other, before and after a restart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalLease:
    """One process at work on a portal. The operating system, or the server, ends it with the process."""

    portal: str
    owner: int
    """Its process ID, on that host."""
    host: str
    since: float
    """Seconds since 1970."""
    session: tuple[int, object] | None = None
    """On PostgreSQL, the server's process that holds the lock, and when it began."""

    def check(self, connection: Connection, ledger: str) -> None:
        """Raise LedgerError if the server was restarted, and the lock on the portal is gone with it."""
        if self.session is None:
            return
        process, start = self.session
        query = text("select 1 from pg_stat_activity where pid = :pid and backend_start = :start")
        if connection.execute(query, {"pid": process, "start": start}).first() is None:
            raise LedgerError("ledger-server-restarted", ledger=ledger)
