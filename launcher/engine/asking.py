"""Questions to the portal, paced and asked again: they start nothing."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping
from datetime import datetime

import structlog
from aiolimiter import AsyncLimiter

from launcher.core.answers import Heard, NoAnswer, Outcome, answer_of, error_of
from launcher.core.pacing import Limits, backoff_s, drained
from launcher.portal import AskingError, Portal

_log = structlog.get_logger()

TRIES = 4
TRIES_AT_LIMITS = 14
"""Limits pass, unlike troubles: the waits between so many tries take about ten minutes."""

_LIMITS = frozenset({"QUERY_LIMIT_EXCEEDED", "OPERATION_TIME_LIMIT"})


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
        failures = at_limits = 0
        while True:
            if self._limiter is not None:
                await self._limiter.acquire()
            outcome = await self._portal.call(method, body)
            answer = answer_of(outcome)
            if not isinstance(answer, NoAnswer):
                return answer
            if _is_at_limit(outcome):
                at_limits += 1
            else:
                failures += 1
            if answer.refused or failures == TRIES or at_limits == TRIES_AT_LIMITS:
                raise AskingError(f"{self._portal.name}: {answer.text}", refused=answer.refused)
            # Dice for spreading requests, not for secrets.
            wait_s = backoff_s(failures + at_limits, random.random())  # noqa: S311
            _log.warning("waiting", reason=answer.text, wait_s=round(wait_s, 1))
            await asyncio.sleep(wait_s)

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


def _is_at_limit(outcome: Outcome) -> bool:
    """Whether the portal refused only for now, since too much was asked of it."""
    error = error_of(outcome.body) if isinstance(outcome, Heard) else None
    return error is not None and error[0].upper() in _LIMITS
