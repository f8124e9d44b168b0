"""The real controller taken through a portal of arithmetic, in a time that leaps from event to event.

The oracle of the forecast and of what pacing promises. Time is a number here, and nothing is executed. Written
after the same pages as the simulator, but apart.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from launcher.core.answers import BATCH, NOTHING, START, Times, Told
from launcher.core.pacing.controller import Controller, Feedback, Leave, WaitReason
from launcher.core.pacing.limits import Limits, Pacing
from launcher.core.pacing.sizing import InFlight
from launcher.core.verdict import Limit

BASKETS = 10
CUT_S = 60.0
"""Bitrix24's cloud ends a request after that."""


class Charged(Enum):
    """Whose account the seconds of a batch go to; the documentation does not say."""

    METHOD = "method"
    BATCH = "batch"
    BOTH = "both"
    SILENT = "none"
    """To the method's, and no answer tells of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalModel:
    """What kind of portal it is."""

    limits: Limits
    start_s: float | Callable[[int], float]
    """What a start costs; or what the n-th one costs, from 0, and commands are gone through one by one."""
    way_s: float = 0.0
    """What a request takes besides."""
    charged: Charged = Charged.METHOD
    step_phase: float = 0.5
    """When in a second the portal's bucket drains."""
    basket_phase: float | None = None
    """When baskets begin, as a part of their length; None: with the first charge that no other takes."""
    others_per_second: float = 0.0
    """Requests of other programs on the same address."""
    cut_s: float = CUT_S


@dataclass(slots=True, eq=False)
class Execution:
    """A request while the portal executes it, and what became of it."""

    rows: int
    began: float
    started: int = 0
    limit: Limit | None = None
    cut: bool = False
    times: Times = NOTHING
    doing: int = 0
    """Commands that are executed just now, together."""
    doing_s: float = 0.0


class Bucket:
    """The leaky bucket, which drains in steps of a second and takes others' requests evenly."""

    def __init__(self, model: PortalModel) -> None:
        self._model = model
        self._level = 0.0
        self._step = math.floor(-model.step_phase)
        self._others_at = 0.0

    def admits(self, now: float) -> bool:
        """Add a request unless it would overflow."""
        limits = self._model.limits
        if not limits.has_rate:
            return True
        step = math.floor(now - self._model.step_phase)
        others = self._model.others_per_second
        if not others:
            self._level = max(0.0, self._level - limits.per_second * (step - self._step))
        else:
            for second in range(self._step + 1, step + 1):
                at = second + self._model.step_phase
                self._fill((at - self._others_at) * others)
                self._others_at = at
                self._level = max(0.0, self._level - limits.per_second)
            self._fill((now - self._others_at) * others)
            self._others_at = now
        self._step = step
        if self._level + 1 > limits.burst:
            return False
        self._level += 1
        return True

    def _fill(self, requests: float) -> None:
        self._level = min(float(self._model.limits.burst), self._level + requests)


class Baskets:
    """Execution seconds of one account."""

    def __init__(self, model: PortalModel) -> None:
        self._window_s = model.limits.window_s
        self._basket_s = model.limits.window_s / BASKETS
        self._phase = model.basket_phase
        self._baskets: deque[list[float]] = deque()
        self._sum = 0.0

    def used_s(self, now: float) -> float:
        while self._baskets and self._baskets[0][0] + self._window_s <= now:
            self._sum -= self._baskets.popleft()[1]
        return self._sum if self._baskets else 0.0

    def charge(self, now: float, seconds: float) -> None:
        if not self._baskets or self._baskets[-1][0] + self._basket_s <= now:
            self._baskets.append([self._opened(now), 0.0])
        if len(self._baskets) == 1 and self._baskets[0][1] == 0:
            self._sum = 0.0
        self._baskets[-1][1] += seconds
        self._sum += seconds

    def _opened(self, now: float) -> float:
        if self._phase is None:
            return float(math.floor(now))
        return (math.floor(now / self._basket_s - self._phase) + self._phase) * self._basket_s

    def reset_at(self, now: float) -> float:
        return (self._baskets[0][0] if self._baskets else math.floor(now)) + self._window_s


CLOCK_AHEAD_S = 86_400.0
"""The portal's clock is a day ahead of ours, to show that nobody compares them."""


class Portal:
    """Answers requests."""

    def __init__(self, model: PortalModel) -> None:
        self.model = model
        self._bucket = Bucket(model)
        self._batch, self._method = Baskets(model), Baskets(model)
        self._starts = 0
        self.refused_rate = 0
        self.refused_operating = 0
        self.cut = 0

    def take(self, now: float, rows: int) -> Execution:
        """A request with so many rows arrives now; it has its `limit` at once where it is refused."""
        execution = Execution(rows, now)
        if not self._bucket.admits(now):
            self.refused_rate += 1
            execution.limit = Limit.RATE
        elif self._is_full(self._batch, now):
            self.refused_operating += 1
            execution.limit = Limit.OPERATING
        return execution

    def go_on(self, execution: Execution, now: float) -> float | None:
        """What was being executed is done. When the next commands will be; None: the request is done with."""
        if execution.doing:
            self._charge(now, execution.doing_s)
            execution.started += execution.doing
            execution.doing = 0
        if execution.cut or execution.limit is not None:
            return None
        left = execution.rows - execution.started
        if left and self._is_full(self._method, now):
            self.refused_operating += 1
            execution.limit = Limit.OPERATING
        elif left:
            return self._execute(execution, now, left)
        execution.times = self._times(now, now - execution.began)
        return None

    def _execute(self, execution: Execution, now: float, left: int) -> float:
        cost = self.model.start_s
        count = left if isinstance(cost, float) else 1
        seconds = count * cost if isinstance(cost, float) else cost(self._starts)
        end = execution.began + self.model.cut_s
        if now + seconds > end:
            execution.cut, self.cut = True, self.cut + 1
            count, seconds = int(count * (end - now) / seconds), end - now
        self._starts += max(1, count)  # the start that was cut has begun
        execution.doing, execution.doing_s = count, seconds
        return now + seconds

    def _is_full(self, account: Baskets, now: float) -> bool:
        allowed_s = self.model.limits.operating_seconds
        return allowed_s > 0 and account.used_s(now) > allowed_s

    def _charge(self, now: float, seconds: float) -> None:
        if seconds > 0:
            if self.model.charged in (Charged.BATCH, Charged.BOTH):
                self._batch.charge(now, seconds)
            if self.model.charged is not Charged.BATCH:
                self._method.charge(now, seconds)

    def _times(self, now: float, execution_s: float) -> Times:
        if self.model.charged is Charged.SILENT:
            return Times(execution_s)
        told = {
            name: Told(account.used_s(now), now + CLOCK_AHEAD_S, account.reset_at(now) + CLOCK_AHEAD_S)
            for name, account in ((BATCH, self._batch), (START, self._method))
        }
        return Times(execution_s, told)


LEAST_STEP_S = 1e-6
"""Time goes on even where a wait is a rounding error."""


@dataclass(slots=True)
class Timeline:
    """How a run went."""

    seconds: float = 0.0
    requests: int = 0
    started: int = 0
    unknown: int = 0
    """Rows of requests that were cut."""
    waits: dict[WaitReason, float] = field(default_factory=lambda: dict.fromkeys(WaitReason, 0.0))
    """Seconds in which nothing left, by reason."""
    points: list[tuple[float, int]] = field(default_factory=list)
    """Rows that were done, and when; one for each answer."""

    @property
    def done(self) -> int:
        return self.started + self.unknown


def binds(course: Timeline) -> WaitReason | None:
    """What a run waited for most, where it was a tenth of its time."""
    why = max(course.waits, key=course.waits.__getitem__)
    return why if course.waits[why] > course.seconds / 10 else None


class Run:
    """Rows on their way through a portal."""

    def __init__(self, rows: int, pacing: Pacing, model: PortalModel) -> None:
        self.controller = Controller(pacing)
        self.portal = Portal(model)
        self.course = Timeline()
        self._way_s = model.way_s
        self._left = rows
        self._now = 0.0
        self._events: list[tuple[float, int, bool, InFlight, Execution]] = []
        self._count = 0

    def go(self, *, requests_at_most: float = math.inf) -> Timeline:
        """Take the run to its end, or so far."""
        while (self._left or self._events) and self.course.requests < requests_at_most:
            wait_s, why = self._send() if self._left else (math.inf, WaitReason.IN_FLIGHT)
            if wait_s:
                self._pass_time(wait_s, why)
            if self.controller.slow_start.hopeless:
                break
        self.course.seconds = self._now
        return self.course

    def _send(self) -> tuple[float, WaitReason]:
        """Send a request; or how long to wait first, and why."""
        answer = self.controller.ask(self._now, rows=self._left)
        if not isinstance(answer, Leave):
            return answer.seconds, answer.why
        flight = self.controller.take(answer, self._now)
        self._left -= answer.rows
        self.course.requests += 1
        execution = self.portal.take(self._now, answer.rows)
        self._plan(self._now, flight, execution)
        return 0.0, WaitReason.IN_FLIGHT

    def _plan(self, now: float, flight: InFlight, execution: Execution) -> None:
        at = self.portal.go_on(execution, now)
        self._count += 1
        if at is None:
            heapq.heappush(self._events, (now + self._way_s, self._count, True, flight, execution))
        else:
            heapq.heappush(self._events, (at, self._count, False, flight, execution))

    def _pass_time(self, wait_s: float, why: WaitReason) -> None:
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

    def _hear(self, flight: InFlight, execution: Execution) -> None:
        feedback = Feedback(
            heard_at=self._now,
            times=execution.times,
            started=0 if execution.cut else execution.started,
            settled=execution.started > 0 and not execution.cut,
            lost=execution.cut,
            limit=execution.limit,
        )
        self.controller.learn(flight, feedback, self._now)
        self.controller.done(flight)
        if execution.cut:
            self.course.unknown += execution.rows
        else:
            self.course.started += execution.started
            self._left += execution.rows - execution.started
        self.course.points.append((self._now, self.course.done))
