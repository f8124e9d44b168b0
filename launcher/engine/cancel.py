"""What stops a run, or several of them, before their end: asked for once, for one reason.

From then on nothing more is sent, and the answers to what is in flight are waited for. A second request stops
that waiting too. What stops a token stops its children, now and later; a child also stops by itself, at its
own time.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

from launcher.core.summary import Ending
from launcher.errors import StoppedError

Result = TypeVar("Result")

_LOOK_S = 20.0
"""The clock on the wall is looked at so often: it leaps when it is set, or when the machine slept."""


class CancelToken:
    """Asks whatever it is given to for a good end. Belongs to one event loop."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._hurried = asyncio.Event()
        self._children: set[CancelToken] = set()
        self.ending = Ending.FINISHED
        self.reason = ""

    def cancel(self, reason: str, ending: Ending = Ending.INTERRUPTED) -> None:
        """Stop, and the children with it. The first reason stays."""
        if not self._event.is_set():
            self.ending, self.reason = ending, reason
            self._event.set()
        for child in self._children:
            child.cancel(reason, ending)

    def overrule(self, reason: str, ending: Ending) -> None:
        """Stop for this reason, even if there is another one already."""
        self.cancel(reason, ending)
        self.ending, self.reason = ending, reason

    def hurry(self) -> None:
        """Stop waiting for what is in flight, too: it becomes unknown."""
        self._hurried.set()
        for child in self._children:
            child.hurry()

    @asynccontextmanager
    async def child(self, until: float, reason: str, now: Callable[[], float]) -> AsyncIterator[CancelToken]:
        """Give a token that this one stops, and that is paused by itself for that reason at `until`."""
        child = CancelToken()
        self._children.add(child)
        if self.is_set:
            child.cancel(self.reason, self.ending)
        watch = asyncio.create_task(_pause_at(child, until, reason, now))
        try:
            yield child
        finally:
            self._children.discard(child)
            watch.cancel()

    @property
    def is_set(self) -> bool:
        """Whether all is to stop."""
        return self._event.is_set()

    async def wait(self) -> None:
        """Return once all is to stop."""
        await self._event.wait()

    async def drain(self, timeout_s: float) -> None:
        """Return when nobody is to wait any longer for what is in flight: after that time, or when hurried."""
        await wait_for_event(self._hurried, timeout_s)

    async def sleep(self, seconds: float) -> None:
        """Sleep that long, or until all is to stop."""
        await wait_for_event(self._event, seconds)

    async def race(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Return what the work gives. If all is to stop before, it is cancelled, and over when StoppedError is
        raised: what it is about to write is written or not."""
        task, stopped = asyncio.ensure_future(work), asyncio.ensure_future(self.wait())
        try:
            await asyncio.wait([task, stopped], return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise StoppedError("given-text", text=self.reason)
            return task.result()
        finally:
            for one in (task, stopped):
                one.cancel()
            await asyncio.gather(task, stopped, return_exceptions=True)


async def wait_for_event(event: asyncio.Event, within_s: float) -> None:
    """Return once the event is set, or after that time; infinity: not before it is set."""
    with suppress(TimeoutError):
        async with asyncio.timeout(None if math.isinf(within_s) else within_s):
            await event.wait()


async def _pause_at(token: CancelToken, until: float, reason: str, now: Callable[[], float]) -> None:
    while (left_s := until - now()) > 0:  # noqa: ASYNC110  the clock on the wall sets no event
        await asyncio.sleep(min(left_s, _LOOK_S))
    token.cancel(reason, Ending.PAUSED)
