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
from launcher.ledger.nights import FailedFiles, NightRecord, Nights
from launcher.ledger.notices import Notices, QueuedMessage, UnsentMessage
from launcher.ledger.pruning import Prunable, compact, portals, prunable, prune
from launcher.ledger.pruning_nights import Age, OldNights, old_nights, prune_nights
from launcher.ledger.records import Judged, Record, Recorded, Sent, Written
from launcher.ledger.tallies import Tally, tallies, unknown_before
from launcher.ledger.timeline import StartedWorkflow, StopOutcome, Stops
from launcher.ledger.upkeep import back_up, examine

__all__ = [
    "Age",
    "DaemonRunsError",
    "FailedFiles",
    "Judged",
    "Ledger",
    "LedgerError",
    "LedgerGoneError",
    "NewRow",
    "NewRun",
    "NightRecord",
    "Nights",
    "Notices",
    "OldNights",
    "PortalInUseError",
    "PortalLease",
    "Prunable",
    "QueuedMessage",
    "Record",
    "Recorded",
    "RecordedRow",
    "RunRecord",
    "Sent",
    "StartedWorkflow",
    "StopOutcome",
    "Stops",
    "Tally",
    "UnsentMessage",
    "Written",
    "back_up",
    "compact",
    "daemon_runs",
    "examine",
    "hold_daemon",
    "hold_portal",
    "is_held",
    "old_nights",
    "open_ledger",
    "portals",
    "prunable",
    "prune",
    "prune_nights",
    "run_number",
    "sqlite_file",
    "tallies",
    "unknown_before",
    "who_holds",
]
