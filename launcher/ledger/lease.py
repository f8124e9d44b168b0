"""Who holds a portal, as a value: it is given to what records, so that a lost hold stops the next send."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from launcher.ledger.errors import LedgerError

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
            raise LedgerError(
                f"the ledger {ledger}: its server was restarted, and another run may be at work by now; go on "
                "with: launcher resume"
            )
