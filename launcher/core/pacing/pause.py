"""The wait that all workers share after a refusal or a loss; it grows from failure to failure.

`now` is seconds of any clock that never goes back; `jitter` is a number from 0 up to 1 that the caller rolls.
"""

from __future__ import annotations

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

        Requests that were in the air together fail together; only the first of them makes the wait grow.
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
