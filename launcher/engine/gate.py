"""When the next request may leave, and how many rows it may hold: core's arithmetic with the clock."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from aiolimiter import AsyncLimiter

from launcher.core.catalogue import answers_lost_text, given_up_text
from launcher.core.guard import Guard
from launcher.core.model import State
from launcher.core.pacing import Bucket, Caution, Limits, Pause, bucket, drained
from launcher.core.summary import Ending
from launcher.core.verdict import Judgement, Limit
from launcher.core.words import duration
from launcher.engine.progress import Progress
from launcher.engine.stopping import Stopping
from launcher.engine.waits import Waits

_log = structlog.get_logger()


class Gate:
    """All workers pass here before each request, and tell it what each answer taught."""

    def __init__(
        self,
        limits: Limits,
        caution: Caution,
        *,
        guard: Guard,
        give_up_after_s: float,
        stopping: Stopping,
        progress: Progress,
        waits: Waits | None = None,
    ) -> None:
        self._limits = limits
        self._caution = caution
        self._guard = guard
        self._give_up_after_s = give_up_after_s
        self._stopping = stopping
        self._progress = progress
        self._waits = waits or Waits()
        self._pause = Pause()
        self._limiter = _limiter(bucket(limits))
        self._bucket_known = False
        self._in_flight = 0
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[int]:
        """A turn to send one request of at most so many rows; 0 where the run is to stop."""
        await self._enter()
        try:
            yield 0 if self._stopping.is_set else self._caution.size
        finally:
            async with self._changed:
                self._in_flight -= 1
                self._changed.notify_all()

    async def _enter(self) -> None:
        while True:
            async with self._changed:
                await self._changed.wait_for(self._may_enter)
                self._in_flight += 1
            await self._wait_for_limits()
            # Meanwhile an answer may have been lost, and fewer may be in the air than before.
            if self._stopping.is_set or self._caution.may_send(self._in_flight - 1):
                return
            async with self._changed:
                self._in_flight -= 1

    def _may_enter(self) -> bool:
        return self._stopping.is_set or self._caution.may_send(self._in_flight)

    async def _wait_for_limits(self) -> None:
        while not self._stopping.is_set:
            if wait_s := self._pause.wait_s(self._now()):
                await self._stopping.sleep(wait_s)
                continue
            self._progress.waiting = ""
            limiter = self._limiter
            if limiter is None:
                return
            if not limiter.has_capacity():
                self._progress.waiting = f"rate limit, {self._limits.per_second:g} requests a second"
            with self._waits.pacing():
                await limiter.acquire()
            # A refusal meanwhile has made another limiter, or a pause.
            if limiter is self._limiter and not self._pause.wait_s(self._now()):
                return

    async def learn(self, judgement: Judgement, *, sent_at: float) -> None:
        """Take account of the answer to a request that left at `sent_at` of this gate's clock."""
        if judgement.halt is not None:
            self._stopping.stop(Ending.STOPPED, judgement.halt.text)
        elif judgement.lost:
            self._lost(sent_at)
        else:
            if self._watch(judgement):
                await self._answered(sent_at)
            if judgement.hold is not None:
                self._hold(judgement.hold.limit, sent_at)
            else:
                self._pause.answered(sent_at=sent_at)
        async with self._changed:
            self._changed.notify_all()

    async def _answered(self, sent_at: float) -> None:
        self._pause.got_through()
        self._caution.answered(sent_at=sent_at)
        if not self._bucket_known and self._limiter is not None:
            # The portal's bucket had nothing to drain before the first request reached it, so ours begins
            # to drain when its answer is here, however slow the way is.
            self._bucket_known = True
            self._limiter = _limiter(bucket(self._limits))
            if self._limiter is not None:
                await self._limiter.acquire()

    def _watch(self, judgement: Judgement) -> bool:
        """Whether the portal accepted or refused a row; stops the run where too many are refused."""
        states = [verdict.state for verdict in judgement.verdicts]
        accepted, failed = states.count(State.STARTED), states.count(State.FAILED)
        if why := self._guard.count(accepted=accepted, failed=failed):
            self._stopping.stop(Ending.STOPPED, why)
        return accepted + failed > 0

    def _hold(self, limit: Limit, sent_at: float) -> None:
        if limit is Limit.RATE:
            self._limiter, self._bucket_known = _limiter(drained(self._limits)), True
        self._wait(limit.value, sent_at)
        if self._pause.trouble_s(self._now()) > self._give_up_after_s:
            self._stopping.stop(Ending.STOPPED, given_up_text(limit.value, duration(self._give_up_after_s)))

    def _lost(self, sent_at: float) -> None:
        self._caution.lost(sent_at=sent_at, now=self._now())
        self._wait("the portal's answer was lost", sent_at)
        if self._caution.hopeless:
            self._stopping.stop(
                Ending.STOPPED,
                answers_lost_text(Caution.LOSSES_AT_MOST),
            )

    def _wait(self, reason: str, sent_at: float) -> None:
        now = self._now()
        # Dice for spreading requests, not for secrets.
        self._pause.refused(sent_at=sent_at, now=now, jitter=random.random())  # noqa: S311
        wait_s = self._pause.wait_s(now)
        self._progress.waiting = f"{reason}, {duration(wait_s)}"
        self._waits.begin(reason, wait_s)
        _log.warning("waiting", reason=reason, wait_s=round(wait_s, 1))

    async def stop(self) -> None:
        """Wake whoever waits for a turn."""
        async with self._changed:
            self._changed.notify_all()

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


def _limiter(size: Bucket | None) -> AsyncLimiter | None:
    return None if size is None else AsyncLimiter(size.capacity, size.period_s)
