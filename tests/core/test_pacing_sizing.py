"""How many rows a request holds, how many requests are in flight, and what counts as late."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher.core.pacing.concurrency import Concurrency
from launcher.core.pacing.sizing import Costs, Estimate, InFlight, Sizing, Took

MANY = 100_000


def sizing(*start_s: float, per_second: float = 2, batch_s: float = 10) -> Sizing:
    """After answers with one started row each, which cost so much."""
    costs = Costs(batch_s)
    found = Sizing(costs, batch_s=batch_s, per_second=per_second)
    for seconds in start_s:
        costs.take(Took(seconds + 0.01, 1, seconds))
        found.answered(1)
    return found


@pytest.mark.parametrize(
    ("start_s", "rows"),
    [(0.0, 50), (0.0026, 50), (0.02, 50), (0.2, 20), (1.0, 4), (2.0, 2), (9.0, 1), (60.0, 1)],
)
def test_a_batch_is_as_large_as_its_ten_seconds_and_the_rate_ask_for(start_s: float, rows: int) -> None:
    size = sizing(*[start_s] * 30).rows(MANY, at_once=4, in_flight=0)

    assert size == pytest.approx(rows, abs=1)
    assert size * start_s <= 10 or size == 1


def test_however_much_the_rate_asks_for_a_batch_takes_ten_seconds_at_most() -> None:
    assert sizing(*[1.0] * 30).rows(MANY, at_once=50, in_flight=0) <= 10
    assert sizing(*[1.0] * 30, batch_s=3).rows(MANY, at_once=50, in_flight=0) <= 3


def test_a_burst_is_not_filled_by_more_at_once_than_are_of_use() -> None:
    assert sizing(*[0.0002] * 30).at_once(4) == 1
    assert sizing(*[0.02] * 30).at_once(4) == 4
    assert sizing(*[0.0002] * 30, per_second=0).at_once(4) == 4
    assert sizing().at_once(4) == 4


def test_where_requests_are_free_a_batch_is_small_and_loses_few_rows() -> None:
    """At 20 ms a start, 13 rows lose no speed; should starts come to take 3 s each, the batch is not cut."""
    rows = sizing(*[0.02] * 30, per_second=0).rows(MANY, at_once=4, in_flight=0)

    assert 5 <= rows <= 19


def test_one_slow_answer_makes_the_next_batch_small() -> None:
    found = sizing(*[0.02] * 30, 3.0)

    assert found.rows(MANY, at_once=4, in_flight=0) <= 3


def test_while_no_row_has_started_batches_grow_by_steps() -> None:
    found = sizing()
    found.answered(1)
    assert found.rows(MANY, at_once=1, in_flight=0) == 4
    found.answered(4)
    assert found.rows(MANY, at_once=1, in_flight=0) == 16


def test_the_last_rows_are_shared_out_where_that_saves_time_and_not_where_it_costs_requests() -> None:
    assert sizing(*[0.2] * 30).rows(40, at_once=4, in_flight=0) == 10
    assert sizing(*[0.01] * 30).rows(40, at_once=4, in_flight=0) == 40
    assert sizing(*[0.2] * 30).rows(10, at_once=4, in_flight=3) == 10


@given(st.lists(st.floats(0, 100), max_size=30), st.integers(1, 10_000), st.integers(1, 50))
def test_a_request_always_holds_a_row_and_never_more_than_a_batch_takes(
    start_s: list[float], left: int, at_once: int
) -> None:
    found = sizing(*start_s)

    for in_flight in (0, at_once - 1, at_once):
        assert 1 <= found.rows(left, at_once=at_once, in_flight=in_flight) <= min(50, left)


def test_an_estimate_rises_at_once_and_falls_by_and_by() -> None:
    estimate = Estimate()
    for sample in [1.0] * 20:
        estimate.take(sample)
    assert estimate.high == pytest.approx(1.0, rel=0.01)

    estimate.take(10.0)
    assert estimate.mean == 10.0
    estimate.take(1.0)
    assert estimate.mean == pytest.approx(5.5)


def test_a_request_is_late_when_its_answer_should_be_there_by_what_starts_have_cost() -> None:
    costs = Costs(10)
    flight = InFlight(50, probe=False, left_at=0.0)
    assert not costs.is_late(flight, 1000.0)
    for _ in range(30):
        costs.take(Took(1.05, 50, 1.0))

    assert not costs.is_late(flight, 1.08)
    assert costs.is_late(flight, 1.5)
    costs.take(Took(3.0, 1, 3.0))
    assert not costs.is_late(flight, 100.0)


def climb(most: int, row_s: float, answers: int, *, saturated_at: int = 1000) -> Concurrency:
    """After so many answers of a portal that works on so many requests at once, and lets the others wait."""
    concurrency = Concurrency(most)
    for _ in range(answers):
        at_once = concurrency.level
        concurrency.answered(seconds=50 * row_s * max(1, at_once / saturated_at), rows=50, in_flight=at_once)
    return concurrency


def test_requests_in_the_air_grow_while_more_rows_come_through() -> None:
    assert climb(8, 0.02, 8).level == 8
    levels = [climb(8, 0.02, answers).level for answers in range(20, 1500, 7)]
    assert levels.count(8) > 0.95 * len(levels), "but for the trial of fewer"


@pytest.mark.parametrize(("saturated_at", "level"), [(1, 1), (2, 2), (4, 4)])
def test_where_more_at_once_only_wait_for_each_other_fewer_are_sent(saturated_at: int, level: int) -> None:
    levels = [climb(8, 0.02, answers, saturated_at=saturated_at).level for answers in range(1600, 2000)]

    assert max(set(levels), key=levels.count) == level


def test_starts_that_become_dearer_by_and_by_are_no_reason_to_send_fewer() -> None:
    concurrency, levels = Concurrency(8), []
    for answer in range(3000):
        seconds = 1.0 + answer / 100
        concurrency.answered(seconds=seconds, rows=50, in_flight=concurrency.level)
        levels.append(concurrency.level)

    assert sum(level == 8 for level in levels) > 2800


def test_trouble_halves_them_and_they_grow_again() -> None:
    concurrency = climb(8, 0.02, 20)
    concurrency.trouble()
    assert concurrency.level == 4
    concurrency.trouble()
    concurrency.trouble()
    concurrency.trouble()
    assert concurrency.level == 1

    for _ in range(60):
        concurrency.answered(seconds=1.0, rows=50, in_flight=concurrency.level)
    assert concurrency.level == 8


def test_where_the_rate_sets_the_pace_nothing_is_concluded() -> None:
    concurrency = Concurrency(8)
    for _ in range(1000):
        concurrency.answered(seconds=1.0, rows=50, in_flight=1)

    assert concurrency.level <= 3
