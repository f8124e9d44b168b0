"""The portal's leaky bucket, which drains in steps, as it is at worst: what surely fits into it, and when."""

from __future__ import annotations

import math
from collections import deque

from launcher.core.pacing.limits import Limits

SOON_S = 1e-6
"""Shorter waits than that are rounding errors."""


class Bucket:
    """So many requests at once, and then so many together in each step of time as the portal surely drains.

    The portal drains once a second, and at which moment of a second we cannot know. But what the request that
    is one step ahead in the row leaves behind, the step after it takes out: a request is gone a step after
    that one was, or after it came itself. Shares of one bucket that are let go so fill it together.
    """

    def __init__(self, limits: Limits, share: float = 1.0) -> None:
        """`limits` have a rate."""
        # What the portal's bucket cannot hold, it cannot drain in one step.
        per_second = min(limits.per_second, limits.burst) * share
        self.together = math.ceil(per_second - 1e-9)
        self._step_s = self.together / per_second
        # Longer steps than a second are out of step with the portal's.
        spare = 0 if self._step_s == 1 else self.together
        self.size = max(1, int(limits.burst * share) - spare)
        self._gone_at: deque[float] = deque(maxlen=self.size)
        """When the last requests have surely drained, as many as the bucket holds."""
        self.per_second = per_second

    def wait_s(self, now: float) -> float:
        """Seconds until the next request surely fits; 0 when it does now."""
        if len(self._gone_at) < (self._gone_at.maxlen or 0):
            return 0.0
        wait_s = self._gone_at[0] - now
        return wait_s if wait_s > SOON_S else 0.0

    def empty(self) -> None:
        """Nothing is in it."""
        self._gone_at.clear()

    def is_empty(self, now: float) -> bool:
        """Whether all that came into it has surely drained."""
        return not self._gone_at or self._gone_at[-1] <= now + SOON_S

    def is_full_at_most(self, now: float) -> None:
        """What came into it by now drains as from a full bucket at the latest: the portal's takes no more."""
        while self._gone_at and self._gone_at[0] <= now + SOON_S:
            self._gone_at.popleft()
        for place, gone_at in enumerate(self._gone_at):
            self._gone_at[place] = min(gone_at, now + (place // self.together + 1) * self._step_s)

    def apart_s(self, now: float) -> float:
        """How far apart requests leave that share a step, where the bucket is full but for that step's rest."""
        is_full = len(self._gone_at) == self._gone_at.maxlen and self.together <= len(self._gone_at)
        return 1 / self.per_second if is_full and self._gone_at[self.together - 1] > now + SOON_S else 0.0

    def takes(self, at: float) -> None:
        """A request is put into it."""
        ahead = self._gone_at[-self.together] if len(self._gone_at) >= self.together else at
        self._gone_at.append(max(at, ahead) + self._step_s)
