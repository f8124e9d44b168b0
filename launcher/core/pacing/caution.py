"""How much one request may put at risk: one row first, and one row after each answer that was lost."""

from __future__ import annotations

from launcher.core.batch import MAX_COMMANDS


class Caution:
    """How many rows one request may put at risk, and how many requests may be in the air.

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
        """Whether another request may join those in the air."""
        return in_flight < (self._concurrency if self._proven else 1)

    def answered(self, *, sent_at: float) -> None:
        """The portal accepted or refused a row of a request that left at `sent_at`."""
        if sent_at < self._lost_at:
            return  # it says nothing of what came after
        self._losses = 0
        self._proven = True  # and more than one request may be in the air
        self.size = min(self._largest, self.size * 2) if self._recovering else self._largest
        self._recovering = self.size < self._largest

    def lost(self, *, sent_at: float, now: float) -> None:
        """The answer to a request that left at `sent_at` was lost.

        Of requests that were in the air together, only the first that is lost counts.
        """
        if sent_at >= self._lost_at:
            self._losses += 1
            self._lost_at = now
        self.size = 1
        self._proven = False
        self._recovering = True

    @property
    def hopeless(self) -> bool:
        """Whether so many answers in a row were lost that going on only makes rows unknown."""
        return self._losses >= self.LOSSES_AT_MOST
