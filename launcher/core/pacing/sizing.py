"""How many rows a request holds: as few as lose no speed, and no more than `batch_s` is predicted for."""

from __future__ import annotations

import math

from launcher.core.batch import MAX_COMMANDS
from launcher.core.pacing.costs import Costs

UNMEASURED_GROWTH = 4
"""While no row has started, nothing is known of a start's cost, and each answer lets batches grow so much."""

OVERHEAD_AT_MOST = 1 / 25
"""The part of a request's time that may be lost on the way, so that batches can be small."""

FREE_REQUEST_S = 0.25
"""Shorter requests than that are not worth their own work: the ledger's, the portal's."""

RATE_LEFT_FREE = 0.5
"""The part of the request rate that small batches may not use up."""


HURRY = 5
"""How many times as fast as it drains the bucket may be filled. Faster gains nothing in a run that is longer
than a burst, and where others have filled it, all that are in the air are refused together."""


class Sizing:
    """Follows what starts cost."""

    def __init__(self, costs: Costs, *, batch_s: float, per_second: float) -> None:
        self._costs = costs
        self._batch_s = batch_s
        self._per_second = per_second
        self._answered = 0
        self.longest = math.inf
        """Bytes of a request's commands at most; no server has refused shorter ones."""

    def answered(self, rows: int) -> None:
        """A request with so many rows was answered."""
        self._answered = max(self._answered, rows)

    def too_long(self, length: int) -> None:
        """Commands of so many bytes were too long for a server: half of that from now on."""
        self.longest = min(self.longest, length // 2)

    def at_once(self, level: int) -> int:
        """How many of the requests that may be in the air are of use."""
        if not self._per_second or not self._costs.start_s.known:
            return level
        request_s = MAX_COMMANDS * self._costs.start_s.mean + self._costs.request_s.mean
        return max(1, min(level, math.ceil(request_s * self._per_second * HURRY)))

    def rows(self, left: int, *, at_once: int, in_air: int) -> int:
        """Rows for the next request of so many that are left, where so many may be in the air and are."""
        return max(1, min(left, MAX_COMMANDS, self._fits(at_once), self._fair(left, at_once, in_air)))

    def _fits(self, at_once: int) -> int:
        if not self._costs.start_s.known:
            return self._answered * UNMEASURED_GROWTH
        start_s = self._costs.start_s.high
        if start_s * MAX_COMMANDS <= FREE_REQUEST_S:
            return MAX_COMMANDS
        fits = math.floor((self._batch_s - self._costs.request_s.mean) / start_s)
        return max(1, min(fits, math.ceil(self._worth_s(at_once) / start_s)))

    def _fair(self, left: int, at_once: int, in_air: int) -> int:
        """The last rows are shared out, unless the requests that this needs take longer than they save."""
        if left * self._costs.start_s.mean <= (
            at_once / self._per_second if self._per_second else FREE_REQUEST_S
        ):
            return left
        return math.ceil(left / max(1, at_once - in_air))

    def _worth_s(self, at_once: int) -> float:
        """Seconds of execution from which on a longer request gains nothing."""
        worth_s = max(FREE_REQUEST_S, self._costs.request_s.mean / OVERHEAD_AT_MOST)
        if self._per_second:
            # With so many at once, shorter ones would need more requests a second than that.
            worth_s = max(worth_s, at_once / (self._per_second * RATE_LEFT_FREE))
        return worth_s
