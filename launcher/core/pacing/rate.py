"""How many requests a second: the portal's own figure, and after a refusal what others leave of it.

The portal's bucket keeps account for us. Between two refusals it was full twice, so what it took from us
in between is just what the other programs on this address left. A little less than that is sent then, which
lets the bucket run down, and slowly more and more, until the next refusal: rare, and nothing is left unused.
"""

from __future__ import annotations

from dataclasses import dataclass

from launcher.core.pacing.bucket import Bucket, bucket, drained
from launcher.core.pacing.limits import Limits

LOOKING = (0.5, 20)
"""After the first refusal all is thought to be left: by what part the first request stays below that, and after
how many the pace is back there. It exceeds it by as much after as many again."""

KNOWING = (0.1, 90)
"""The same once two refusals have shown what others leave: one request in a hundred or two is refused."""

ENOUGH = 3
"""Requests between two refusals, from which on their number says something."""


LEAST = 1 / 20
"""The part of the portal's rate that is always tried, however much others seem to take."""


@dataclass(frozen=True, slots=True)
class Channel:
    """The bucket through which requests go now."""

    bucket: Bucket
    level: float = 0.0
    """Requests that stand in it from the beginning."""


class Rate:
    """Learns of refusals which bucket requests are to go through, and how far apart they leave."""

    def __init__(self, limits: Limits, share: float = 1.0) -> None:
        self._limits = limits
        self._share = share
        self._first = bucket(limits, share)
        self.channel = None if self._first is None else Channel(self._first)
        """Another object each time when requests are to go through another bucket; None: no limit."""
        self._answered = False
        self._left: float | None = None
        """Requests a second that are thought to be left; None: all, nothing was refused yet."""
        self._looking = False
        """Whether only one refusal has been seen."""
        self._full_at = float("-inf")
        self._passed = 0
        """Requests since the bucket was full."""
        self._last = float("-inf")

    def answered(self) -> None:
        """An answer is here.

        The portal's bucket had nothing to drain before the first request reached it, so ours begins to
        drain when that one's answer is here, however slow the way is.
        """
        if not self._answered and self.channel is not None:
            self.channel = Channel(self.channel.bucket, level=1.0)
        self._answered = True

    def refused(self, *, sent_at: float, now: float) -> None:
        """The portal refused a request that left at `sent_at`: its bucket is full.

        Of requests that were in the air together, only the first refusal counts.
        """
        full = drained(self._limits, self._share)
        if full is None or sent_at <= self._full_at:
            return
        self._answered = True
        self._looking = self._left is None
        if self._left is None:
            self.channel = Channel(full)
            self._left = full.per_second
        else:
            took = (self._passed - 1) / (now - self._full_at) if self._passed >= ENOUGH else 0.0
            self._left = min(full.per_second, max(took, self._left / 2, full.per_second * LEAST))
        self._full_at, self._passed, self._last = now, 0, now

    def passed(self, now: float) -> None:
        """A request is going to leave now."""
        self._last = now
        self._passed += 1

    def wait_s(self, now: float) -> float:
        """Seconds until a request may leave, the channel apart; 0 when it may now."""
        return 0.0 if self._left is None else max(0.0, self._last + 1 / self.per_second - now)

    @property
    def per_second(self) -> float:
        """Requests a second at the most, in the long run; 0: no limit."""
        if self._first is None:
            return 0.0
        if self._left is None:
            return self._first.per_second
        below, wary = LOOKING if self._looking else KNOWING
        beyond = (self._passed - wary) / wary
        return min(self._first.per_second, self._left * (1 + below * beyond**3))
