"""What a daemon works on: jobs as it sees them, ongoing runs, and a clock."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from launcher.core.due import Standing, Timetable
from launcher.core.nights import JobResult
from launcher.ledger.nights import NightRecord

_MISSED_SHOWN = 20
"""So many missed due times of each job are kept to be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedJob:
    """A job with a schedule, as the configuration and the ledger have it now."""

    name: str
    portal: str
    """Empty if the configuration does not say how it is called: `problem` says why."""
    timetable: Timetable
    nights: Sequence[NightRecord]
    """The newest first."""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Clock:
    """What time it is, and how one waits."""

    now: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic
    """Seconds that no setting of the clock on the wall changes."""
    sleep: Callable[[float], Coroutine[Any, Any, None]] = asyncio.sleep


@dataclass(slots=True)
class JobView:
    """A job as the daemon sees it."""

    job: TimedJob
    stands: Standing
    since: float | None
    """What was due by then needs nothing more."""
    missed: deque[float] = field(default_factory=lambda: deque(maxlen=_MISSED_SHOWN))
    missed_count: int = 0
    waits: str = ""
    """Why it has not begun though it is due."""
    not_before: float = 0.0
    """By the steady clock."""
    last: JobResult | None = None
    """What its last run under this daemon came to."""

    def at(self, when: float) -> str:
        """Return that time by the job's own clock."""
        zone = self.job.timetable.zone
        shown = datetime.fromtimestamp(when, zone)
        return (shown if zone else shown.astimezone()).isoformat("T", "minutes")


@dataclass(frozen=True, slots=True)
class OngoingRun:
    """A scheduled run that goes on."""

    dues: Mapping[str, float]
    """By job."""
    since: float
    task: asyncio.Task[None]
