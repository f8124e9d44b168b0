"""Whether a scheduled run begins late, and which ones there were not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from launcher.automation.scheduled import ScheduledJob
from launcher.core.due import Past, Timetable, missed
from launcher.core.words import duration
from launcher.ledger import Ledger, NightRecord, Nights

_NIGHTS = 20


async def lateness(ledger: Ledger, job: ScheduledJob, now: float, late_after_s: float) -> list[str]:
    """Return what there is to say of due times that had no run, and of this one's; nothing if all is well."""
    schedule = job.config.due()
    if schedule is None:
        return []
    timetable = Timetable(schedule, job.config.zone(), job.config.catch_up)
    former = await Nights(ledger, job.name, job.portal).former(_NIGHTS)
    texts = [
        f"there was no night when it was due at {_when(due, timetable)}"
        for due in missed(timetable, Past(nights=former), now)
    ]
    late = _late(timetable, former, now, late_after_s)
    return texts + ([late] if late else [])


def _late(timetable: Timetable, former: Sequence[NightRecord], now: float, late_after_s: float) -> str:
    """Return how late it begins; nothing if it is in time, or if it was not waited for."""
    due = timetable.last_by(now)
    known = [night.due_at for night in former if night.due_at is not None]
    if not known or max(known) >= due or now - due < late_after_s:
        return ""
    return f"it began {duration(now - due)} after it was due at {_when(due, timetable)}"


def _when(at: float, timetable: Timetable) -> str:
    return datetime.fromtimestamp(at, timetable.zone).strftime("%Y-%m-%d %H:%M")
