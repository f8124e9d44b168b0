"""The request rate: all that the portal drains, and after a refusal what other programs leave of it."""

import itertools

import pytest

from launcher.core.pacing.limits import PLANS, Limits
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


def test_before_anything_is_refused_a_bucketful_goes_at_once_and_then_what_drains() -> None:
    left = send(Rate(TWO_A_SECOND), 56, now=3.0)

    assert left[:50] == [3.0] * 50
    assert left[50:] == pytest.approx([4.0, 4.5, 5.0, 5.5, 6.0, 6.5])


def test_the_last_request_does_not_wait_for_the_others_of_its_step() -> None:
    rate = Rate(TWO_A_SECOND)
    send(rate, 51, now=3.0)

    assert rate.wait_s(4.0) == pytest.approx(0.5)
    assert rate.wait_s(4.0, hurried=True) == 0


def test_the_bucket_begins_to_drain_with_the_first_answer_and_only_once() -> None:
    """A question and a first start may have been under way for a minute before they stood in it."""
    rate = Rate(TWO_A_SECOND)
    send(rate, 2, now=0.0)
    rate.answered(60.0)
    left = send(rate, 50, now=60.0)
    rate.answered(61.0)

    assert left == pytest.approx([*[60.0] * 48, 61.0, 61.5])
    assert rate.wait_s(61.5) == pytest.approx(0.5)


def test_after_a_refusal_requests_go_one_by_one_and_soon_at_the_full_rate_again() -> None:
    rate = Rate(TWO_A_SECOND)
    rate.passed(0.0)
    rate.refused(sent_at=0.0, now=1.0)
    left = send(rate, 200, now=2.0)
    pauses = [later - sooner for sooner, later in itertools.pairwise(left)]

    assert [round(pause, 6) for pause in pauses] == sorted((round(p, 6) for p in pauses), reverse=True)
    assert 1.0 < pauses[0] < 1.3
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

    assert rate.wait_s(1.0) == 0


@pytest.mark.parametrize(("share", "at_once", "apart_s"), [(0.5, 25, 1.0), (0.3, 14, 1 / 0.6), (0.01, 1, 50.0)])
def test_a_share_is_that_part_of_the_bucket_and_of_the_rate(share: float, at_once: int, apart_s: float) -> None:
    rate = Rate(TWO_A_SECOND, share)
    left = send(rate, at_once + 3, now=0.0)

    assert left[:at_once] == [0.0] * at_once
    assert left[at_once:] == pytest.approx([apart_s, 2 * apart_s, 3 * apart_s])
