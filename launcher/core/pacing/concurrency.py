"""How many requests are in the air at once: more while more rows come through, half of them after trouble."""

from __future__ import annotations

from dataclasses import dataclass

TRIAL = 12
"""Answers at one level before it is compared with the one below."""

PATIENCE = 200
"""Answers after a step back until a higher level is tried again."""


@dataclass(slots=True)
class _Seen:
    """Seconds that a row took at one level, smoothed over its answers."""

    answers: int = 0
    row_s: float = 0.0

    def take(self, row_s: float) -> None:
        self.answers += 1
        self.row_s += (row_s - self.row_s) / min(self.answers, TRIAL)


class Concurrency:
    """Climbs from one request at once to `most`; a level that gains nothing is left again."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.level = 1
        self._seen: dict[int, _Seen] = {}
        """By the level at which the answers came; only this level and those below."""
        self._answers_until_climb = 0

    def answered(self, *, seconds: float, rows: int, in_air: int) -> None:
        """A request with so many rows was in the air for so long, as one of so many."""
        if in_air < self.level:
            return  # something else sets the pace, and the level makes no difference
        here = self._seen.setdefault(self.level, _Seen())
        here.take(seconds / rows)
        self._answers_until_climb = max(0, self._answers_until_climb - 1)
        if here.answers >= TRIAL and self._gained_nothing():
            self._go_to(self.level - 1)
            self._answers_until_climb = PATIENCE
        elif self.level < self._most and not self._answers_until_climb:
            self._go_to(self.level + 1)

    def trouble(self) -> None:
        """An answer was lost or is overdue, or the portal could not be reached."""
        self._go_to(max(1, self.level // 2))
        self._answers_until_climb = 2 * self.level

    def _gained_nothing(self) -> bool:
        below = self._seen.get(self.level - 1)
        return below is not None and self._rows_a_second(self.level) <= self._rows_a_second(self.level - 1)

    def _rows_a_second(self, level: int) -> float:
        return level / max(self._seen[level].row_s, 1e-9)

    def _go_to(self, level: int) -> None:
        self.level = level
        # What a higher level gave at another time says nothing of now.
        self._seen = {known: seen for known, seen in self._seen.items() if known < level}
