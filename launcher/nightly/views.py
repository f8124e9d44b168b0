"""What a daemon works on: jobs as it sees them, nights that go on, a clock, and hands that do what is due."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from launcher.core.due import Standing, Timetable
from launcher.core.nights import JobResult
from launcher.engine.cancel import CancelToken
from launcher.ledger import NightRecord
from launcher.report.metrics import Metric

_TOLD = 20
"""So many missed due times of each job are kept to be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A job with a schedule, as the configuration and the ledger have it now."""

    name: str
    portal: str
    """Empty where the configuration does not say how it is called: `trouble` says why."""
    timetable: Timetable
    nights: Sequence[NightRecord]
    """The newest first."""
    trouble: str = ""


class DaemonHands(Protocol):
    """What the daemon is to do by. Each raises StepError where it cannot, with words for the person."""

    def read_again(self) -> None:
        """The configuration as it stands now; where it is broken, the last good one stays."""

    async def jobs(self) -> list[Watched]:
        """All jobs with a schedule."""

    async def holder(self, portal: str) -> str:
        """Which other run holds that portal; nothing where it is free."""

    async def night(self, names: Sequence[str], cancel: CancelToken) -> list[JobResult]:
        """One night of these jobs."""

    async def figures(self) -> list[Metric]:
        """The figures of all runs."""


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

    watched: Watched
    stands: Standing
    since: float | None
    """What was due by then needs nothing more."""
    missed: deque[float] = field(default_factory=lambda: deque(maxlen=_TOLD))
    missed_count: int = 0
    waits: str = ""
    """Why it has not begun though it is due."""
    not_before: float = 0.0
    """By the steady clock."""
    last: JobResult | None = None
    """What its last night under this daemon came to."""

    def at(self, when: float) -> str:
        """That time by the job's own clock."""
        zone = self.watched.timetable.zone
        shown = datetime.fromtimestamp(when, zone)
        return (shown if zone else shown.astimezone()).isoformat("T", "minutes")


@dataclass(frozen=True, slots=True)
class Going:
    """A night that goes on."""

    dues: Mapping[str, float]
    """By job."""
    since: float
    task: asyncio.Task[None]
