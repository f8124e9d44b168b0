"""Why and how a run stops before its end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from launcher.core.summary import Ending
from launcher.errors import StoppedError

Result = TypeVar("Result")


class Stopping:
    """Set once, for one reason; from then on nothing more is sent, and what is in the air is heard out."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._hurried = asyncio.Event()
        self.ending = Ending.FINISHED
        self.because = ""

    def stop(self, ending: Ending, because: str) -> None:
        """Stop the run. The first reason stays."""
        if not self._event.is_set():
            self.ending, self.because = ending, because
            self._event.set()

    def overrule(self, ending: Ending, because: str) -> None:
        """Stop the run, for this reason also where it has another one already."""
        self.stop(ending, because)
        self.ending, self.because = ending, because

    def hurry(self) -> None:
        """Stop waiting for what is in the air, too: it becomes unknown."""
        self._hurried.set()

    async def hear_out(self, seconds: float) -> None:
        """Return when nobody is to wait any longer for what is in the air: after that time, or when hurried."""
        try:
            async with asyncio.timeout(seconds):
                await self._hurried.wait()
        except TimeoutError:
            return

    @property
    def is_set(self) -> bool:
        return self._event.is_set()

    async def wait(self) -> None:
        """Return once the run is to stop."""
        await self._event.wait()

    async def sleep(self, seconds: float) -> None:
        """Sleep that long, or until the run is to stop."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return

    async def unless_set(self, work: Coroutine[Any, Any, Result]) -> Result:
        """What the work gives; where all is to stop before, it is cancelled. Raises StoppedError then."""
        task, stopped = asyncio.ensure_future(work), asyncio.ensure_future(self.wait())
        try:
            await asyncio.wait([task, stopped], return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise StoppedError
            return task.result()
        finally:
            for one in (task, stopped):
                one.cancel()
            await asyncio.gather(task, stopped, return_exceptions=True)
