"""The running loop's clock, which a test may put forward: time-outs come when it says so, and never before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest


class LoopClock:
    """By it go the loop's timers, and with them aiohttp's time-outs and asyncio's sleeps."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        loop = asyncio.get_running_loop()
        real, self._ahead_s = loop.time, 0.0
        monkeypatch.setattr(loop, "time", lambda: real() + self._ahead_s)

    def put_forward(self, seconds: float) -> None:
        """What was to happen within so long is due now."""
        self._ahead_s += seconds


async def until(fact: Callable[[], object]) -> None:
    """Return once that is so, however long it takes: what never comes is for the test's own time-out."""
    while not fact():  # noqa: ASYNC110  most of what tests wait for has no event
        await asyncio.sleep(0.002)
