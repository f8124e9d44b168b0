"""The whole controller against a portal of arithmetic: fast, within the limits, never stuck."""

import math
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from launcher.core.pacing.controller import Controller, Feedback, Leave, Wait, WaitReason
from launcher.core.pacing.limits import PLANS, Limits, Pacing
from tests.support.examples import examples
from tests.support.on_paper import Charged, PortalModel, Run, Timeline

STANDARD, ENTERPRISE, SELF_HOSTED = PLANS["standard"], PLANS["enterprise"], PLANS["self-hosted"]
RATE_ONLY = replace(STANDARD, operating_seconds=0)
SCALED = replace(STANDARD, operating_seconds=48, window_s=60)
"""The operating time, ten times as quick."""


def run(rows: int, limits: Limits, *, concurrency: int = 4, **portal: object) -> Run:
    """A run that is through."""
    model = PortalModel(**{"limits": limits, "way_s": 0.005, **portal})  # type: ignore[arg-type]
    found = Run(rows, Pacing(limits=limits, concurrency=concurrency), model)
    found.go()
    return found


def all_started(found: Run, rows: int) -> Timeline:
    assert (found.course.started, found.course.unknown) == (rows, 0)
    return found.course


def rate_floor_s(rows: int, limits: Limits) -> float:
    """When the last request of a perfect client leaves."""
    return max(0.0, (math.ceil(rows / 50) - 1 - limits.burst) / limits.per_second)


@pytest.mark.parametrize("phase", [0.0, 0.01, 0.25, 0.5, 0.99])
@pytest.mark.parametrize(("rows", "limits"), [(5000, RATE_ONLY), (50_000, ENTERPRISE)])
def test_instant_starts_take_what_the_rate_limit_asks_for(rows: int, limits: Limits, phase: float) -> None:
    found = run(rows, limits, start_s=0.0, step_phase=phase)

    assert all_started(found, rows).seconds <= 1.08 * rate_floor_s(rows, limits)
    assert found.portal.refused_rate == 0


def test_starts_of_20_ms_take_hardly_longer() -> None:
    found = run(5000, RATE_ONLY, start_s=0.02)

    assert all_started(found, 5000).seconds <= 1.15 * rate_floor_s(5000, RATE_ONLY)
    assert found.portal.refused_rate == 0


@pytest.mark.parametrize("charged", Charged)
@pytest.mark.parametrize("phase", [None, 0.0, 0.3, 0.7])
def test_the_operating_time_is_spent_to_its_end_and_not_beyond(charged: Charged, phase: float | None) -> None:
    found = run(5000, SCALED, start_s=lambda _: 0.012, charged=charged, basket_phase=phase)

    # A basket that is open already drops out sooner than the whole window.
    perfect_s = 60 - (6 if phase is not None else 0) + (60 - 48) / 4
    assert all_started(found, 5000).seconds <= 1.10 * perfect_s + (6 if phase is not None else 0)
    assert found.portal.refused_operating == 0


@pytest.mark.parametrize("charged", Charged)
def test_a_limit_that_is_lower_than_the_person_said_costs_one_round_of_refusals(charged: Charged) -> None:
    truly = replace(STANDARD, operating_seconds=420)
    found = Run(
        10_000,
        Pacing(limits=STANDARD),
        PortalModel(limits=truly, start_s=lambda _: 0.12, way_s=0.005, charged=charged),
    )
    found.go()

    assert all_started(found, 10_000).seconds < 1.1 * (1200 + 2 * 600 * 0.2)
    assert found.portal.refused_operating <= 4
    assert 400 <= found.controller.operating.limit_s < 440


def test_a_limit_that_nobody_knew_is_learnt_too() -> None:
    hidden = replace(SELF_HOSTED, operating_seconds=420)
    found = Run(10_000, Pacing(limits=SELF_HOSTED), PortalModel(limits=hidden, start_s=lambda _: 0.12))
    found.go()

    assert all_started(found, 10_000).seconds < 1.1 * 1300
    assert found.portal.refused_operating <= 4


def test_slow_starts_are_never_cut_and_lose_no_speed() -> None:
    found = run(500, RATE_ONLY, start_s=lambda _: 2.0)

    assert found.portal.cut == 0
    assert all_started(found, 500).seconds <= 500 * 2.0 / 4 / 0.85


def test_where_requests_are_free_starts_that_become_a_hundredfold_slow_cut_nothing() -> None:
    found = run(5000, SELF_HOSTED, start_s=lambda n: 0.02 if n < 2500 else 3.0)

    assert found.portal.cut == 0
    assert all_started(found, 5000).seconds <= (2500 * 3.02 / 4) / 0.9


@pytest.mark.parametrize("jump", range(20_000, 20_100, 7))
def test_where_the_rate_sets_the_pace_one_batch_is_cut_that_is_in_the_air_just_then(jump: int) -> None:
    """At 8 ms a start, one batch at a time is in flight. Of the next, nothing leaves but single rows."""
    found = run(20_300, RATE_ONLY, start_s=lambda n: 0.008 if n < jump else 3.0)

    assert found.portal.cut <= 1
    assert found.course.unknown <= 50


def test_no_more_batches_are_cut_than_are_in_the_air_when_starts_become_slow() -> None:
    found = run(5000, RATE_ONLY, start_s=lambda n: 0.02 if n < 2500 else 3.0)

    assert found.portal.cut <= 4
    assert found.course.done == 5000


@pytest.mark.parametrize("others", [0.5, 1.0, 1.5])
@pytest.mark.parametrize("phase", [0.1, 0.6])
def test_what_another_program_leaves_of_the_bucket_is_used_and_hardly_anything_is_refused(
    others: float, phase: float
) -> None:
    found = run(20_000, RATE_ONLY, start_s=0.0, others_per_second=others, step_phase=phase)

    perfect_s = (400 - 1 - 50) / (2 - others)
    assert all_started(found, 20_000).seconds <= perfect_s / 0.9
    assert found.portal.refused_rate <= 0.02 * found.course.requests


@pytest.mark.parametrize("phase", [0.05, 0.2, 0.3, 0.45, 0.55, 0.7, 0.8, 0.95])
def test_half_the_bucket_leaves_five_thousand_rows_two_refusals(phase: float) -> None:
    found = run(5000, RATE_ONLY, start_s=0.0, others_per_second=1.0, step_phase=phase)

    assert all_started(found, 5000).seconds <= (100 - 1 - 50) / 0.9
    assert found.portal.refused_rate <= 0.02 * found.course.requests


def test_with_a_share_the_other_half_is_left_alone() -> None:
    model = PortalModel(limits=RATE_ONLY, start_s=0.0, way_s=0.005)
    found = Run(5000, Pacing(limits=RATE_ONLY, share=0.5), model)

    assert found.go().seconds == pytest.approx((101 - 24.5) / 1, abs=1)
    assert found.portal.refused_rate == 0


def test_one_that_hangs_by_itself_does_not_keep_the_others_from_going() -> None:
    """One row takes 50 s, and all the others 20 ms as ever."""
    found = run(5000, RATE_ONLY, start_s=lambda n: 50.0 if n == 2000 else 0.02)

    assert all_started(found, 5000).seconds < 60 + 20
    assert found.portal.cut == 0


costs = st.floats(0, 5)


@st.composite
def cost_sequences(draw: st.DrawFn) -> Sequence[float]:
    """Steady, noisy, jumping and rising ones; the n-th start takes the n-th, and the last is repeated."""
    pieces = draw(st.lists(st.tuples(costs, st.integers(1, 400), st.floats(0, 1)), min_size=1, max_size=4))
    seed = draw(st.randoms(use_true_random=False))
    return [cost * (1 + spread * seed.uniform(-1, 1)) for cost, count, spread in pieces for _ in range(count)]


portals = st.fixed_dictionaries(
    {
        "limits": st.sampled_from([STANDARD, ENTERPRISE, RATE_ONLY, SELF_HOSTED, SCALED]),
        "charged": st.sampled_from(Charged),
        "step_phase": st.floats(0, 0.99),
        "basket_phase": st.none() | st.floats(0, 0.99),
        "way_s": st.floats(0, 0.5),
    }
)


class Watched(Run):
    """Looks at each request that leaves: does it pass a limit that is known?"""

    def _send(self) -> tuple[float, WaitReason]:
        in_air = [flight for flight in self.controller._flights if not flight.heard]
        start_s = self.controller.costs.start_s.high
        sent_before = self.course.requests
        told = [account.told.used_s for account in self.controller.operating._accounts.values()]
        found = super()._send()
        limit_s = self.controller.operating.limit_s
        if self.course.requests > sent_before and not math.isinf(limit_s):
            rows = self.controller._flights[-1].rows
            planned_s = max(told, default=0.0) + start_s * (rows + sum(flight.rows for flight in in_air))
            assert planned_s <= limit_s or (rows == 1 and not in_air)
        return found


@given(cost_sequences(), portals, st.integers(1, 8))
@settings(max_examples=examples(150))
def test_whatever_starts_cost_it_plans_to_pass_no_limit_and_never_gets_stuck(
    sequence: Sequence[float], portal: dict[str, object], concurrency: int
) -> None:
    model = PortalModel(start_s=lambda n: sequence[min(n, len(sequence) - 1)], **portal)  # type: ignore[arg-type]
    found = Watched(len(sequence), Pacing(limits=model.limits, concurrency=concurrency), model)
    course = found.go()

    assert found.portal.refused_rate == 0
    assert course.done == len(sequence) or found.controller.slow_start.hopeless


@given(
    start_s=st.floats(0.0001, 3),
    spread=st.floats(0, 0.5),
    portal=portals,
    concurrency=st.integers(1, 8),
    seed=st.integers(0, 10_000),
)
@settings(max_examples=examples(100))
def test_it_reaches_nine_tenths_of_a_plan_that_knows_all_costs_beforehand(
    start_s: float, spread: float, portal: dict[str, object], concurrency: int, seed: int
) -> None:
    rows = 3000
    dice = random.Random(seed)
    sequence = [start_s * (1 + spread * dice.uniform(-1, 1)) for _ in range(rows)]
    model = PortalModel(start_s=lambda n: sequence[min(n, rows - 1)], **portal)  # type: ignore[arg-type]
    found = Run(rows, Pacing(limits=model.limits, concurrency=concurrency), model)
    course = found.go()

    perfect_s, tail_s = clairvoyant_s(sequence, model, concurrency)
    event(f"a clairvoyant plan takes {'minutes' if perfect_s > 60 else 'seconds'}")
    assert course.done == rows
    assert course.seconds * 0.9 <= perfect_s + tail_s


def clairvoyant_s(sequence: Sequence[float], model: PortalModel, concurrency: int) -> tuple[float, float]:
    """Seconds that no plan undercuts, and what its beginning and end may cost a plan that knows nothing."""
    limits, work_s, requests = model.limits, sum(sequence), math.ceil(len(sequence) / 50)
    # Nobody's batches may take longer than ten seconds, the way included.
    requests_of_ten_s = max(requests, work_s / (10 - model.way_s))
    seconds = (work_s + requests_of_ten_s * model.way_s) / concurrency
    tail_s = 15.0
    if limits.has_rate:
        seconds = max(seconds, (requests - limits.burst) / limits.per_second)
    if limits.operating_seconds:
        # The last row of a window is not begun where it might not fit.
        usable_s = limits.operating_seconds * 0.99 - 2 * max(sequence)
        windows = math.ceil(work_s / usable_s) - 1
        rest_s = max(0.0, work_s - windows * limits.operating_seconds)
        seconds = max(seconds, windows * limits.window_s + rest_s / concurrency)
        # A basket that opens in the middle of a minute moves all that follows.
        tail_s += limits.window_s / 10
    return seconds, tail_s


def test_a_controller_that_waits_for_an_answer_says_so() -> None:
    found = Run(10, Pacing(limits=SELF_HOSTED), PortalModel(limits=SELF_HOSTED, start_s=1.0))
    first = found.controller.ask(0.0, rows=10)
    assert not isinstance(first, Wait)
    found.controller.take(first, 0.0)

    assert found.controller.ask(0.0, rows=10) == Wait(math.inf, WaitReason.IN_FLIGHT)


def test_a_request_that_was_too_long_halves_those_after_it_and_nobody_waits() -> None:
    controller = Controller(Pacing(limits=SELF_HOSTED))
    lengths = []
    for now, length in enumerate((0, 1000, 900, 2000, 450), start=1):
        leave = controller.ask(now, rows=50)
        assert isinstance(leave, Leave)
        flight = controller.take(leave, now)
        controller.learn(flight, Feedback(heard_at=now, settled=not length, too_long=length), now)
        controller.done(flight)
        lengths.append(controller.longest)

    assert lengths == [math.inf, 500, 450, 450, 225]
