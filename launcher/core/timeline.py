"""How a run went over time: answers by the moment, waits, and the bars that show them.

Times are seconds since 1970. A run that went on the next day has hours in between in which nothing happened;
they are left out, or its bars would be too thin to see.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from launcher.core.model import State

PACED = "kept within the rate limit"
"""The reason of waits that are the launcher's own pacing: together they last so long, not in one piece."""

BARS_AT_MOST = 90
STRETCHES_AT_MOST = 24
REST_S = 600.0
"""Nobody waits so long without a word: where nothing happens for longer, the run was not going."""

_WIDTHS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400)


@dataclass(frozen=True, slots=True)
class Answers:
    """So many rows got a verdict of that state in the slot that begins then."""

    at: float
    state: State
    rows: int


@dataclass(frozen=True, slots=True)
class Wait:
    """No request left for so long, and why."""

    reason: str
    began_at: float
    seconds: float

    @property
    def ended_at(self) -> float:
        return self.began_at + self.seconds

    def within_s(self, begin: float, end: float) -> float:
        """Return how many of its seconds lie between those two times."""
        return max(0.0, min(self.ended_at, end) - max(self.began_at, begin))


@dataclass(frozen=True, slots=True)
class Bar:
    """What came back from one moment to another."""

    begins_at: float
    rows: Mapping[State, int]
    waited_s: Mapping[str, float] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.rows.values())


@dataclass(frozen=True, slots=True)
class Interval:
    """A time in which the run was going, in bars of one width; the last may reach beyond its end."""

    begins_at: float
    bars: tuple[Bar, ...]
    waits: tuple[Wait, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """A run over time."""

    bar_s: int
    """What one bar spans."""
    stretches: tuple[Interval, ...] = ()
    paced_s: float = 0.0

    @property
    def bars(self) -> list[Bar]:
        return [bar for stretch in self.stretches for bar in stretch.bars]

    @property
    def waits(self) -> list[Wait]:
        return [wait for stretch in self.stretches for wait in stretch.waits]

    @property
    def unit_s(self) -> int:
        """What rows are counted by: a minute, or a second where a bar spans less than a minute."""
        return 60 if self.bar_s >= 60 else 1

    def rate(self, rows: int) -> float:
        """The rows of one bar as rows a minute, or a second."""
        return rows * self.unit_s / self.bar_s

    def waited_s(self) -> dict[str, float]:
        """Seconds waited by reason, the longest first; pacing apart."""
        total: Counter[str] = Counter()
        for wait in self.waits:
            total[wait.reason] += wait.seconds  # type: ignore[assignment]  # a Counter of floats
        return dict(total.most_common())


def slot_s(span_s: float) -> int:
    """How finely to count the answers of a run that took so long, rests included: at most some 90,000 slots."""
    return 1 if span_s <= 7200 else 60 if span_s <= 86_400 * 60 else 3600


def course(answers: Sequence[Answers], waits: Sequence[Wait], *, slot_s: float) -> Timeline:
    """The run in bars. `answers` and `waits` in the order of their times."""
    paced_s = sum((wait.seconds for wait in waits if wait.reason == PACED), 0.0)
    real = [wait for wait in waits if wait.reason != PACED]
    spans = _stretches([(a.at, a.at + slot_s) for a in answers] + [(w.began_at, w.ended_at) for w in real])
    bar_s = _bar_s(spans, at_least=slot_s)
    return Timeline(bar_s, tuple(_stretch(span, answers, real, bar_s) for span in spans), paced_s)


def _stretches(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The times in which the run was going; of very many, only the longest rests count as such."""
    rest_s = REST_S
    while len(found := _joined(spans, rest_s)) > STRETCHES_AT_MOST:
        rest_s *= 2
    return found


def _joined(spans: list[tuple[float, float]], rest_s: float) -> list[tuple[float, float]]:
    """The spans joined, where less than a rest lies between them."""
    joined: list[tuple[float, float]] = []
    for begin, end in sorted(spans):
        if joined and begin - joined[-1][1] < rest_s:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((begin, end))
    return joined


def _bar_s(spans: list[tuple[float, float]], *, at_least: float) -> int:
    going_s = sum(end - begin for begin, end in spans)
    fitting = (width for width in _WIDTHS_S if width >= at_least and going_s / width <= BARS_AT_MOST)
    return next(fitting, _WIDTHS_S[-1])


def _stretch(
    span: tuple[float, float], answers: Sequence[Answers], waits: Sequence[Wait], bar_s: int
) -> Interval:
    # Bars begin where a clock shows a round time.
    begin, end = span[0] // bar_s * bar_s, span[1]
    count = max(1, int(-(-(end - begin) // bar_s)))
    rows: list[Counter[State]] = [Counter() for _ in range(count)]
    for one in answers:
        if begin <= one.at < end:
            rows[int((one.at - begin) // bar_s)][one.state] += one.rows
    here = tuple(wait for wait in waits if begin <= wait.began_at < end)
    bars = (
        Bar(begin + number * bar_s, dict(counter), _waited(here, begin + number * bar_s, bar_s))
        for number, counter in enumerate(rows)
    )
    return Interval(begin, tuple(bars), here)


def _waited(waits: Sequence[Wait], begin: float, bar_s: int) -> dict[str, float]:
    seconds: dict[str, float] = {}
    for wait in waits:
        if within_s := wait.within_s(begin, begin + bar_s):
            seconds[wait.reason] = seconds.get(wait.reason, 0.0) + within_s
    return seconds


def steps(highest: float) -> list[int]:
    """Round numbers for an axis from 0 to at least `highest`: three to six of them."""
    size = 1
    while True:
        for factor in (1, 2, 5):
            if highest <= 5 * factor * size:
                step = factor * size
                top = max(1, int(-(-highest // step)))
                return [step * number for number in range(top + 1)]
        size *= 10
