"""The real controller against a portal of arithmetic, in a time that leaps from event to event."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, field

from launcher.core.forecast.portal import Execution, Portal, PortalModel
from launcher.core.pacing import Controller, Flight, Leave, Lesson, Pacing, Why

LEAST_STEP_S = 1e-6
"""Time goes on even where a wait is a rounding error."""


@dataclass(slots=True)
class Course:
    """How a run went."""

    seconds: float = 0.0
    requests: int = 0
    started: int = 0
    unknown: int = 0
    """Rows of requests that were cut."""
    waits: dict[Why, float] = field(default_factory=lambda: dict.fromkeys(Why, 0.0))
    """Seconds in which nothing left, by reason."""
    points: list[tuple[float, int]] = field(default_factory=list)
    """Rows that were done, and when; one for each answer."""

    @property
    def done(self) -> int:
        return self.started + self.unknown


class Run:
    """Rows on their way through a portal."""

    def __init__(self, rows: int, pacing: Pacing, model: PortalModel) -> None:
        self.controller = Controller(pacing)
        self.portal = Portal(model)
        self.course = Course()
        self._way_s = model.way_s
        self._left = rows
        self._now = 0.0
        self._events: list[tuple[float, int, bool, Flight, Execution]] = []
        self._count = 0

    def go(self, *, requests_at_most: float = math.inf) -> Course:
        """Take the run to its end, or so far."""
        while (self._left or self._events) and self.course.requests < requests_at_most:
            wait_s, why = self._send() if self._left else (math.inf, Why.IN_THE_AIR)
            if wait_s:
                self._pass_time(wait_s, why)
            if self.controller.caution.hopeless:
                break
        self.course.seconds = self._now
        return self.course

    def _send(self) -> tuple[float, Why]:
        """Send a request; or how long to wait first, and why."""
        answer = self.controller.ask(self._now, rows=self._left)
        if not isinstance(answer, Leave):
            return answer.seconds, answer.why
        flight = self.controller.take(answer, self._now)
        self._left -= answer.rows
        self.course.requests += 1
        execution = self.portal.take(self._now, answer.rows)
        self._plan(self._now, flight, execution)
        return 0.0, Why.IN_THE_AIR

    def _plan(self, now: float, flight: Flight, execution: Execution) -> None:
        at = self.portal.go_on(execution, now)
        self._count += 1
        if at is None:
            heapq.heappush(self._events, (now + self._way_s, self._count, True, flight, execution))
        else:
            heapq.heappush(self._events, (at, self._count, False, flight, execution))

    def _pass_time(self, wait_s: float, why: Why) -> None:
        event_at = self._events[0][0] if self._events else math.inf
        then = min(self._now + max(wait_s, LEAST_STEP_S), event_at)
        if math.isinf(then):
            raise RuntimeError(f"at {self._now:.1f} s, {self._left} rows are left")
        self.course.waits[why] += then - self._now
        self._now = then
        while self._events and self._events[0][0] <= self._now:
            at, _, is_answer, flight, execution = heapq.heappop(self._events)
            if is_answer:
                self._hear(flight, execution)
            else:
                self._plan(at, flight, execution)

    def _hear(self, flight: Flight, execution: Execution) -> None:
        lesson = Lesson(
            heard_at=self._now,
            times=execution.times,
            started=0 if execution.cut else execution.started,
            settled=execution.started > 0 and not execution.cut,
            lost=execution.cut,
            limit=execution.limit,
        )
        self.controller.learn(flight, lesson, self._now)
        self.controller.done(flight)
        if execution.cut:
            self.course.unknown += execution.rows
        else:
            self.course.started += execution.started
            self._left += execution.rows - execution.started
        self.course.points.append((self._now, self.course.done))
