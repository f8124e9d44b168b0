"""How fast, how much at once, how long to wait: the clock is a number here."""

import itertools
from collections.abc import Iterable, Iterator
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from launcher.core.forecast import eta_s
from launcher.core.pacing.backoff import Pause, SlowStart, backoff_s
from launcher.core.pacing.limits import PLANS, Limits
from launcher.core.pacing.rate import Bucket
from tests.support.examples import examples


class PortalBucket:
    """The portal's leaky bucket: every request adds 1, `leak` drain once a second, above `burst` it refuses."""

    def __init__(self, burst: int, leak: int, phase: Fraction, level: int = 0) -> None:
        self.burst = burst
        self.leak = leak
        self.next_step = phase
        self.level = level

    def accepts(self, at: Fraction) -> bool:
        """Take a request. Where it comes together with a step, it comes first: the worse of both."""
        while self.next_step < at:
            self.level = max(0, self.level - self.leak)
            self.next_step += 1
        self.level += 1
        return self.level <= self.burst


def departures(limits: Limits, ready_at: Iterable[Fraction], share: float = 1.0) -> Iterator[Fraction]:
    """The earliest moments at which our bucket lets requests go that are ready at those moments."""
    size, last = Bucket(limits, share), Fraction(0)
    for ready in ready_at:
        now = max(ready, last)
        now += Fraction(size.wait_s(float(now))).limit_denominator(10**6)
        size.takes(float(now))
        last = now
        yield now


def phases(leak: int) -> list[Fraction]:
    """Where in a second the portal's step may come: on each possible departure, and between any two."""
    return [Fraction(place, 2 * leak) for place in range(2 * leak)]


@st.composite
def cloud_limits(draw: st.DrawFn) -> Limits:
    burst = draw(st.integers(1, 60))
    leak = draw(st.integers(1, 12))
    return Limits(burst=burst, per_second=leak, operating_seconds=0)


STANDARD, ENTERPRISE = PLANS["standard"], PLANS["enterprise"]
moments = st.fractions(min_value=0, max_value=3, max_denominator=24)


def many(limits: Limits) -> list[Fraction]:
    """More than a bucket holds are ready at once."""
    return [Fraction(0)] * (limits.burst + 6 * limits.per_second + 6)


@given(cloud_limits())
@settings(max_examples=examples(60))
@example(STANDARD)
@example(ENTERPRISE)
def test_requests_that_leave_as_early_as_they_may_are_never_refused_at_any_phase(limits: Limits) -> None:
    leaving = list(departures(limits, many(limits)))

    for phase in phases(limits.per_second):
        # Never at the very moment of the first request: its answer comes a little after that.
        portal = PortalBucket(limits.burst, limits.per_second, (phase or 1) - Fraction(1, 1000))
        assert all(portal.accepts(at) for at in leaving), phase


@given(cloud_limits(), st.lists(moments, max_size=100), st.sampled_from(phases(24)))
@settings(max_examples=examples(100))
def test_nor_are_requests_that_come_in_fits_and_starts(
    limits: Limits, pauses: list[Fraction], phase: Fraction
) -> None:
    """Many at once, then a pause, then many again: each pause is followed by a whole bucket's worth."""
    ready, now = [], Fraction(0)
    for pause in pauses[:4]:
        ready += [now] * limits.burst
        now += pause * limits.burst / Fraction(limits.per_second)
    for pause in pauses[4:]:
        ready.append(now)
        now += pause
    portal = PortalBucket(limits.burst, limits.per_second, phase + Fraction(1, 997))

    assert all(portal.accepts(at) for at in departures(limits, ready))


@given(cloud_limits(), st.integers(1, 99), st.sampled_from(phases(24)))
@settings(max_examples=examples(100))
@example(STANDARD, 50, Fraction(1, 2))
@example(STANDARD, 30, Fraction(1, 2))
def test_nor_are_two_programs_that_share_the_bucket(limits: Limits, percent: int, phase: Fraction) -> None:
    shares = (percent / 100, 1 - percent / 100)
    if min(shares) * limits.burst < 1 + limits.per_second:
        return  # a share is one request at least
    leaving = sorted(at for share in shares for at in departures(limits, many(limits), share))
    portal = PortalBucket(limits.burst, limits.per_second, phase + Fraction(1, 997))

    assert all(portal.accepts(at) for at in leaving)


@given(cloud_limits())
@settings(max_examples=examples(60))
@example(STANDARD)
@example(ENTERPRISE)
def test_no_request_could_leave_sooner_without_being_refused_at_some_phase(limits: Limits) -> None:
    together = min(limits.burst, limits.per_second)
    leaving = list(departures(limits, many(limits)))

    assert leaving[: limits.burst] == [0] * limits.burst
    assert leaving[limits.burst :] == [1 + number // together for number in range(len(leaving) - limits.burst)]


@given(cloud_limits())
@settings(max_examples=examples(30))
@example(STANDARD)
@example(ENTERPRISE)
def test_in_the_long_run_all_that_the_portal_drains_is_used(limits: Limits) -> None:
    count = limits.burst + 100 * min(limits.burst, limits.per_second)

    *_, last = departures(limits, [Fraction(0)] * count)

    assert last <= 100


def test_the_plans_have_the_documented_figures() -> None:
    assert {name: (p.burst, p.per_second, p.operating_seconds) for name, p in PLANS.items()} == {
        "standard": (50, 2, 480),
        "enterprise": (250, 5, 480),
        "self-hosted": (0, 0, 0),
    }


def test_waits_double_from_one_second_to_a_minute() -> None:
    assert [backoff_s(failures, 0) for failures in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_jitter_only_lengthens_a_wait_and_by_half_at_most(failures: int, jitter: float) -> None:
    plain = backoff_s(failures, 0)

    assert plain <= backoff_s(failures, jitter) <= plain * 1.5
    assert backoff_s(failures, 0.9) > backoff_s(failures, 0.1)
    assert 1 <= plain <= 60


def test_nobody_waits_before_anything_was_refused() -> None:
    pause = Pause()

    assert pause.wait_s(now=0) == 0
    assert pause.trouble_s(now=1000) == 0


def test_a_wait_grows_from_refusal_to_refusal_and_runs_out_with_time() -> None:
    pause = Pause()

    pause.refused(sent_at=100, now=101, jitter=0)
    assert pause.wait_s(now=101) == 1
    assert pause.wait_s(now=101.75) == 0.25
    assert pause.wait_s(now=102) == 0
    assert pause.wait_s(now=500) == 0

    pause.refused(sent_at=102, now=103, jitter=0)
    assert pause.wait_s(now=103) == 2

    pause.refused(sent_at=105, now=106, jitter=0.5)
    assert pause.wait_s(now=106) == 5


def test_requests_that_were_in_the_air_together_and_fail_together_count_once() -> None:
    pause = Pause()

    for sent_at, now in ((100, 101), (100.5, 101.25), (100.9, 101.5), (100.2, 140)):
        pause.refused(sent_at=sent_at, now=now, jitter=0)

    assert pause.wait_s(now=101) == 1
    pause.refused(sent_at=102, now=103, jitter=0)
    assert pause.wait_s(now=103) == 2


def test_an_answer_to_a_request_sent_after_the_wait_makes_the_next_wait_short_again() -> None:
    pause = Pause()
    pause.refused(sent_at=100, now=101, jitter=0)
    pause.refused(sent_at=102, now=103, jitter=0)

    pause.answered(sent_at=105)
    pause.refused(sent_at=106, now=107, jitter=0)

    assert pause.wait_s(now=107) == 1


def test_an_answer_to_a_request_sent_before_the_wait_proves_nothing() -> None:
    pause = Pause()
    pause.refused(sent_at=100, now=101, jitter=0)

    pause.answered(sent_at=100.5)
    assert pause.wait_s(now=101.5) == 0.5
    pause.refused(sent_at=102, now=103, jitter=0)

    assert pause.wait_s(now=103) == 2


def test_trouble_lasts_from_the_first_refusal_until_a_request_gets_through() -> None:
    pause = Pause()

    pause.refused(sent_at=100, now=101, jitter=0)
    pause.refused(sent_at=102, now=103, jitter=0)
    assert pause.trouble_s(now=161) == 60

    pause.answered(sent_at=150)
    assert pause.trouble_s(now=161) == 0

    pause.refused(sent_at=170, now=171, jitter=0)
    assert pause.trouble_s(now=181) == 10


seconds = itertools.count(1000, 10)


def answer(slow_start: SlowStart) -> None:
    """A request leaves now and is answered."""
    slow_start.answered(sent_at=next(seconds))


def lose(slow_start: SlowStart) -> None:
    """A request leaves now, and its answer is lost a second later."""
    sent_at = next(seconds)
    slow_start.lost(sent_at=sent_at, now=sent_at + 1)


def recovering(concurrency: int = 4) -> SlowStart:
    """After one good answer and one lost batch."""
    slow_start = SlowStart(concurrency=concurrency)
    answer(slow_start)
    lose(slow_start)
    return slow_start


def test_one_row_goes_first_and_alone_and_the_rest_only_after_its_answer() -> None:
    slow_start = SlowStart(concurrency=4)

    assert slow_start.size == 1
    assert [slow_start.may_send(in_flight) for in_flight in range(3)] == [True, False, False]

    answer(slow_start)

    assert slow_start.size == 50
    assert [slow_start.may_send(in_flight) for in_flight in range(6)] == [True] * 4 + [False] * 2


def test_after_a_lost_answer_one_row_goes_alone_again() -> None:
    slow_start = recovering()

    assert slow_start.size == 1
    assert slow_start.may_send(0)
    assert not slow_start.may_send(1)


def test_batches_double_from_answer_to_answer_until_they_are_whole_again() -> None:
    slow_start = recovering()
    sizes = []

    for _ in range(8):
        answer(slow_start)
        sizes.append(slow_start.size)

    assert sizes == [2, 4, 8, 16, 32, 50, 50, 50]
    assert slow_start.may_send(3)


def test_a_loss_on_the_way_back_begins_again_at_one() -> None:
    slow_start = recovering()
    for _ in range(4):
        answer(slow_start)

    lose(slow_start)

    assert slow_start.size == 1
    assert not slow_start.may_send(1)
    answer(slow_start)
    assert slow_start.size == 2


def test_a_lost_first_answer_leads_to_doubling_too() -> None:
    slow_start = SlowStart(concurrency=4)

    lose(slow_start)
    assert slow_start.size == 1
    answer(slow_start)

    assert slow_start.size == 2


@pytest.mark.parametrize("batch_size", [1, 3, 20])
def test_no_batch_is_larger_than_it_may_be(batch_size: int) -> None:
    slow_start = SlowStart(batch_size=batch_size, concurrency=4)
    answer(slow_start)
    assert slow_start.size == batch_size

    lose(slow_start)
    for _ in range(8):
        answer(slow_start)
        assert slow_start.size <= batch_size
    assert slow_start.size == batch_size


def test_ten_answers_lost_in_a_row_are_hopeless_and_nine_are_not() -> None:
    slow_start = SlowStart(concurrency=4)

    for _ in range(9):
        lose(slow_start)
    assert not slow_start.hopeless

    lose(slow_start)
    assert slow_start.hopeless


def test_one_answer_between_them_gives_hope_again() -> None:
    slow_start = SlowStart(concurrency=4)

    for _ in range(9):
        lose(slow_start)
    answer(slow_start)
    for _ in range(9):
        lose(slow_start)

    assert not slow_start.hopeless


def test_batches_that_were_in_the_air_together_and_are_lost_together_count_once() -> None:
    slow_start = SlowStart(concurrency=50)
    slow_start.answered(sent_at=0)

    for lost_at in range(2, 42):
        slow_start.lost(sent_at=1, now=lost_at)
    assert not slow_start.hopeless
    for _ in range(8):
        lose(slow_start)
    assert not slow_start.hopeless
    lose(slow_start)
    assert slow_start.hopeless


def test_an_answer_to_a_request_that_left_before_a_loss_proves_nothing() -> None:
    slow_start = SlowStart(concurrency=4)
    slow_start.answered(sent_at=0)
    slow_start.lost(sent_at=10, now=20)

    slow_start.answered(sent_at=15)
    assert (slow_start.size, slow_start.may_send(1)) == (1, False)

    slow_start.answered(sent_at=20)
    assert slow_start.size == 2


def test_the_time_left_follows_from_the_pace_so_far() -> None:
    assert eta_s(done=100, left=300, seconds=10) == pytest.approx(30)
    assert eta_s(done=100, left=0, seconds=10) == 0


@pytest.mark.parametrize(("done", "seconds"), [(0, 10.0), (5, 0.0), (0, 0.0)])
def test_without_a_pace_there_is_no_time_left_to_tell(done: int, seconds: float) -> None:
    assert eta_s(done=done, left=10, seconds=seconds) is None
