"""What a portal allows, what a person lets the launcher use, and what is left of its execution seconds.

Operating time: the portal sums up the seconds of a method in ten baskets of a minute and refuses a call that
finds the sum above its limit. Its answers say the sum and when the oldest basket drops out, for `batch` and for
the method inside; which of the two a batch is charged to need not be known: the one that is not does not grow.
Of the portal's clock only differences are used, so that it may be wrong by any amount.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from launcher.core.answers import Told

WINDOW_S = 600.0
"""The operating time is summed over ten baskets of a minute. Source: official REST documentation, "Limits"."""

BATCH_S = 10.0
"""What a batch may take, where the person does not say. Bitrix24's cloud cuts a request after 60 s, so a
start may become six times as slow from one batch to the next before one is cut."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the portal allows. Source: official REST documentation, "Limits"."""

    burst: int
    """Requests at once before the portal answers QUERY_LIMIT_EXCEEDED; 0: no rate limit."""
    per_second: int
    """Requests that the portal's bucket forgets each second, in one step a second."""
    operating_seconds: float
    """Execution seconds of one method in the window; 0: no limit is known."""
    window_s: float = WINDOW_S
    """How long an execution second counts."""

    @property
    def has_rate(self) -> bool:
        return self.burst > 0 and self.per_second > 0


PLANS = {
    "standard": Limits(burst=50, per_second=2, operating_seconds=480),
    "enterprise": Limits(burst=250, per_second=5, operating_seconds=480),
    "self-hosted": Limits(burst=0, per_second=0, operating_seconds=0),
}
"""By the name that people write in config.yaml. Source: the same page; 480 s is the known cloud figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pacing:
    """The portal's limits, and what of them the person lets the launcher use."""

    limits: Limits
    concurrency: int = 4
    """Requests in flight at once, at most."""
    batch_s: float = BATCH_S
    """Seconds that a batch is predicted to take, at most."""
    share: float = 1.0
    """The part of the portal's bucket that is ours; the rest is left to other programs on this address."""


MARGIN = 0.002
"""The part of the limit that is not planned with: predictions are not exact."""

AFTER_RESET_S = 0.02
"""A basket drops out at a moment, and a call at that very moment may come before it."""

OVERSHOT = 0.02
"""The part by which the sum may be above the limit when a call is refused, since one before was let in."""

WORTH_SENDING = 8
"""When less than that part of a batch still fits, waiting for the next basket is better than crumbs."""

LEAST = 1 / 20
"""The part of the window below which no limit is believed: who refuses so early does it for another reason,
such as what another program has used up."""


@dataclass(frozen=True, slots=True)
class Room:
    """How many rows may be spent on now; or for how long none, infinity: until an answer comes."""

    rows: int
    wait_s: float = 0.0


@dataclass(slots=True)
class _Account:
    told: Told
    reset_at: float
    """By our clock, and hardly too early: an answer is never here before the portal wrote it."""

    def hear(self, told: Told, now: float) -> None:
        reset_at = _by_our_clock(told, now)
        if told.reset_at == self.told.reset_at:
            self.reset_at = min(self.reset_at, reset_at)
        elif told.at >= self.told.at:
            self.reset_at = reset_at
        # Of answers that were written in one moment, the one that counted more was written last.
        if (told.at, told.used_s) >= (self.told.at, self.told.used_s):
            self.told = told


class Operating:
    """What is known of the budget."""

    def __init__(self, limits: Limits) -> None:
        self._set_s = limits.operating_seconds or math.inf
        self._window_s = limits.window_s
        self.limit_s = self._set_s
        """As the person set it; less where a refusal has shown that it is less; infinity: none is known."""
        self._accounts: dict[str, _Account] = {}
        self._own: deque[tuple[float, float]] = deque()
        """What our own requests have spent within the window, and when."""
        self._own_s = 0.0
        self._own_counts = True
        """Whether we must keep account ourselves, since no answer tells of it, or not of all of it."""
        self._full_until = float("-inf")

    def spent(self, seconds: float, *, told: Mapping[str, Told], now: float) -> None:
        """An answer says that its commands took so long, and what stands on the accounts."""
        self._forget(now)
        for name, one in told.items():
            if name in self._accounts:
                self._accounts[name].hear(one, now)
            else:
                self._accounts[name] = _Account(one, _by_our_clock(one, now))
            # It was let in, so the sum before it was within the limit.
            self.limit_s = min(self._set_s, max(self.limit_s, one.used_s - seconds))
        if told and self.limit_s == self._set_s:
            self._own_counts = False
        if seconds > 0:
            self._own.append((now, seconds))
            self._own_s += seconds

    def refused(self, now: float) -> None:
        """The portal refused a call for want of operating time: its sum is above its limit."""
        self._forget(now)
        told_s = max((account.told.used_s for account in self._accounts.values()), default=0.0)
        used_s = max(told_s, self._own_s)
        if used_s <= self._window_s * LEAST:
            return  # what was reported so far does not explain it
        if used_s * (1 - OVERSHOT) < self.limit_s:
            self.limit_s = used_s * (1 - OVERSHOT)
            # Where the answers tell of less than we have spent, they tell of another account.
            self._own_counts = self._own_counts or told_s < self._own_s / 2
        used = [account for account in self._accounts.values() if account.told.used_s >= told_s > 0]
        if used:
            self._full_until = min(account.reset_at for account in used)

    def room(self, now: float, *, wanted: int, in_flight_s: float, start_s: float) -> Room:
        """How many of the wanted rows fit, where a start costs so much and so much is being spent.

        A basket that has dropped out makes room, but how much only an answer tells: one row goes to fetch it.
        """
        if math.isinf(self.limit_s) or start_s <= 0:
            return Room(wanted)
        if now < self._full_until:
            return Room(0, self._full_until - now)
        self._forget(now)
        used = [(account.told.used_s, account.reset_at - now) for account in self._accounts.values()]
        if self._own_counts and self._own:
            used.append((self._own_s, self._own[0][0] + self._window_s - now))
        used = used or [(0.0, self._window_s)]
        rooms = [self._fit(used_s, reset_s, wanted, in_flight_s, start_s) for used_s, reset_s in used]
        return max(rooms, key=lambda room: (room.wait_s, -room.rows))

    def _fit(self, used_s: float, reset_s: float, wanted: int, in_flight_s: float, start_s: float) -> Room:
        left_s = self.limit_s * (1 - MARGIN) - used_s - in_flight_s
        rows = math.floor(min(float(wanted), left_s / start_s + 1e-9))
        if rows >= max(1, wanted // WORTH_SENDING):
            return Room(rows)
        if in_flight_s > 0:
            return Room(0, math.inf)
        # However dear a row is, the portal lets one in while nothing is used.
        return Room(0, reset_s) if reset_s > 0 and used_s > 0 else Room(1)

    def _forget(self, now: float) -> None:
        while self._own and self._own[0][0] + self._window_s <= now:
            self._own_s -= self._own.popleft()[1]
        if not self._own:
            self._own_s = 0.0


def _by_our_clock(told: Told, now: float) -> float:
    return now + max(0.0, told.reset_at - told.at) + AFTER_RESET_S
