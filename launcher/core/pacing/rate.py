"""How many requests a second: the portal's leaky bucket at its worst, and after a refusal what others leave.

What others leave: the portal's bucket keeps account for us. Between two refusals it was full twice, so what it
took from us in between is just what the other programs on this address left. A little less than that is sent
then, which lets the bucket run down, and slowly more and more, until the next refusal: rare, and nothing is
left unused.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable

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


LOOKING = (0.7, 10)
"""After the first refusal all is thought to be left: by what part the first request stays below that, and after
how many the pace is back there. It exceeds it by as much after as many again."""

KNOWING = (0.05, 90)
"""The same once two refusals have shown what others leave: one request in a hundred or two is refused."""

TRUSTED = 5
"""What was seen of so few requests is relied on for that many times as many, at the most."""

ENOUGH = 3
"""Requests between two refusals, from which on their number says something."""

STEP_S = 1.0
"""The bucket drains in steps, so in any time it may have drained one step more than the time says."""

LEAST = 1 / 20
"""The part of the portal's rate that is always tried, however much others seem to take."""

RECALLED = 10
"""What earlier commands have sent matters for the time in which a full bucket drains; so many times as long is
looked back, since nobody knows what was in the bucket before that, and it is taken for full then."""


class Rate:
    """Told of every request, whatever it is for; learns of refusals how far apart they are to leave."""

    def __init__(self, limits: Limits, share: float = 1.0) -> None:
        self._bucket = Bucket(limits, share) if limits.has_rate else None
        self.recalls = (RECALLED + 1) * limits.burst if limits.has_rate else 0
        """At most so many requests the portal can have taken in `recalls_s`; 0: they do not matter."""
        self._heard = False
        """Whether a request was answered."""
        self._earlier: list[float] = []
        """When the requests of earlier commands reached the portal, by their time."""
        self._own: deque[float] = deque(maxlen=max(1, limits.burst))
        """When the last requests left; those before the first answer, once it is here: when it was."""
        self._left: float | None = None
        """Requests a second that are thought to be left; None: all, nothing was refused yet."""
        self._looking = False
        """Whether only one refusal has been seen."""
        self._full_at = float("-inf")
        self._passed = 0
        """Requests since the bucket was full."""
        self._seen = 0
        """The same of the time before, by which what is left was reckoned."""
        self._last = float("-inf")

    def answered(self, heard_at: float) -> None:
        """An answer was here then.

        The portal's bucket had nothing to drain before the first request reached it, so ours begins to
        drain when that one's answer is here, however slow the way is.
        """
        if self._heard or self._bucket is None:
            return
        self._heard = True
        for place, left_at in enumerate(self._own):
            self._own[place] = max(left_at, heard_at)
        _fill(self._bucket, [*self._earlier, *self._own], heard_at)

    def earlier(self, reached: Iterable[float], now: float) -> None:
        """Earlier commands have sent these requests, which reached the portal at those times at the latest.

        Told again, only the last word counts. Times to come count as now, so a clock that was set does no harm.
        Where some of it is still in the bucket, room is kept for the questions of those commands, of which
        nobody tells: as many as drain in a step.
        """
        reached = sorted(min(at, now) for at in reached)
        if self._bucket is None or not (reached or self._earlier):
            return
        self._earlier = [now - self.recalls_s] * self._bucket.size + reached
        _fill(self._bucket, self._earlier, now)
        if not self._bucket.is_empty(now):
            self._earlier += [now] * self._bucket.together
        _fill(self._bucket, sorted([*self._earlier, *self._own]), now)

    def refused(self, *, sent_at: float, now: float) -> None:
        """The portal refused a request that left at `sent_at`: its bucket is full.

        Of requests that were in flight together, only the first refusal counts.
        """
        if self._bucket is None or sent_at <= self._full_at:
            return
        self._looking = self._left is None
        all_of_it = self._bucket.per_second
        if self._left is None:
            self._left = all_of_it
        else:
            took = (self._passed - 1) / (now - self._full_at + STEP_S) if self._passed >= ENOUGH else 0.0
            self._seen = self._passed
            self._left = min(all_of_it, max(took, self._left / 2, all_of_it * LEAST))
        self._full_at, self._passed, self._last = now, 0, now

    def passed(self, now: float) -> None:
        """A request is going to leave now."""
        self._last = now
        self._passed += 1
        if self._bucket is not None:
            self._bucket.takes(now)
            self._own.append(now)

    def wait_s(self, now: float, *, hurried: bool = False) -> float:
        """Seconds until a request may leave; 0 when it may now.

        Those that share a step of the bucket leave one by one, unless `hurried`: should starts become slow just
        then, fewer are in flight.
        """
        if self._bucket is None:
            return 0.0
        wait_s = self._bucket.wait_s(now)
        if not hurried and (apart_s := self._bucket.apart_s(now)):
            wait_s = max(wait_s, self._last + apart_s - now)
        if self._left is not None:
            wait_s = max(wait_s, self._last + 1 / self.per_second - now)
        return wait_s if wait_s > SOON_S else 0.0

    @property
    def recalls_s(self) -> float:
        """Of so many seconds are earlier requests to be told; 0: they do not matter."""
        return 0.0 if self._bucket is None else RECALLED * self._bucket.size / self._bucket.per_second

    @property
    def per_second(self) -> float:
        """Requests a second at the most, in the long run; 0: no limit."""
        if self._bucket is None:
            return 0.0
        if self._left is None:
            return self._bucket.per_second
        below, wary = LOOKING
        if not self._looking:
            below, wary = KNOWING[0], min(KNOWING[1], max(LOOKING[1], TRUSTED * self._seen))
        beyond = (self._passed - wary) / wary
        return min(self._bucket.per_second, self._left * (1 + below * beyond**3))


def _fill(bucket: Bucket, reached: Iterable[float], now: float) -> None:
    """Nothing else is in the bucket than those requests, in the order of time, by now."""
    bucket.empty()
    for at in reached:
        bucket.takes(at)
    bucket.is_full_at_most(now)
