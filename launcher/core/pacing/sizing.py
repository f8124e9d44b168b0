"""How many rows a request holds, by what requests have cost: as few as lose no speed."""

from __future__ import annotations

import math
from dataclasses import dataclass

from launcher.core.batch import MAX_COMMANDS

SPREAD = 2.0
"""Deviations above the mean that are reckoned with."""


class Estimate:
    """A mean and how far samples lie from it, as TCP keeps them of its round trips."""

    def __init__(self) -> None:
        self.mean = 0.0
        self._deviation = 0.0
        self.known = False

    def take(self, sample: float) -> None:
        """Take account of one sample."""
        if not self.known:
            self.mean, self._deviation, self.known = sample, sample / 2, True
            return
        off = sample - self.mean
        self._deviation += (abs(off) - self._deviation) / 4
        self.mean = sample if sample > self.high else self.mean + off / 2

    @property
    def high(self) -> float:
        """What the next one will hardly exceed, unless something has changed."""
        return self.mean + SPREAD * self._deviation


LATE = (1 / 400, 1 / 16)
"""By how much a request exceeds its prediction before it counts as late: as parts of `batch_s` and of what its
rows cost on average."""

VERY_LATE = (1 / 50, 1 / 2)
"""The same before it is worth a request to see why."""


@dataclass(slots=True, eq=False)
class InFlight:
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

    def is_late(self, flight: InFlight, now: float, *, heard: bool = False) -> bool:
        """Whether the answer should have been here by what is known, and is not (or was only `heard` now)."""
        if flight.heard and not heard:
            return False
        return now > self._due_at(flight, LATE)

    def probe_at(self, flight: InFlight) -> float:
        """When a late answer is waited for no longer, and a single row goes to see what starts take now."""
        return self._due_at(flight, VERY_LATE)

    def _due_at(self, flight: InFlight, margin: tuple[float, float]) -> float:
        if not self.start_s.known or flight.excused:
            return math.inf
        expected_s = flight.rows * self.start_s.high + self.request_s.high
        return (
            flight.left_at
            + expected_s
            + self._batch_s * margin[0]
            + flight.rows * self.start_s.mean * margin[1]
        )


UNMEASURED_GROWTH = 4
"""While no row has started, nothing is known of a start's cost, and each answer lets batches grow so much."""

OVERHEAD_AT_MOST = 1 / 25
"""The part of a request's time that may be lost on the way, so that batches can be small."""

FREE_REQUEST_S = 0.25
"""Shorter requests than that are not worth their own work: the ledger's, the portal's."""

RATE_LEFT_FREE = 0.5
"""The part of the request rate that small batches may not use up."""

HURRY = 5
"""How many times as fast as it drains the bucket may be filled. Faster gains nothing in a run that is longer
than a burst, and where others have filled it, all that are in flight are refused together."""


class Sizing:
    """Follows what starts cost."""

    def __init__(self, costs: Costs, *, batch_s: float, per_second: float) -> None:
        self._costs = costs
        self._batch_s = batch_s
        self._per_second = per_second
        self._answered = 0
        self.longest = math.inf
        """Bytes of a request's commands at most; no server has refused shorter ones."""

    def answered(self, rows: int) -> None:
        """A request with so many rows was answered."""
        self._answered = max(self._answered, rows)

    def too_long(self, length: int) -> None:
        """Commands of so many bytes were too long for a server: half of that from now on."""
        self.longest = min(self.longest, length // 2)

    def at_once(self, level: int) -> int:
        """How many of the requests that may be in flight are of use."""
        if not self._per_second or not self._costs.start_s.known:
            return level
        request_s = MAX_COMMANDS * self._costs.start_s.mean + self._costs.request_s.mean
        return max(1, min(level, math.ceil(request_s * self._per_second * HURRY)))

    def rows(self, left: int, *, at_once: int, in_flight: int) -> int:
        """Rows for the next request of so many that are left, where so many may be in flight and are."""
        return max(1, min(left, MAX_COMMANDS, self._fits(at_once), self._fair(left, at_once, in_flight)))

    def _fits(self, at_once: int) -> int:
        if not self._costs.start_s.known:
            return self._answered * UNMEASURED_GROWTH
        start_s = self._costs.start_s.high
        if start_s * MAX_COMMANDS <= FREE_REQUEST_S:
            return MAX_COMMANDS
        fits = math.floor((self._batch_s - self._costs.request_s.mean) / start_s)
        return max(1, min(fits, math.ceil(self._worth_s(at_once) / start_s)))

    def _fair(self, left: int, at_once: int, in_flight: int) -> int:
        """The last rows are shared out, unless the requests that this needs take longer than they save."""
        if left * self._costs.start_s.mean <= (
            at_once / self._per_second if self._per_second else FREE_REQUEST_S
        ):
            return left
        return math.ceil(left / max(1, at_once - in_flight))

    def _worth_s(self, at_once: int) -> float:
        """Seconds of execution from which on a longer request gains nothing."""
        worth_s = max(FREE_REQUEST_S, self._costs.request_s.mean / OVERHEAD_AT_MOST)
        if self._per_second:
            # With so many at once, shorter ones would need more requests a second than that.
            worth_s = max(worth_s, at_once / (self._per_second * RATE_LEFT_FREE))
        return worth_s
