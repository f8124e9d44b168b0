"""After a refusal or a loss: how long all workers wait, and how little one request may put at risk.

`now` is seconds of any clock that never goes back; `jitter` is a number from 0 up to 1 that the caller rolls.
"""

from __future__ import annotations

from launcher.core.batch import MAX_COMMANDS

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0


def backoff_s(failures: int, jitter: float) -> float:
    """Seconds to wait after that many failures in a row: 1, 2, 4 ... 60, and up to half as much again."""
    base = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(failures - 1, 10))
    return base * (1 + jitter / 2)


class Pause:
    """The one wait that all workers share, growing from failure to failure."""

    def __init__(self) -> None:
        self._failures = 0
        self._began = float("-inf")
        self._until = float("-inf")
        self._trouble_since: float | None = None

    def refused(self, *, sent_at: float, now: float, jitter: float) -> None:
        """A request that left at `sent_at` was refused.

        Requests that were in flight together fail together; only the first of them makes the wait grow.
        """
        if self._trouble_since is None:
            self._trouble_since = now
        if sent_at < self._began:
            return
        self._failures += 1
        self._began = now
        self._until = max(self._until, now + backoff_s(self._failures, jitter))

    def got_through(self) -> None:
        """The portal accepted or refused rows, though it may have held back others."""
        self._trouble_since = None

    def answered(self, *, sent_at: float) -> None:
        """A request that left at `sent_at` got through, and the portal held back nothing."""
        self.got_through()
        if sent_at >= self._until:
            self._failures = 0

    def wait_s(self, now: float) -> float:
        """Seconds until a request may leave; 0 when it may now."""
        return max(0.0, self._until - now)

    def trouble_s(self, now: float) -> float:
        """Seconds since when every request has been refused; 0 when the last one got through."""
        return 0.0 if self._trouble_since is None else now - self._trouble_since


class SlowStart:
    """How many rows one request may put at risk, and how many requests may be in flight.

    One row goes first, alone, until the portal has accepted or refused it. A lost answer leaves all rows
    of its request unknown, so after one, rows go alone again, and then in batches that double.
    """

    LOSSES_AT_MOST = 10
    """Lost answers in a row, each to a request of one row, after which the run stops."""

    def __init__(self, *, batch_size: int = MAX_COMMANDS, concurrency: int) -> None:
        self._largest = batch_size
        self._concurrency = concurrency
        self._recovering = False
        self._losses = 0
        self._proven = False
        self._lost_at = float("-inf")
        self.size = 1

    def may_send(self, in_flight: int) -> bool:
        """Whether another request may join those in flight."""
        return in_flight < (self._concurrency if self._proven else 1)

    def answered(self, *, sent_at: float) -> None:
        """The portal accepted or refused a row of a request that left at `sent_at`."""
        if sent_at < self._lost_at:
            return  # it says nothing of what came after
        self._losses = 0
        self._proven = True  # and more than one request may be in flight
        self.size = min(self._largest, self.size * 2) if self._recovering else self._largest
        self._recovering = self.size < self._largest

    def lost(self, *, sent_at: float, now: float) -> None:
        """The answer to a request that left at `sent_at` was lost.

        Of requests that were in flight together, only the first that is lost counts.
        """
        if sent_at >= self._lost_at:
            self._losses += 1
            self._lost_at = now
        self.size = 1
        self._proven = False
        self._recovering = True

    @property
    def hopeless(self) -> bool:
        """Whether so many answers in a row were lost that more requests only make rows unknown."""
        return self._losses >= self.LOSSES_AT_MOST
