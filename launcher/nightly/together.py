"""Stops all runs of a night at once, and each of them when its time is over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from launcher.core.summary import Ending
from launcher.engine.stopping import Stopping

_LOOK_S = 20.0
"""The clock on the wall is looked at so often: it leaps when it is set, or when the machine slept."""


class Together(Stopping):
    """What stops this stops every run that goes on under it, now and later."""

    def __init__(self) -> None:
        super().__init__()
        self._runs: set[Stopping] = set()

    def stop(self, ending: Ending, because: str) -> None:
        """Stop all runs."""
        super().stop(ending, because)
        for run in self._runs:
            run.stop(ending, because)

    def hurry(self) -> None:
        """No run waits any longer for what is in the air."""
        super().hurry()
        for run in self._runs:
            run.hurry()

    @asynccontextmanager
    async def one(self, until: float, because: str, now: Callable[[], float]) -> AsyncIterator[Stopping]:
        """What stops one run, by itself at `until` for that reason."""
        run = Stopping()
        self._runs.add(run)
        if self.is_set:
            run.stop(self.ending, self.because)
        watch = asyncio.create_task(_watch(run, until, because, now))
        try:
            yield run
        finally:
            self._runs.discard(run)
            watch.cancel()


async def _watch(run: Stopping, until: float, because: str, now: Callable[[], float]) -> None:
    while (left_s := until - now()) > 0:  # noqa: ASYNC110  the clock on the wall sets no event
        await asyncio.sleep(min(left_s, _LOOK_S))
    run.stop(Ending.PAUSED, because)
