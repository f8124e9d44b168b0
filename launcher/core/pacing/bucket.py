"""Leaky buckets that drain evenly, so that the portal's, which drains in steps, never overflows."""

from __future__ import annotations

from dataclasses import dataclass

from launcher.core.pacing.limits import Limits


@dataclass(frozen=True, slots=True)
class Bucket:
    """A leaky bucket that drains evenly: `capacity` at once, and all of it again in `period_s`."""

    capacity: float
    period_s: float

    @property
    def per_second(self) -> float:
        return self.capacity / self.period_s


def bucket(limits: Limits, share: float = 1.0) -> Bucket | None:
    """The largest even bucket that never overflows that share of the portal's; None without a rate limit.

    The portal drains in whole-second steps whose phase we cannot know: at worst a step comes a second
    late, and `per_second` requests stand in its bucket longer than in ours. So that many, less the one
    which the worst moment itself excludes, are kept back. Shares of one such bucket fill it together.
    """
    if not limits.has_rate:
        return None
    capacity = limits.burst - _drains(limits) + 1
    per_second = _drains(limits) * share
    capacity_of_share = max(1.0, capacity * share)
    return Bucket(capacity_of_share, capacity_of_share / per_second)


def drained(limits: Limits, share: float = 1.0) -> Bucket | None:
    """The bucket after a refusal: the portal's is full, so only what drains may be sent."""
    if not limits.has_rate:
        return None
    return Bucket(1, 1 / (_drains(limits) * share))


def _drains(limits: Limits) -> int:
    """What the portal's bucket cannot hold, it cannot drain in one step."""
    return min(limits.per_second, limits.burst)


class Flow:
    """Requests through a bucket, with the time as a number: what aiolimiter does with the clock."""

    def __init__(self, through: Bucket, *, now: float, level: float = 0.0) -> None:
        self._bucket = through
        self._level = level
        self._at = now

    def wait_s(self, now: float) -> float:
        """Seconds until the next request may leave; 0 when it may now."""
        over = self._drained_to(now) + 1 - self._bucket.capacity
        # What is less than a millionth of a request is a rounding error of the level.
        return over / self._bucket.per_second if over > 1e-6 else 0.0

    def leave(self, now: float) -> None:
        """A request leaves now."""
        self._level = self._drained_to(now) + 1
        self._at = now

    def _drained_to(self, now: float) -> float:
        return max(0.0, self._level - (now - self._at) * self._bucket.per_second)
