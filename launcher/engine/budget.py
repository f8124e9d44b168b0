"""The requests that a portal lets us send: whoever sends one, a start or a question, takes it from here."""

from __future__ import annotations

import asyncio
import math

from launcher.core.pacing import Pacing, Rate


class Budget:
    """One for a portal and a command, with the clock."""

    def __init__(self, pacing: Pacing) -> None:
        self.pacing = pacing
        self.rate = Rate(pacing.limits, pacing.share)
        self._changed = asyncio.Event()

    async def for_question(self) -> float:
        """When a question may leave, which it does then, this gives the time: the loop's."""
        while wait_s := self.rate.wait_s(now(), hurried=True):
            await self.changes(within_s=wait_s)
        left_at = now()
        self.rate.passed(left_at)
        return left_at

    def answered(self) -> None:
        """The answer to a question is here."""
        self.rate.answered(now())

    def refused(self, *, sent_at: float) -> None:
        """A question that left at that time was refused for the rate."""
        self.rate.refused(sent_at=sent_at, now=now())
        self.change()

    def change(self) -> None:
        """Whoever waits is to look again."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def changes(self, *, within_s: float) -> None:
        """Returns with the next change, or after so long."""
        changed = self._changed
        try:
            async with asyncio.timeout(None if math.isinf(within_s) else within_s):
                await changed.wait()
        except TimeoutError:
            return


def now() -> float:
    """Seconds by the loop's clock, by which all pacing goes."""
    return asyncio.get_running_loop().time()
