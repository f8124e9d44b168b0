"""Stops a run that goes wrong as a whole: too many rows refused."""

from __future__ import annotations

from dataclasses import dataclass

from launcher.core.words import counted


@dataclass(frozen=True, slots=True, kw_only=True)
class StopAfter:
    """How many failures are too many."""

    failures: int = 0
    """Failed rows in all; 0: no such limit."""
    share: float = 0.0
    """Failed of the first `of_first` rows that the portal answered, from 0 to 1; 0: no such limit."""
    of_first: int = 200


NEVER = StopAfter()
"""However many fail."""


class Guard:
    """Counts the rows of one sitting that the portal accepted or refused."""

    def __init__(self, limit: StopAfter) -> None:
        self._limit = limit
        self._accepted = 0
        self._failed = 0
        self._failed_of_first = 0

    def count(self, *, accepted: int, failed: int) -> str:
        """Take these rows into account; gives why the run must stop, or nothing where it may go on."""
        limit = self._limit
        room = max(0, limit.of_first - self._accepted - self._failed)
        self._accepted += accepted
        self._failed += failed
        # Which of a batch came first is not known, so the failed ones are taken to have.
        self._failed_of_first += min(failed, room)
        if limit.failures and self._failed >= limit.failures:
            return f"{counted(self._failed, 'row')} failed, and stop_after: failures: is {limit.failures}"
        if limit.share and self._failed_of_first > limit.share * limit.of_first:
            return (
                f"{counted(self._failed_of_first, 'row')} of the first {limit.of_first} failed, more than the "
                f"{limit.share:.0%} of stop_after:"
            )
        return ""
