"""What something costs, learned from samples: it rises at once and falls slowly."""

from __future__ import annotations

SPREAD = 2.0
"""Deviations above the mean that are reckoned with."""


class Estimate:
    """A mean and how far samples lie from it, as TCP keeps them of its round trips."""

    def __init__(self) -> None:
        self.mean = 0.0
        self._deviation = 0.0
        self.known = False

    def take(self, sample: float) -> None:
        """Take account of one sample."""
        if not self.known:
            self.mean, self._deviation, self.known = sample, sample / 2, True
            return
        off = sample - self.mean
        self._deviation += (abs(off) - self._deviation) / 4
        self.mean = sample if sample > self.high else self.mean + off / 2

    @property
    def high(self) -> float:
        """What the next one will hardly exceed, unless something has changed."""
        return self.mean + SPREAD * self._deviation
