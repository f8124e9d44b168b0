"""How fast, how much at once, how long to wait: the clock is a number here."""

import itertools
from collections.abc import Iterable, Iterator
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from launcher.core.pacing import PLANS, Bucket, Caution, Limits, Pause, backoff_s, bucket, drained, eta_s


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


def departures(size: Bucket, ready_at: Iterable[Fraction], *, more: int = 0) -> Iterator[Fraction]:
    """The earliest moments at which an even bucket lets requests go that are ready at those moments.

    `more`: with a capacity that is so much larger, and the same rate.
    """
    capacity = Fraction(size.capacity)
    rate = capacity / Fraction(size.period_s).limit_denominator(100_000)
    capacity += more
    level, last = Fraction(0), Fraction(0)
    for ready in ready_at:
        now = max(ready, last, last + (level + 1 - capacity) / rate)
        level = max(Fraction(0), level - (now - last) * rate) + 1
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


@given(cloud_limits())
@settings(deadline=None, max_examples=60)
@example(STANDARD)
@example(ENTERPRISE)
def test_requests_that_leave_as_early_as_they_may_are_never_refused_at_any_phase(limits: Limits) -> None:
    size = bucket(limits)
    assert size is not None
    leak = int(limits.per_second)
    leaving = list(departures(size, [Fraction(0)] * (limits.burst + 6 * leak + 6)))

    for phase in phases(leak):
        portal = PortalBucket(limits.burst, leak, phase)
        assert all(portal.accepts(at) for at in leaving), phase


@given(cloud_limits(), st.lists(moments, max_size=100), st.sampled_from(phases(24)))
@settings(deadline=None, max_examples=100)
def test_nor_are_requests_that_come_in_fits_and_starts(
    limits: Limits, pauses: list[Fraction], phase: Fraction
) -> None:
    """Many at once, then a pause, then many again: each pause is followed by a whole bucket's worth."""
    size = bucket(limits)
    assert size is not None
    ready, now = [], Fraction(0)
    for pause in pauses[:4]:
        ready += [now] * limits.burst
        now += pause * limits.burst / Fraction(limits.per_second)
    for pause in pauses[4:]:
        ready.append(now)
        now += pause
    portal = PortalBucket(limits.burst, int(limits.per_second), phase)

    assert all(portal.accepts(at) for at in departures(size, ready))


@given(cloud_limits())
@settings(deadline=None, max_examples=60)
@example(STANDARD)
@example(ENTERPRISE)
def test_a_bucket_that_is_larger_by_one_would_be_refused_at_some_phase(limits: Limits) -> None:
    size = bucket(limits)
    assert size is not None
    leak = int(limits.per_second)
    leaving = list(departures(size, [Fraction(0)] * (limits.burst + 6 * leak + 6), more=1))

    refusing = [
        phase
        for phase in phases(leak)
        for portal in [PortalBucket(limits.burst, leak, phase)]
        if not all(portal.accepts(at) for at in leaving)
    ]

    assert refusing


@given(cloud_limits())
@settings(deadline=None, max_examples=30)
@example(STANDARD)
@example(ENTERPRISE)
def test_in_the_long_run_all_that_the_portal_drains_is_used(limits: Limits) -> None:
    size = bucket(limits)
    assert size is not None
    count = limits.burst + 100 * min(limits.burst, int(limits.per_second))

    *_, last = departures(size, [Fraction(0)] * count)

    assert last <= 101


@given(cloud_limits(), st.floats(0, 1, exclude_max=True))
@settings(deadline=None, max_examples=60)
@example(STANDARD, 0.0)
@example(ENTERPRISE, 0.0)
def test_after_a_refusal_and_its_wait_nothing_is_refused_again(limits: Limits, jitter: float) -> None:
    """A refusal says that the portal's bucket is full; whoever filled it, only what drains may be sent."""
    size = drained(limits)
    assert size is not None
    leak = int(limits.per_second)
    first = Fraction(backoff_s(1, jitter))
    leaving = list(departures(size, [first] * (5 * leak)))

    for phase in phases(leak):
        if phase:  # a step at the very moment of the refusal is over
            portal = PortalBucket(limits.burst, leak, phase, level=limits.burst)
            assert all(portal.accepts(at) for at in leaving), phase


@pytest.mark.parametrize("limits", [Limits(0, 2, 480), Limits(50, 0, 480), PLANS["self-hosted"]])
def test_where_the_portal_has_no_rate_limit_there_is_no_bucket(limits: Limits) -> None:
    assert bucket(limits) is None
    assert drained(limits) is None


def test_the_plans_have_the_documented_figures() -> None:
    assert {name: (p.burst, p.per_second, p.operating_seconds) for name, p in PLANS.items()} == {
        "standard": (50, 2, 480),
        "enterprise": (250, 5, 480),
        "self-hosted": (0, 0, 0),
    }


def test_waits_double_from_one_second_to_a_minute() -> None:
    assert [backoff_s(failures, 0) for failures in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
@settings(deadline=None)
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


def answer(caution: Caution) -> None:
    """A request leaves now and is answered."""
    caution.answered(sent_at=next(seconds))


def lose(caution: Caution) -> None:
    """A request leaves now, and its answer is lost a second later."""
    sent_at = next(seconds)
    caution.lost(sent_at=sent_at, now=sent_at + 1)


def recovering(concurrency: int = 4) -> Caution:
    """After one good answer and one lost batch."""
    caution = Caution(concurrency=concurrency)
    answer(caution)
    lose(caution)
    return caution


def test_one_row_goes_first_and_alone_and_the_rest_only_after_its_answer() -> None:
    caution = Caution(concurrency=4)

    assert caution.size == 1
    assert [caution.may_send(in_flight) for in_flight in range(3)] == [True, False, False]

    answer(caution)

    assert caution.size == 50
    assert [caution.may_send(in_flight) for in_flight in range(6)] == [True] * 4 + [False] * 2


def test_after_a_lost_answer_one_row_goes_alone_again() -> None:
    caution = recovering()

    assert caution.size == 1
    assert caution.may_send(0)
    assert not caution.may_send(1)


def test_batches_double_from_answer_to_answer_until_they_are_whole_again() -> None:
    caution = recovering()
    sizes = []

    for _ in range(8):
        answer(caution)
        sizes.append(caution.size)

    assert sizes == [2, 4, 8, 16, 32, 50, 50, 50]
    assert caution.may_send(3)


def test_a_loss_on_the_way_back_begins_again_at_one() -> None:
    caution = recovering()
    for _ in range(4):
        answer(caution)

    lose(caution)

    assert caution.size == 1
    assert not caution.may_send(1)
    answer(caution)
    assert caution.size == 2


def test_a_lost_first_answer_leads_to_doubling_too() -> None:
    caution = Caution(concurrency=4)

    lose(caution)
    assert caution.size == 1
    answer(caution)

    assert caution.size == 2


@pytest.mark.parametrize("batch_size", [1, 3, 20])
def test_no_batch_is_larger_than_it_may_be(batch_size: int) -> None:
    caution = Caution(batch_size=batch_size, concurrency=4)
    answer(caution)
    assert caution.size == batch_size

    lose(caution)
    for _ in range(8):
        answer(caution)
        assert caution.size <= batch_size
    assert caution.size == batch_size


def test_ten_answers_lost_in_a_row_are_hopeless_and_nine_are_not() -> None:
    caution = Caution(concurrency=4)

    for _ in range(9):
        lose(caution)
    assert not caution.hopeless

    lose(caution)
    assert caution.hopeless


def test_one_answer_between_them_gives_hope_again() -> None:
    caution = Caution(concurrency=4)

    for _ in range(9):
        lose(caution)
    answer(caution)
    for _ in range(9):
        lose(caution)

    assert not caution.hopeless


def test_batches_that_were_in_the_air_together_and_are_lost_together_count_once() -> None:
    caution = Caution(concurrency=50)
    caution.answered(sent_at=0)

    for lost_at in range(2, 42):
        caution.lost(sent_at=1, now=lost_at)
    assert not caution.hopeless
    for _ in range(8):
        lose(caution)
    assert not caution.hopeless
    lose(caution)
    assert caution.hopeless


def test_an_answer_to_a_request_that_left_before_a_loss_proves_nothing() -> None:
    caution = Caution(concurrency=4)
    caution.answered(sent_at=0)
    caution.lost(sent_at=10, now=20)

    caution.answered(sent_at=15)
    assert (caution.size, caution.may_send(1)) == (1, False)

    caution.answered(sent_at=20)
    assert caution.size == 2


def test_the_time_left_follows_from_the_pace_so_far() -> None:
    assert eta_s(done=100, left=300, seconds=10) == pytest.approx(30)
    assert eta_s(done=100, left=0, seconds=10) == 0


@pytest.mark.parametrize(("done", "seconds"), [(0, 10.0), (5, 0.0), (0, 0.0)])
def test_without_a_pace_there_is_no_time_left_to_tell(done: int, seconds: float) -> None:
    assert eta_s(done=done, left=10, seconds=seconds) is None
