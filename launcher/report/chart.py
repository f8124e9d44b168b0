"""The chart of a run over time: where each bar, mark and label of it stands. The page's template draws them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from launcher.core.model import State
from launcher.core.timeline import Bar, Interval, Timeline, Wait, steps
from launcher.core.words import duration, pluralize

WIDTH = 960
LEFT, RIGHT, TOP, BOTTOM = 108, 948, 14, 224
"""Of the plot itself."""
BREAK = 22
"""Between two stretches of a run that rested; all breaks together take a quarter of the width at most."""
LANE = 17
"""The height of one reason's lane of waits, below the axis."""
LABELS_APART = 84
NAME_AT_MOST = 14
"""Letters of a reason that have room beside its lane."""
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)
"""Between two labels of the time."""

STACKED = (State.STARTED, State.FAILED, State.UNKNOWN, State.DEFERRED)
"""What an answer can make of a row, from the bottom of a bar to its top."""

LANES = {
    "rate limit": "rate",
    "operating time limit": "operating",
    "no connection": "connection",
    "the portal's answer was lost": "lost",
}
"""The throttle's reasons → the name of their colour; another reason has one of its own."""
SHORT = {"the portal's answer was lost": "answer lost", "operating time limit": "operating limit"}


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of one colour; `text` says what it shows."""

    x: float
    y: float
    width: float
    height: float
    colour: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """All that is to be drawn, in units of a picture of WIDTH by `height`."""

    height: float
    title: str
    text: str
    """What the chart shows, in words."""
    bars: tuple[Box, ...]
    bands: tuple[Box, ...]
    """Behind the bars, where the run waited."""
    marks: tuple[Box, ...]
    """The same in the lanes below the axis."""
    lines: tuple[Label, ...]
    lanes: tuple[Label, ...]
    times: tuple[Label, ...]
    breaks: tuple[float, ...]
    """Where a rest of the run is left out."""
    states: tuple[State, ...]
    """Those that occur."""


def chart(course: Timeline, *, working_s: float) -> Chart | None:
    """The chart of that course; None where nothing was sent. `working_s`: how long the run was at work."""
    bars = course.bars
    if not bars:
        return None
    axis = steps(max(course.rate(bar.total) for bar in bars))
    plan = _Plan(course, axis[-1])
    reasons = list(course.waited_s())
    marks = list(_marks(plan, reasons))
    below = BOTTOM + 24
    return Chart(
        height=below + LANE * len(reasons) + 6,
        title=f"Rows a {_unit(course)} over time",
        text=description(course, working_s=working_s),
        bars=tuple(box for bar, x in plan.bars for box in _stack(plan, bar, x)),
        bands=tuple(Box(m.x, TOP, m.width, BOTTOM - TOP, m.colour) for m in marks),
        marks=tuple(marks),
        lines=tuple(Label(LEFT, plan.y(step), f"{step:,}") for step in axis),
        lanes=tuple(
            Label(LEFT - 8, below + LANE * number + 11, _name(reason)) for number, reason in enumerate(reasons)
        ),
        times=tuple(_times(plan, course)),
        breaks=tuple(x - plan.gap / 2 for _, x in plan.stretches[1:]),
        states=tuple(state for state in STACKED if any(state in bar.rows for bar in bars)),
    )


def _name(reason: str) -> str:
    name = SHORT.get(reason, reason)
    return name if len(name) <= NAME_AT_MOST else f"{name[: NAME_AT_MOST - 1].rstrip()}…"


class _Plan:
    """Where moments and numbers stand."""

    def __init__(self, course: Timeline, top: float) -> None:
        breaks = len(course.stretches) - 1
        self.gap = min(BREAK, (RIGHT - LEFT) / 4 / breaks) if breaks else 0.0
        self.bar_s = course.bar_s
        self.bar_width = (RIGHT - LEFT - self.gap * breaks) / len(course.bars)
        self.top = top
        self.course = course
        self.stretches: list[tuple[Interval, float]] = []
        self.bars: list[tuple[Bar, float]] = []
        x = float(LEFT)
        for stretch in course.stretches:
            self.stretches.append((stretch, x))
            for bar in stretch.bars:
                self.bars.append((bar, x))
                x += self.bar_width
            x += self.gap

    def y(self, rate: float) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * rate / self.top, 1)


def _stack(plan: _Plan, bar: Bar, x: float) -> Iterator[Box]:
    below, shown = 0.0, bar_description(bar, plan.course)
    gap = min(1.5, plan.bar_width / 4)
    for state in STACKED:
        if rows := bar.rows.get(state, 0):
            above = below + plan.course.rate(rows)
            # A single failed row among thousands must still be seen.
            height = max(1.0, plan.y(below) - plan.y(above))
            width = min(plan.bar_width - gap, 40)
            yield Box(round(x + gap / 2, 1), round(plan.y(below) - height, 1), round(width, 1),
                      round(height, 1), state.value, shown)  # fmt: skip
            below = above


def _marks(plan: _Plan, reasons: Sequence[str]) -> Iterator[Box]:
    """The waits in their lanes; those that would touch are one."""
    for number, reason in enumerate(reasons):
        y, colour = BOTTOM + 25 + LANE * number, LANES.get(reason, "other")
        for stretch, left in plan.stretches:
            joined: list[tuple[float, float, list[Wait]]] = []
            for wait in (wait for wait in stretch.waits if wait.reason == reason):
                begin = left + (wait.began_at - stretch.begins_at) / plan.bar_s * plan.bar_width
                end = max(begin + 2, begin + wait.seconds / plan.bar_s * plan.bar_width)
                if joined and begin <= joined[-1][1] + 1:
                    before = joined.pop()
                    joined.append((before[0], max(before[1], end), [*before[2], wait]))
                else:
                    joined.append((begin, end, [wait]))
            for begin, end, waits in joined:
                seconds = duration(sum(wait.seconds for wait in waits))
                times = f", {len(waits):,} waits" if len(waits) > 1 else ""
                text = f"{clock(waits[0].began_at, seconds=True)}: {reason}, {seconds}{times}"
                yield Box(round(begin, 1), y, round(min(end, RIGHT + 2) - begin, 1), LANE - 5, colour, text)


def _times(plan: _Plan, course: Timeline) -> Iterator[Label]:
    """The time below the beginning of each stretch, and below round times where there is room."""
    days = len({day(bar.begins_at) for bar, _ in plan.bars}) > 1
    apart = LABELS_APART * 1.4 if days else LABELS_APART
    step_s = next((step for step in _STEPS_S if step >= apart / plan.bar_width * course.bar_s), _STEPS_S[-1])
    begins = [(stretch.begins_at, x) for stretch, x in plan.stretches]
    rounds = [(bar.begins_at, x) for bar, x in plan.bars if _seconds_of_day(bar.begins_at) % step_s == 0]
    placed: list[tuple[float, float]] = []
    for at, x in (*begins, *rounds):
        if x <= RIGHT - apart / 2 and all(abs(x - other) >= apart - 4 for _, other in placed):
            placed.append((at, x))
    last_day = ""
    for at, x in sorted(placed):
        text = clock(at, seconds=course.bar_s < 60)
        if days and day(at) != last_day:
            text, last_day = f"{day(at)[5:]} {text}", day(at)
        yield Label(round(x, 1), BOTTOM + 17, text)


def _seconds_of_day(at: float) -> int:
    here = datetime.fromtimestamp(at)
    return here.hour * 3600 + here.minute * 60 + here.second


def description(course: Timeline, *, working_s: float) -> str:
    """What the chart shows, for those who do not see it."""
    answered = sum(bar.total for bar in course.bars)
    most = max((course.rate(bar.total) for bar in course.bars), default=0)
    answers = pluralize(answered, "row")
    text = f"{answers} answered, repeats included; at the fastest {most:,.0f} a {_unit(course)}. "
    waited = course.waited_s()
    if waited:
        each = ", ".join(f"{reason} {duration(seconds)}" for reason, seconds in waited.items())
        text += f"No request could leave for {duration(sum(waited.values()))}: {each}. "
    else:
        text += "No wait for a limit of the portal, for its network or for a lost answer. "
    if course.paced_s >= 1 and working_s > 0:
        share = min(1.0, course.paced_s / working_s)
        text += (
            f"For {share:.0%} of its working time the run was held back to the pace of the rate limit, "
            "so that the portal need not refuse."
        )
    return text.strip()


def bar_description(bar: Bar, course: Timeline) -> str:
    """`10:21: 2,400 started, 3 failed`."""
    counts = ", ".join(f"{bar.rows[state]:,} {state}" for state in STACKED if bar.rows.get(state))
    return f"{clock(bar.begins_at, seconds=course.bar_s < 60)}: {counts or 'nothing'}"


def _unit(course: Timeline) -> str:
    return "minute" if course.unit_s == 60 else "second"


def clock(at: float, *, seconds: bool) -> str:
    """The time of the day, here."""
    return datetime.fromtimestamp(at).strftime("%H:%M:%S" if seconds else "%H:%M")


def day(at: float) -> str:
    """The day, here."""
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d")
