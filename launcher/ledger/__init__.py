"""The durable record of runs, and the only place with SQL."""

from launcher.ledger.errors import LedgerError
from launcher.ledger.ledger import Ledger, open_ledger
from launcher.ledger.lock import PortalInUseError, hold_portal, is_held
from launcher.ledger.model import NewRow, NewRun, RecordedRow, RunRecord, run_name, run_number
from launcher.ledger.records import Judged, Record, Sent
from launcher.ledger.stops import StartedWorkflow, StopOutcome, Stops

__all__ = [
    "Judged",
    "Ledger",
    "LedgerError",
    "NewRow",
    "NewRun",
    "PortalInUseError",
    "Record",
    "RecordedRow",
    "RunRecord",
    "Sent",
    "StartedWorkflow",
    "StopOutcome",
    "Stops",
    "hold_portal",
    "is_held",
    "open_ledger",
    "run_name",
    "run_number",
]
