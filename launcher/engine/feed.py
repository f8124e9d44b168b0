"""The bounded queue between the ledger and the workers."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from launcher.core.model import Start


class Feed:
    """Starts in their order, handed out by the batch.

    Not asyncio.Queue: a worker wants many at once, waits for a full batch only while more are coming, and
    gives back in front what it could not send.
    """

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._starts: deque[Start] = deque()
        self._changed = asyncio.Condition()
        self._more_coming = True
        self._open = True
        self._unsettled = 0

    async def put(self, starts: Sequence[Start]) -> None:
        """Add them behind; waits while the queue is full."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self._starts) < self._bound or not self._open)
            self._starts.extend(starts)
            self._unsettled += len(starts)
            self._more_coming = True
            self._changed.notify_all()

    async def ready(self, size: int) -> bool:
        """Returns when `take` would give `size` starts, or as many as there are; false once it is closed."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._ready(size))
            return self._open

    def at_hand(self, size: int) -> int:
        """How many starts there are to take now; 0 where `take` would wait for `size` of them, or is closed.

        While more are coming, as many as if it were full.
        """
        if not self._open or not self._ready(size):
            return 0
        return max(len(self._starts), self._bound if self._more_coming else 0)

    async def take(self, size: int) -> list[Start]:
        """The next starts, `size` of them unless no more are coming; an empty list once it is closed."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._ready(size))
            if not self._open:
                return []
            taken = [self._starts.popleft() for _ in range(min(size, len(self._starts)))]
            self._changed.notify_all()
            return taken

    def _ready(self, size: int) -> bool:
        return not self._open or len(self._starts) >= size or (bool(self._starts) and not self._more_coming)

    async def give_back(self, starts: Sequence[Start]) -> None:
        """Put taken starts in front again."""
        if starts:
            async with self._changed:
                self._starts.extendleft(reversed(starts))
                self._changed.notify_all()

    async def settle(self, count: int) -> None:
        """That many of the taken starts need nothing more."""
        if count:
            async with self._changed:
                self._unsettled -= count
                self._changed.notify_all()

    async def all_settled(self) -> None:
        """No more are coming for now: returns once every start that was put in is settled, or it is closed."""
        async with self._changed:
            self._more_coming = False
            self._changed.notify_all()
            await self._changed.wait_for(lambda: self._unsettled == 0 or not self._open)

    async def close(self) -> None:
        """Hand out nothing more."""
        async with self._changed:
            self._open = False
            self._changed.notify_all()
