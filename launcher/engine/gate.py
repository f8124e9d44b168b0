"""When the next request may leave, and how many rows it may hold: core's controller with the clock."""

from __future__ import annotations

import asyncio
import math
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import structlog
from aiolimiter import AsyncLimiter

from launcher.core.catalogue import answers_lost_text, given_up_text
from launcher.core.guard import Guard
from launcher.core.model import State
from launcher.core.pacing import Caution, Channel, Controller, Flight, Leave, Lesson, Pacing, Wait, Why
from launcher.core.summary import Ending
from launcher.core.times import NOTHING, Times
from launcher.core.verdict import Judgement
from launcher.core.words import duration
from launcher.engine.progress import Progress
from launcher.engine.stopping import Stopping
from launcher.engine.waits import Waits

_log = structlog.get_logger()

_LOST = "the portal's answer was lost"


class Turn:
    """A place among the requests in the air, held while one is sent, heard and recorded."""

    def __init__(self, controller: Controller, flight: Flight | None) -> None:
        self._controller = controller
        self.flight = flight
        self.rows = 0 if flight is None else flight.rows
        """Rows that the request may hold; 0: none is to be sent."""
        self.heard_at = 0.0

    def leaves(self, rows: int) -> None:
        """The request leaves now, with so many rows."""
        if self.flight is not None:
            self._controller.leaves(self.flight, _now(), rows=rows)

    def heard(self) -> None:
        """Its answer is here, or is not to come."""
        self.heard_at = _now()


class Gate:
    """All workers pass here before each request, and tell it what each answer taught."""

    def __init__(
        self,
        pacing: Pacing,
        *,
        guard: Guard,
        give_up_after_s: float,
        stopping: Stopping,
        progress: Progress,
        waits: Waits | None = None,
    ) -> None:
        self._controller = Controller(pacing)
        self._guard = guard
        self._give_up_after_s = give_up_after_s
        self._stopping = stopping
        self._progress = progress
        self._waits = waits or Waits()
        self._trouble = ""
        """Why everybody waits, in words, where it is a refusal or a loss."""
        self._channel: Channel | None = None
        self._limiter: AsyncLimiter | None = None
        self._per_second = pacing.limits.per_second * pacing.share
        self._changed = asyncio.Event()
        self._waiting_for: Counter[Why] = Counter()
        self._waiting_since: dict[Why, float] = {}

    @asynccontextmanager
    async def turn(self, rows: Callable[[], int]) -> AsyncIterator[Turn]:
        """A turn to send one request; one without rows where the run is to stop.

        `rows`: how many are left to send, at the moment; where there are none any more, nobody waits.
        """
        flight = await self._enter(rows)
        try:
            yield Turn(self._controller, flight)
        finally:
            if flight is not None:
                self._leave(flight)

    @property
    def is_closed(self) -> bool:
        """Whether the run is to stop, so that there is no turn any more."""
        return self._stopping.is_set

    async def _enter(self, rows: Callable[[], int]) -> Flight | None:
        while not self.is_closed and (count := rows()):
            answer = self._controller.ask(_now(), rows=count)
            if isinstance(answer, Wait):
                await self._wait(answer)
            elif flight := await self._pass(answer, rows):
                return flight
        return None

    async def _pass(self, leave: Leave, rows: Callable[[], int]) -> Flight | None:
        """Pass the channel, too; None where something has changed meanwhile, and it is to be asked anew."""
        flight = self._controller.reserve(leave)
        try:
            if await self._through_channel(rows) and not self.is_closed and (count := rows()):
                answer = self._controller.ask(_now(), rows=count, without=flight)
                if isinstance(answer, Leave):
                    self._progress.waiting = ""
                    self._controller.passes(flight, answer, _now())
                    return flight
        except BaseException:
            self._leave(flight)
            raise
        self._leave(flight)
        return None

    async def _through_channel(self, rows: Callable[[], int]) -> bool:
        """Whether the request has passed the channel, and it is still the one to pass."""
        limiter = await self._limiter_now()
        if limiter is None:
            return True
        if limiter.has_capacity():
            await limiter.acquire()
            return True
        acquiring = asyncio.ensure_future(limiter.acquire())
        try:
            with self._waiting(Why.RATE), self._waits.pacing():
                while not acquiring.done() and limiter is self._limiter and not self.is_closed and rows():
                    await self._or_changed(acquiring)
        finally:
            acquiring.cancel()
        return acquiring.done() and limiter is await self._limiter_now()

    async def _limiter_now(self) -> AsyncLimiter | None:
        channel = self._controller.channel
        if channel is not self._channel and channel is not None:
            self._channel = channel
            self._limiter = AsyncLimiter(channel.bucket.capacity, channel.bucket.period_s)
            await self._limiter.acquire(channel.level)
        return self._limiter

    async def _or_changed(self, awaited: asyncio.Future[None]) -> None:
        changed = asyncio.ensure_future(self._changed.wait())
        either: set[asyncio.Future[Any]] = {awaited, changed}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            changed.cancel()

    async def _wait(self, wait: Wait) -> None:
        """Wait so long, or until something has changed."""
        changed = self._changed
        if wait.why is Why.OPERATING:
            self._waits.begin(wait.why.value, wait.seconds)
        with self._waiting(wait.why, wait.seconds):
            try:
                async with asyncio.timeout(None if math.isinf(wait.seconds) else wait.seconds):
                    await changed.wait()
            except TimeoutError:
                return

    @contextmanager
    def _waiting(self, why: Why, seconds: float = math.inf) -> Iterator[None]:
        """Every wait passes here, whatever its reason. Workers that wait for the same wait together."""
        self._show(why, seconds)
        self._waiting_since.setdefault(why, _now())
        self._waiting_for[why] += 1
        try:
            yield
        finally:
            self._waiting_for[why] -= 1
            if not self._waiting_for[why]:
                self._waited(why, _now() - self._waiting_since.pop(why))

    def _waited(self, why: Why, seconds: float) -> None:
        """Nobody waits for that any more; somebody did for so long."""
        if why is not Why.IN_THE_AIR:
            _log.debug("waited", reason=self._words(why), seconds=round(seconds, 1))

    def _show(self, why: Why, seconds: float) -> None:
        if why is Why.RATE:
            self._progress.waiting = f"rate limit, {self._per_second:g} requests a second"
        elif why is not Why.IN_THE_AIR and not math.isinf(seconds):
            self._progress.waiting = f"{self._words(why)}, {duration(seconds)}"

    def _words(self, why: Why) -> str:
        return self._trouble if why is Why.TROUBLE else why.value

    def learn(self, turn: Turn, judgement: Judgement, times: Times = NOTHING) -> None:
        """Take account of the answer to the request of this turn, once it is recorded."""
        if turn.flight is None:
            return
        if judgement.halt is not None:
            self._stopping.stop(Ending.STOPPED, judgement.halt.text)
        else:
            lesson = self._lesson(turn, judgement, times)
            self._controller.learn(turn.flight, lesson, _now())
            self._look_out(lesson)
        self._change()

    def _lesson(self, turn: Turn, judgement: Judgement, times: Times) -> Lesson:
        states = Counter(verdict.state for verdict in judgement.verdicts)
        accepted, failed = states[State.STARTED], states[State.FAILED]
        if not judgement.lost and (why := self._guard.count(accepted=accepted, failed=failed)):
            self._stopping.stop(Ending.STOPPED, why)
        return Lesson(
            heard_at=turn.heard_at,
            times=times,
            started=accepted,
            settled=not judgement.lost and accepted + failed > 0,
            lost=judgement.lost,
            limit=None if judgement.lost or judgement.hold is None else judgement.hold.limit,
            jitter=random.random(),  # noqa: S311 - dice for spreading requests, not for secrets
        )

    def _look_out(self, lesson: Lesson) -> None:
        """Tell why everybody waits; stop the run where going on leads nowhere."""
        if lesson.lost:
            self._trouble = _LOST
        elif lesson.limit is not None:
            self._trouble = lesson.limit.value
        else:
            return
        wait_s = self._controller.pause.wait_s(_now())
        self._show(Why.TROUBLE, wait_s)
        self._waits.begin(self._trouble, wait_s)
        _log.warning("waiting", reason=self._trouble, wait_s=round(wait_s, 1))
        if self._controller.caution.hopeless:
            self._stopping.stop(
                Ending.STOPPED,
                answers_lost_text(Caution.LOSSES_AT_MOST),
            )
        elif not lesson.lost and self._controller.pause.trouble_s(_now()) > self._give_up_after_s:
            self._stopping.stop(
                Ending.STOPPED,
                given_up_text(self._trouble, duration(self._give_up_after_s)),
            )

    def stop(self) -> None:
        """Wake whoever waits for a turn."""
        self._change()

    def _leave(self, flight: Flight) -> None:
        self._controller.done(flight)
        self._change()

    def _change(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def _now() -> float:
    return asyncio.get_running_loop().time()
