"""The request rate: all that the portal drains, and after a refusal what other programs leave of it."""

import itertools

import pytest

from launcher.core.pacing import PLANS, Bucket, Limits, bucket, drained
from launcher.core.pacing.rate import Rate

TWO_A_SECOND = Limits(burst=50, per_second=2, operating_seconds=0)


def send(rate: Rate, count: int, *, now: float) -> list[float]:
    """When so many requests leave, each as early as it may."""
    left = []
    for _ in range(count):
        now += rate.wait_s(now)
        rate.passed(now)
        left.append(now)
    return left


def test_before_anything_is_refused_the_bucket_alone_sets_the_pace() -> None:
    rate = Rate(TWO_A_SECOND)

    assert send(rate, 500, now=3.0) == [3.0] * 500
    assert rate.channel is not None
    assert rate.channel.bucket == bucket(TWO_A_SECOND)


def test_the_bucket_begins_to_drain_with_the_first_answer_and_only_once() -> None:
    rate = Rate(TWO_A_SECOND)
    first = rate.channel
    rate.answered()
    second = rate.channel
    rate.answered()

    assert first is not None
    assert second is not None
    assert (first.level, second.level) == (0, 1)
    assert rate.channel is second


def test_after_a_refusal_requests_go_one_by_one_and_soon_at_the_full_rate_again() -> None:
    rate = Rate(TWO_A_SECOND)
    rate.passed(0.0)
    rate.refused(sent_at=0.0, now=1.0)
    left = send(rate, 200, now=2.0)
    pauses = [later - sooner for sooner, later in itertools.pairwise(left)]

    assert rate.channel is not None
    assert rate.channel.bucket == drained(TWO_A_SECOND)
    assert [round(pause, 6) for pause in pauses] == sorted((round(p, 6) for p in pauses), reverse=True)
    assert 0.8 < pauses[0] < 1.0
    assert pauses[25:] == pytest.approx([0.5] * 174)
    assert left[-1] - left[0] < 1.05 * 199 / 2


def test_refusals_of_requests_that_were_in_the_air_together_count_once() -> None:
    rate = Rate(TWO_A_SECOND)
    rate.refused(sent_at=0.0, now=1.0)
    pace = rate.per_second
    for sent_at in (0.1, 0.5, 1.0):
        rate.refused(sent_at=sent_at, now=1.5)

    assert rate.per_second == pace


def test_between_two_refusals_the_bucket_has_shown_what_others_leave() -> None:
    rate = Rate(TWO_A_SECOND)
    rate.refused(sent_at=0.0, now=1.0)
    for second in range(2, 42):
        rate.passed(float(second))
    rate.passed(41.0)
    rate.refused(sent_at=41.0, now=41.0)

    # 40 requests went through in 40 seconds, and one did not.
    assert 0.85 < rate.per_second < 1.0
    left = send(rate, 90, now=42.0)
    assert rate.per_second == pytest.approx(1.0, rel=0.01)
    assert 90 < left[-1] - 42.0 < 95


def test_it_never_exceeds_the_portals_own_rate_nor_falls_to_nothing() -> None:
    rate = Rate(TWO_A_SECOND)
    for second in range(100):
        rate.refused(sent_at=float(second), now=float(second))
    assert rate.per_second > 0.05
    for now in range(1000):
        rate.passed(100.0 + now)
        assert rate.per_second <= 2


def test_without_a_limit_nothing_is_waited_for_whatever_is_refused() -> None:
    rate = Rate(PLANS["self-hosted"])
    rate.refused(sent_at=0.0, now=1.0)

    assert rate.channel is None
    assert rate.wait_s(1.0) == 0


def test_a_share_is_that_part_of_the_bucket_and_of_the_rate() -> None:
    half = bucket(TWO_A_SECOND, 0.5)
    whole = bucket(TWO_A_SECOND)
    assert half is not None
    assert whole is not None

    assert (half.capacity, half.per_second) == pytest.approx((whole.capacity / 2, 1))
    assert drained(TWO_A_SECOND, 0.5) == Bucket(1, 1)
    assert bucket(Limits(burst=3, per_second=2, operating_seconds=0), 0.1) == Bucket(1, 5)
