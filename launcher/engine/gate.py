"""When the next request may leave, and how many rows it may hold: core's arithmetic with the clock."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from aiolimiter import AsyncLimiter

from launcher.core.pacing import Bucket, Caution, Limits, Pause, bucket, drained
from launcher.core.summary import Ending
from launcher.core.verdict import Judgement, Limit
from launcher.core.words import duration
from launcher.engine.progress import Progress
from launcher.engine.stopping import Stopping

_log = structlog.get_logger()


class Gate:
    """All workers pass here before each request, and tell it what each answer taught."""

    def __init__(
        self,
        limits: Limits,
        caution: Caution,
        *,
        give_up_after_s: float,
        stopping: Stopping,
        progress: Progress,
    ) -> None:
        self._limits = limits
        self._caution = caution
        self._give_up_after_s = give_up_after_s
        self._stopping = stopping
        self._progress = progress
        self._pause = Pause()
        self._limiter = _limiter(bucket(limits))
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
            await limiter.acquire()
            # A refusal meanwhile has made another limiter, or a pause.
            if limiter is self._limiter and not self._pause.wait_s(self._now()):
                return

    async def learn(self, judgement: Judgement, *, sent_at: float) -> None:
        """Take account of the answer to a request that left at `sent_at` of this gate's clock."""
        if judgement.halt is not None:
            self._stopping.stop(Ending.STOPPED, judgement.halt.text)
        elif judgement.hold is not None:
            self._hold(judgement.hold.limit, sent_at)
        elif judgement.lost:
            self._lost(len(judgement.verdicts), sent_at)
        else:
            self._pause.answered(sent_at=sent_at)
            self._caution.answered()
        async with self._changed:
            self._changed.notify_all()

    def _hold(self, limit: Limit, sent_at: float) -> None:
        if limit is Limit.RATE:
            self._limiter = _limiter(drained(self._limits))
        self._wait(limit.value, sent_at)
        if self._pause.trouble_s(self._now()) > self._give_up_after_s:
            self._stopping.stop(
                Ending.STOPPED, f"{limit.value} for {duration(self._give_up_after_s)}; no request got through"
            )

    def _lost(self, rows: int, sent_at: float) -> None:
        self._caution.lost(rows)
        self._wait("the portal's answer was lost", sent_at)
        if self._caution.hopeless:
            self._stopping.stop(
                Ending.STOPPED,
                f"the portal's answers were lost {Caution.LOSSES_AT_MOST} times in a row; see whether it is up",
            )

    def _wait(self, reason: str, sent_at: float) -> None:
        now = self._now()
        # Dice for spreading requests, not for secrets.
        self._pause.refused(sent_at=sent_at, now=now, jitter=random.random())  # noqa: S311
        wait_s = self._pause.wait_s(now)
        self._progress.waiting = f"{reason}, {duration(wait_s)}"
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
