"""When the next request may leave, and of how many rows: all that pacing knows, in one answer.

`now` is seconds of any clock that never goes back. Nothing here waits: the caller learns how long to.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from launcher.core.answers import NOTHING, Times
from launcher.core.batch import MAX_COMMANDS
from launcher.core.pacing.backoff import Pause, SlowStart
from launcher.core.pacing.concurrency import Concurrency
from launcher.core.pacing.limits import Operating, Pacing
from launcher.core.pacing.rate import SOON_S, Rate
from launcher.core.pacing.sizing import Costs, InFlight, Sizing, Took
from launcher.core.verdict import Limit


class WaitReason(Enum):
    """What a request waits for."""

    IN_FLIGHT = "answers"
    """As many requests are in flight as may be."""
    TROUBLE = "trouble"
    """A request was refused or lost."""
    RATE = "rate limit"
    OPERATING = "operating time limit"


@dataclass(frozen=True, slots=True)
class Leave:
    """A request may leave now, of at most so many rows."""

    rows: int
    probe: bool = False
    """Whether it is to show why another is late."""


@dataclass(frozen=True, slots=True)
class Wait:
    """No request may leave for so long; infinity: until an answer is here."""

    seconds: float
    why: WaitReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What one answer, or its absence, teaches."""

    heard_at: float
    times: Times = NOTHING
    started: int = 0
    settled: bool = False
    """Whether the portal accepted or refused a row."""
    lost: bool = False
    limit: Limit | None = None
    """What held the request back, or its last rows."""
    too_long: int = 0
    """Bytes of its commands, where a server refused it for its length."""
    jitter: float = 0.0
    """From 0 up to 1; makes a wait after trouble so much longer."""


class Controller:
    """Asked before each request, and told what each answer taught."""

    def __init__(self, pacing: Pacing, rate: Rate | None = None) -> None:
        """`rate`: that of the portal, where others than the controller's requests count too."""
        self.pause = Pause()
        self.slow_start = SlowStart(concurrency=pacing.concurrency)
        self.concurrency = Concurrency(pacing.concurrency)
        self.operating = Operating(pacing.limits)
        self.costs = Costs(pacing.batch_s)
        self._rate = rate or Rate(pacing.limits, pacing.share)
        self._sizing = Sizing(self.costs, batch_s=pacing.batch_s, per_second=self._rate.per_second)
        self._flights: list[InFlight] = []

    @property
    def longest(self) -> float:
        """Bytes of a request's commands at most."""
        return self._sizing.longest

    def ask(self, now: float, *, rows: int) -> Leave | Wait:
        """Whether a request may leave now, of so many rows that are left."""
        others = self._flights
        at_once = self._sizing.at_once(self.concurrency.level)
        if len(others) >= at_once or not self.slow_start.may_send(len(others)):
            return Wait(math.inf, WaitReason.IN_FLIGHT)
        if wait_s := self.pause.wait_s(now):
            return Wait(wait_s, WaitReason.TROUBLE)
        if wait_s := self._rate.wait_s(now, hurried=rows <= MAX_COMMANDS):
            return Wait(wait_s, WaitReason.RATE)
        late = [flight for flight in others if self.costs.is_late(flight, now)]
        if late and any(flight.probe for flight in others):
            return Wait(math.inf, WaitReason.IN_FLIGHT)
        if late and (wait_s := max(map(self.costs.probe_at, late)) - now) > SOON_S:
            return Wait(wait_s, WaitReason.IN_FLIGHT)
        start_s = self.costs.start_s.high
        wanted = min(self.slow_start.size, self._sizing.rows(rows, at_once=at_once, in_flight=len(others)))
        room = self.operating.room(
            now,
            wanted=1 if late else wanted,
            in_flight_s=start_s * sum(flight.rows for flight in others if not flight.heard),
            start_s=start_s,
        )
        return Leave(room.rows, probe=bool(late)) if room.rows else Wait(room.wait_s, WaitReason.OPERATING)

    def take(self, leave: Leave, now: float) -> InFlight:
        """Take the place that was given, until `done`: a request is going to leave now."""
        flight = InFlight(leave.rows, leave.probe, now)
        self._flights.append(flight)
        self._rate.passed(now)
        return flight

    def leaves(self, flight: InFlight, now: float, *, rows: int) -> None:
        """The request leaves now, with so many rows."""
        flight.rows, flight.left_at = rows, now

    def learn(self, flight: InFlight, feedback: Feedback, now: float) -> None:
        """Take account of the answer to that request, once it is recorded."""
        flight.heard = True
        round_trip_s = max(0.0, feedback.heard_at - flight.left_at)
        if feedback.settled:
            self._measure(flight, feedback, round_trip_s)
            self.pause.got_through()
            self._rate.answered(feedback.heard_at)
            self.slow_start.answered(sent_at=flight.left_at)
            self._sizing.answered(flight.rows)
        self._spend(flight, feedback, round_trip_s)
        if feedback.too_long:
            self._sizing.too_long(feedback.too_long)
        if feedback.lost:
            self.slow_start.lost(sent_at=flight.left_at, now=now)
        if feedback.limit is Limit.RATE:
            self._rate.refused(sent_at=flight.left_at, now=now)
        if feedback.limit is Limit.OPERATING:
            self.operating.refused(now)
        if feedback.lost or feedback.limit is Limit.CONNECTION:
            self.concurrency.trouble()
        if feedback.lost or feedback.limit is not None:
            self.pause.refused(sent_at=flight.left_at, now=now, jitter=feedback.jitter)
        else:
            self.pause.answered(sent_at=flight.left_at)

    def done(self, flight: InFlight) -> None:
        """Give the place back."""
        self._flights.remove(flight)

    def _measure(self, flight: InFlight, feedback: Feedback, round_trip_s: float) -> None:
        if flight.probe and not self.costs.is_late(flight, feedback.heard_at, heard=True):
            # Starts are as quick as ever: what is late is an exception, and no reason to go slowly.
            for other in self._flights:
                other.excused |= self.costs.is_late(other, feedback.heard_at)
        took = Took(round_trip_s, feedback.started, feedback.times.execution_s)
        self.costs.take(took)
        if feedback.started:
            self.concurrency.answered(seconds=round_trip_s, rows=feedback.started, in_flight=len(self._flights))

    def _spend(self, flight: InFlight, feedback: Feedback, round_trip_s: float) -> None:
        spent_s = feedback.times.execution_s
        if spent_s is None and feedback.lost:
            # What it executed nobody says.
            spent_s = min(round_trip_s, flight.rows * self.costs.start_s.mean)
        elif spent_s is None:
            spent_s = round_trip_s if feedback.settled else 0.0
        self.operating.spent(spent_s, told=feedback.times.told, now=feedback.heard_at)
