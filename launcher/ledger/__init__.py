"""The durable record of runs, and the only place with SQL."""

from launcher.errors import LedgerError, LedgerGoneError
from launcher.ledger.database import sqlite_file
from launcher.ledger.ledger import Ledger, open_ledger
from launcher.ledger.lock import (
    DaemonRunsError,
    PortalInUseError,
    daemon_runs,
    hold_daemon,
    hold_portal,
    is_held,
    who_holds,
)
from launcher.ledger.model import NewRow, NewRun, PortalLease, RecordedRow, RunRecord, run_number

__all__ = [
    "DaemonRunsError",
    "Ledger",
    "LedgerError",
    "LedgerGoneError",
    "NewRow",
    "NewRun",
    "PortalInUseError",
    "PortalLease",
    "RecordedRow",
    "RunRecord",
    "daemon_runs",
    "hold_daemon",
    "hold_portal",
    "is_held",
    "open_ledger",
    "run_number",
    "sqlite_file",
    "who_holds",
]
