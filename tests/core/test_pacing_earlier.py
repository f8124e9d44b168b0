"""What earlier commands have sent: the bucket begins as full as the portal's may be, and no fuller."""

from __future__ import annotations

import math
from itertools import accumulate

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from launcher.core.pacing.limits import PLANS, Limits
from launcher.core.pacing.rate import Rate
from tests.support.examples import examples

TWO_A_SECOND = Limits(burst=50, per_second=2, operating_seconds=0)


class Portal:
    """The portal's leaky bucket, in steps of a second; a request that it refuses does not stay in it."""

    def __init__(self, limits: Limits, *, phase: float, full_at: float) -> None:
        self.limits, self.phase = limits, phase
        self.level, self.steps = limits.burst, self._steps(full_at)

    def _steps(self, at: float) -> int:
        return math.floor(at - self.phase)

    def accepts(self, at: float) -> bool:
        steps = self._steps(at)
        self.level = max(0, self.level - self.limits.per_second * (steps - self.steps))
        self.steps = steps
        fits = self.level < self.limits.burst
        self.level += fits
        return fits


def leaving(rate: Rate, count: int, *, now: float, hurried: bool = False) -> list[float]:
    """When so many requests leave, each as early as it may."""
    left = []
    for _ in range(count):
        now += rate.wait_s(now, hurried=hurried)
        rate.passed(now)
        left.append(now)
    return left


@st.composite
def cloud_limits(draw: st.DrawFn) -> Limits:
    burst = draw(st.integers(1, 60))
    return Limits(burst=burst, per_second=draw(st.integers(1, min(burst, 12))), operating_seconds=0)


TICKS = 24
"""All times are multiples of so small a part of a second, and the portal's steps lie between two of them."""
gaps = st.lists(st.sampled_from([0, 0, 0, 1, 3, 8, 12, 24, 31, 120]), min_size=1, max_size=150)
phases = st.integers(0, 2 * TICKS - 1).map(lambda place: place / (2 * TICKS) + 1 / 997)


@given(cloud_limits(), gaps, st.integers(0, 200), phases, st.booleans())
@settings(max_examples=examples(300))
@example(TWO_A_SECOND, [0] * 50, 1, 1 / 997, True)
@example(TWO_A_SECOND, [0] * 50 + [12] * 100, 1, 1 / 2 + 1 / 997, True)
@example(PLANS["enterprise"], [0] * 260, 3, 1 / 997, False)
def test_after_any_earlier_requests_none_is_refused_at_any_phase(
    limits: Limits, pauses: list[int], rest: int, phase: float, hurried: bool
) -> None:
    reached = [tick / TICKS for tick in accumulate(pauses)]
    now = reached[-1] + rest / TICKS
    rate = Rate(limits)
    since = now - rate.recalls_s
    reached = [at for at in reached if at >= since]
    portal = Portal(limits, phase=phase, full_at=min(since, *reached))
    for at in reached:
        portal.accepts(at)

    rate.earlier(reached, now)

    for at in leaving(rate, limits.burst + 3 * limits.per_second, now=now, hurried=hurried):
        assert portal.accepts(at)


@given(cloud_limits(), st.lists(st.integers(-20_000, 500), max_size=200), st.integers(0, 5))
@settings(max_examples=examples(200))
def test_nothing_waits_longer_than_from_a_full_bucket_whatever_the_clock_said(
    limits: Limits, ticks: list[int], questions: int
) -> None:
    """Of a clock that was set since, times may lie in the future, in any number."""
    rate, full = Rate(limits), Rate(limits)
    leaving(rate, min(questions, limits.burst), now=0.0)
    rate.earlier([tick / TICKS for tick in ticks], 0.0)
    full.earlier([0.0] * limits.burst, 0.0)

    count = limits.burst + 3 * limits.per_second
    assert rate.wait_s(0.0) <= 1
    pairs = zip(leaving(rate, count, now=0.0), leaving(full, count, now=0.0), strict=True)

    assert all(left <= latest + 1e-6 for left, latest in pairs)


def test_a_bucket_that_was_kept_full_for_long_is_still_full() -> None:
    """All that is told of left no faster than it drains: alone it would look like an empty one's."""
    rate = Rate(TWO_A_SECOND)
    now = rate.recalls_s
    rate.earlier([place / 2 for place in range(int(2 * now))], now)

    assert leaving(rate, 4, now=now) == pytest.approx([now + 1, now + 1.5, now + 2, now + 2.5])


def test_a_run_a_little_slower_than_that_has_left_it_empty() -> None:
    rate = Rate(TWO_A_SECOND)
    now = rate.recalls_s
    rate.earlier([place / 1.7 for place in range(int(1.7 * now))], now)

    assert leaving(rate, 46, now=now) == [now] * 46


def test_what_has_drained_since_is_free_but_for_the_questions_that_nobody_tells_of() -> None:
    rate = Rate(TWO_A_SECOND)
    rate.earlier([0.0] * 40, 10.0)  # 20 have drained

    assert leaving(rate, 30, now=10.0) == pytest.approx([*[10.0] * 28, 11.0, 11.5])


@pytest.mark.parametrize("earlier", [[], [0.0] * 50], ids=["none", "all drained"])
def test_without_anything_in_it_the_whole_burst_goes_at_once(earlier: list[float]) -> None:
    rate = Rate(TWO_A_SECOND)
    rate.earlier(earlier, 26.0)

    assert leaving(rate, 51, now=26.0) == pytest.approx([*[26.0] * 50, 27.0])


def test_told_again_only_the_last_word_counts_and_own_requests_stay() -> None:
    """A run asks its questions before it holds the portal, and others may send until it does."""
    rate = Rate(TWO_A_SECOND)
    rate.earlier([0.0] * 10, 0.0)
    leaving(rate, 3, now=0.0)
    rate.answered(0.0)
    rate.earlier([0.0] * 20, 0.0)

    assert leaving(rate, 26, now=0.0) == pytest.approx([*[0.0] * 25, 1.0])


def test_the_first_answer_lets_only_own_requests_drain_later() -> None:
    rate = Rate(TWO_A_SECOND)
    rate.earlier([0.0] * 48, 0.0)
    leaving(rate, 2, now=1.0)
    rate.answered(4.0)

    # Of fifty, with two for questions, eight have drained; the own two came only now.
    assert leaving(rate, 7, now=4.0) == pytest.approx([*[4.0] * 6, 5.0])


def test_without_a_limit_nothing_is_to_be_told() -> None:
    rate = Rate(PLANS["self-hosted"])
    rate.earlier([0.0] * 1000, 0.0)

    assert (rate.recalls, rate.recalls_s, rate.wait_s(0.0)) == (0, 0, 0)
