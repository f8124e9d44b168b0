"""What a request costs: seconds for each row that starts, and seconds for the request itself."""

from __future__ import annotations

import math
from dataclasses import dataclass

from launcher.core.pacing.estimate import Estimate

LATE = (1 / 400, 1 / 16)
"""By how much a request exceeds its prediction before it counts as late: as parts of `batch_s` and of what its
rows cost on average."""

VERY_LATE = (1 / 50, 1 / 2)
"""The same before it is worth a request to see why."""


@dataclass(slots=True, eq=False)
class Flight:
    """A request, from the moment when it was allowed to leave until its answer is recorded."""

    rows: int
    probe: bool
    """Whether it left while another was late, to see whether starts have become slow."""
    left_at: float
    excused: bool = False
    """Whether a later request was answered in time, so that only this one is slow."""
    heard: bool = False


@dataclass(frozen=True, slots=True)
class Took:
    """What an answer took: by our clock, and by the portal's word where it gave it."""

    round_trip_s: float
    started: int
    execution_s: float | None
    """Of all its commands together."""


class Costs:
    """Learned from answers, and while one is overdue, from its absence."""

    def __init__(self, batch_s: float) -> None:
        self._batch_s = batch_s
        self.start_s = Estimate()
        """For each row that started: what did not start costs little and says nothing."""
        self.request_s = Estimate()
        """What a round trip takes beside the execution: the way, the portal's own work."""

    def take(self, took: Took) -> None:
        """Take account of an answer."""
        execution_s = took.round_trip_s if took.execution_s is None else took.execution_s
        if took.execution_s is not None:
            self.request_s.take(max(0.0, took.round_trip_s - took.execution_s))
        if took.started:
            self.start_s.take(max(0.0, execution_s) / took.started)

    def is_late(self, flight: Flight, now: float, *, heard: bool = False) -> bool:
        """Whether the answer should have been here by what is known, and is not (or was only `heard` now)."""
        if flight.heard and not heard:
            return False
        return now > self._due_at(flight, LATE)

    def probe_at(self, flight: Flight) -> float:
        """When a late answer is waited for no longer, and a single row goes to see what starts take now."""
        return self._due_at(flight, VERY_LATE)

    def _due_at(self, flight: Flight, margin: tuple[float, float]) -> float:
        if not self.start_s.known or flight.excused:
            return math.inf
        expected_s = flight.rows * self.start_s.high + self.request_s.high
        return (
            flight.left_at
            + expected_s
            + self._batch_s * margin[0]
            + flight.rows * self.start_s.mean * margin[1]
        )
