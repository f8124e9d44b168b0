"""The budget of execution seconds: what fits, what is waited for, and what a refusal teaches."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher.core.answers import BATCH, START, Told
from launcher.core.pacing.limits import PLANS, Limits, Operating, Room

CLOUD = Limits(burst=50, per_second=2, operating_seconds=480)
NONE_KNOWN = PLANS["self-hosted"]
PORTAL_S = 1_800_000_000.0
"""What the portal's clock shows when ours shows 0."""


def told(used_s: float, *, at: float, reset_at: float) -> dict[str, Told]:
    """Of the start's own account; by our clock."""
    return {START: Told(used_s, PORTAL_S + at, PORTAL_S + reset_at)}


def room(
    budget: Operating, now: float, *, wanted: int = 50, in_flight_s: float = 0, start_s: float = 1
) -> Room:
    return budget.room(now, wanted=wanted, in_flight_s=in_flight_s, start_s=start_s)


def test_while_there_is_some_all_that_is_wanted_may_be_spent() -> None:
    budget = Operating(CLOUD)
    budget.spent(1, told=told(1, at=2, reset_at=600), now=2)

    assert room(budget, 2) == Room(50)
    assert room(budget, 2, in_flight_s=400) == Room(50)


def test_a_batch_is_cut_down_to_what_still_fits_beside_what_is_in_the_air() -> None:
    budget = Operating(CLOUD)
    budget.spent(1, told=told(400, at=2, reset_at=600), now=2)

    assert room(budget, 2, in_flight_s=50).rows == 29
    assert room(budget, 2, start_s=2).rows == 39


def test_crumbs_are_not_sent_and_the_answer_of_what_is_in_the_air_comes_first() -> None:
    budget = Operating(CLOUD)
    budget.spent(1, told=told(400, at=2, reset_at=600), now=2)

    assert room(budget, 2, in_flight_s=77) == Room(0, math.inf)
    assert room(budget, 2, wanted=2, in_flight_s=77) == Room(2)


def test_when_it_is_used_up_the_oldest_basket_is_waited_for_by_the_portals_own_differences() -> None:
    """Its clock is years ahead of ours; only how far its two moments lie apart is used."""
    budget = Operating(CLOUD)
    budget.spent(1, told=told(479.5, at=100, reset_at=600), now=103)

    assert room(budget, 103).rows == 0
    assert room(budget, 103).wait_s == pytest.approx(500, abs=0.1)
    assert room(budget, 603.1) == Room(1)


def test_then_one_row_goes_to_ask_what_is_free_and_nothing_else_until_its_answer() -> None:
    budget = Operating(CLOUD)
    budget.spent(1, told=told(479.5, at=100, reset_at=600), now=100)
    assert room(budget, 601) == Room(1)
    assert room(budget, 601, in_flight_s=1) == Room(0, math.inf)

    budget.spent(1, told=told(240, at=601, reset_at=660), now=601)

    assert room(budget, 601) == Room(50)


def test_a_quicker_answer_tells_the_reset_more_exactly() -> None:
    budget = Operating(CLOUD)
    budget.spent(1, told=told(470, at=100, reset_at=600), now=130)
    budget.spent(1, told=told(479.5, at=140, reset_at=600), now=141)

    assert room(budget, 141).wait_s == pytest.approx(460, abs=0.1)


def test_an_answer_that_was_overtaken_changes_nothing() -> None:
    budget = Operating(CLOUD)
    budget.spent(1, told=told(470, at=100, reset_at=600), now=100)
    budget.spent(1, told=told(100, at=50, reset_at=600), now=101)

    assert room(budget, 101).rows == 9


def test_the_account_that_is_charged_binds_and_the_other_does_not() -> None:
    budget = Operating(CLOUD)
    nothing = Told(0, PORTAL_S + 100, PORTAL_S + 700)
    budget.spent(1, told={BATCH: Told(479.5, PORTAL_S + 100, PORTAL_S + 600), START: nothing}, now=100)

    assert room(budget, 100).wait_s == pytest.approx(500, abs=0.1)


def test_where_no_answer_tells_our_own_seconds_are_counted_for_as_long_as_they_may_count() -> None:
    budget = Operating(CLOUD)
    for now in range(0, 96, 5):
        budget.spent(24, told={}, now=now)

    assert room(budget, 100) == Room(0, 500)
    assert room(budget, 600).rows == 23
    assert room(budget, 605).rows == 47


def test_a_refusal_teaches_a_limit_that_nobody_told_and_an_early_one_teaches_none() -> None:
    budget = Operating(NONE_KNOWN)
    budget.spent(10, told=told(10, at=1, reset_at=600), now=1)
    budget.refused(2)
    assert budget.limit_s == math.inf
    assert room(budget, 2) == Room(50), "the pause that all workers share is enough"

    budget.spent(400, told=told(410, at=100, reset_at=600), now=100)
    budget.refused(101)
    assert budget.limit_s == pytest.approx(401.8)
    assert room(budget, 101).wait_s == pytest.approx(499, abs=0.1)


def test_a_limit_that_was_learnt_too_low_is_raised_by_what_is_let_in_up_to_what_the_person_said() -> None:
    """Another program had used the rest up when we were refused."""
    budget = Operating(CLOUD)
    budget.spent(50, told=told(50, at=1, reset_at=600), now=1)
    budget.refused(2)
    assert budget.limit_s == pytest.approx(49)

    budget.spent(10, told=told(400, at=700, reset_at=800), now=700)
    assert budget.limit_s == 390
    budget.spent(10, told=told(700, at=701, reset_at=800), now=701)
    assert budget.limit_s == 480


def test_answers_that_tell_of_an_account_which_is_not_charged_do_not_hide_our_own_seconds() -> None:
    budget = Operating(CLOUD)
    for now in range(0, 40, 5):
        budget.spent(50, told=told(0, at=now, reset_at=now + 600), now=now)
    budget.refused(41)

    assert budget.limit_s == pytest.approx(392)
    assert room(budget, 50) == Room(0, 550)


def test_a_row_that_is_dearer_than_the_whole_limit_goes_alone_while_nothing_is_used() -> None:
    assert room(Operating(CLOUD), 0, start_s=1000) == Room(1)


def test_where_no_limit_is_known_all_that_is_wanted_goes() -> None:
    assert room(Operating(NONE_KNOWN), 0, in_flight_s=10_000) == Room(50)


@given(
    used_s=st.floats(0, 600),
    in_flight_s=st.floats(0, 600),
    start_s=st.floats(0.001, 60),
    wanted=st.integers(1, 50),
    later_s=st.floats(0, 1000),
)
def test_what_is_planned_never_passes_the_limit_but_for_one_row_that_goes_alone(
    used_s: float, in_flight_s: float, start_s: float, wanted: int, later_s: float
) -> None:
    budget = Operating(CLOUD)
    budget.spent(1, told=told(used_s, at=0, reset_at=300), now=0)

    found = room(budget, later_s, wanted=wanted, in_flight_s=in_flight_s, start_s=start_s)

    assert found.rows <= wanted
    assert (found.rows > 0) == (found.wait_s == 0)
    assert found.rows in (0, 1) or used_s + in_flight_s + found.rows * start_s <= 480
    if found.rows == 0:
        assert in_flight_s > 0 or 0 < found.wait_s <= 300.1, "an answer or a basket is to come"


@pytest.mark.parametrize("plan", ["standard", "enterprise"])
def test_the_cloud_counts_ten_minutes(plan: str) -> None:
    assert PLANS[plan].window_s == 600
