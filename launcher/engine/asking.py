"""Questions to the portal, paced and asked again: they start nothing."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping
from datetime import datetime

from aiolimiter import AsyncLimiter

from launcher.core.answers import NoAnswer, answer_of
from launcher.core.pacing import Limits, backoff_s, drained
from launcher.portal import AskingError, Portal

TRIES = 4


class Asker:
    """Asks one portal, at the rate that its bucket drains, whatever is in it."""

    def __init__(self, portal: Portal, limits: Limits) -> None:
        size = drained(limits)
        self._portal = portal
        self._limiter = None if size is None else AsyncLimiter(size.capacity, size.period_s)

    @property
    def portal(self) -> str:
        """The portal's name."""
        return self._portal.name

    async def ask(self, method: str, body: Mapping[str, object]) -> dict[str, object]:
        """The body of the portal's answer. Raises AskingError where it refuses, or does not answer."""
        failures = 0
        while True:
            if self._limiter is not None:
                await self._limiter.acquire()
            answer = answer_of(await self._portal.call(method, body))
            if not isinstance(answer, NoAnswer):
                return answer
            failures += 1
            if answer.refused or failures == TRIES:
                raise AskingError(f"{self._portal.name}: {answer.text}", refused=answer.refused)
            # Dice for spreading requests, not for secrets.
            await asyncio.sleep(backoff_s(failures, random.random()))  # noqa: S311

    async def ahead_s(self) -> float:
        """How far the portal's clock is ahead of ours, in seconds. Raises AskingError."""
        before = time.time()
        answer = await self.ask("server.time", {})
        after = time.time()
        try:
            portal_now = datetime.fromisoformat(str(answer["result"])).timestamp()
        except ValueError:
            raise AskingError(f"{self.portal}: the portal does not say what time it is") from None
        return portal_now - (before + after) / 2
