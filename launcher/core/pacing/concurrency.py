"""How many requests are in flight at once: as many as let more rows through, half of them after trouble."""

from __future__ import annotations

from dataclasses import dataclass, field

TRIAL = 12
"""Answers that tell how fast a level is."""

FIRST_TRIAL = 200
"""Answers until it is tried whether half as many would do. Shorter runs are over before it pays."""

PATIENCE = 400
"""Answers between two trials of another level."""

SLOWER = 1.5
"""Rows that take so much longer than the quickest make it doubtful whether so many at once do any good."""

WORTH = 1.05
"""A higher level must let so much more through."""


@dataclass(slots=True)
class _Seen:
    """What a row took, by the answers at one level. The first were sent at another and do not count."""

    skip: int = 0
    answers: int = 0
    row_s: float = 0.0

    def take(self, row_s: float) -> None:
        if self.skip:
            self.skip -= 1
            return
        self.answers += 1
        self.row_s += (row_s - self.row_s) / min(self.answers, TRIAL)


@dataclass(slots=True)
class _Trial:
    """Another level is tried between two looks at the first: starts may become dearer by themselves."""

    home: int
    away: int
    before: _Seen
    there: _Seen = field(default_factory=_Seen)
    is_back: bool = False

    def goes_away(self, after: _Seen) -> bool:
        """Whether the other level is the better one."""
        at_home = self.home * 2 / max(self.before.row_s + after.row_s, 1e-9)
        there = self.away / max(self.there.row_s, 1e-9)
        return there >= at_home * (WORTH if self.away > self.home else 1.0)


class Concurrency:
    """Climbs from one request at once to `most`, and sees from time to time whether fewer would do."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.level = 1
        self._goal = most
        self._seen = _Seen()
        self._quickest = float("inf")
        """Seconds of a row at the end of the last trial, or at any time since."""
        self._downward = True
        """Whether fewer at once are to be tried next: at first, and as long as that is no loss."""
        self._trial: _Trial | None = None
        self._until_climb = 0
        """Answers."""
        self._until_trial = FIRST_TRIAL

    def answered(self, *, seconds: float, rows: int, in_flight: int) -> None:
        """A request with so many rows was in flight for so long, as one of so many."""
        # Else something else sets the pace, and the level makes no difference. While it climbs, answers that
        # come together count one by one, so that it doubles from round to round.
        if in_flight * (2 if self.level < self._goal and self._trial is None else 1) < self.level:
            return
        row_s = seconds / rows
        self._seen.take(row_s)
        if self._seen.answers >= TRIAL:
            self._quickest = min(self._quickest, self._seen.row_s)
        if self._trial is not None:
            self._go_on(self._trial)
        elif self.level < self._goal:
            self._climb()
        else:
            self._until_trial -= 1
            if self._until_trial <= 0 and self._seen.answers >= TRIAL:
                self._doubt()

    def trouble(self) -> None:
        """An answer was lost, or the portal could not be reached."""
        self._trial = None
        self._go_to(max(1, self.level // 2))
        self._until_climb = 2 * self.level

    def _climb(self) -> None:
        if self._until_climb:
            self._until_climb -= 1
        else:
            self._go_to(self.level + 1)

    def _doubt(self) -> None:
        self._until_trial = PATIENCE
        if self.level > 1 and (self._downward or self._seen.row_s > self._quickest * SLOWER):
            other = (self.level + 1) // 2
        elif self._goal < self._most:
            other = min(self._most, 2 * self.level)
        else:
            return
        self._trial = _Trial(home=self.level, away=other, before=self._seen)
        self._go_to(other)
        self._trial.there = self._seen

    def _go_on(self, trial: _Trial) -> None:
        if self._seen.answers < TRIAL:
            return
        if not trial.is_back:
            trial.is_back = True
            self._go_to(trial.home)
            return
        self._trial = None
        self._quickest = self._seen.row_s
        goes_away = trial.goes_away(self._seen)
        self._downward = goes_away and trial.away < trial.home
        if self._downward:
            self._until_trial = TRIAL
        if goes_away:
            self._goal = trial.away
            self._go_to(trial.away)

    def _go_to(self, level: int) -> None:
        self._seen = _Seen(skip=max(level, self.level))
        self.level = level
