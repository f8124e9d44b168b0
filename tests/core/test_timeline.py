"""How a run went over time: bars, waits, and rests that are left out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher.core.model import State
from launcher.core.timeline import (
    BARS_AT_MOST,
    PACED,
    REST_S,
    STRETCHES_AT_MOST,
    Answers,
    Wait,
    course,
    slot_s,
    steps,
)

NOON = 1_700_000_000.0 // 86_400 * 86_400


def started(at: float, rows: int = 50) -> Answers:
    return Answers(NOON + at, State.STARTED, rows)


def test_a_short_run_is_counted_by_the_second_and_a_long_one_by_the_minute() -> None:
    short = course([started(second) for second in range(30)], [], slot_s=1)
    long = course([started(60 * minute) for minute in range(80)], [], slot_s=60)

    assert (short.bar_s, short.unit_s, len(short.bars)) == (1, 1, 30)
    assert (long.bar_s, long.unit_s, len(long.bars)) == (60, 60, 80)
    assert long.rate(50) == 50


def test_the_rate_of_a_broad_bar_is_still_that_of_a_minute() -> None:
    day = course([started(60 * minute) for minute in range(24 * 60)], [], slot_s=60)

    assert day.bar_s == 1800
    assert {day.rate(bar.total) for bar in day.bars[:-1]} == {50.0}


def test_hours_between_two_sessions_are_left_out() -> None:
    evening, morning = [started(second) for second in range(10)], [started(40_000 + s) for s in range(10)]

    found = course([*evening, *morning], [], slot_s=1)

    assert [len(stretch.bars) for stretch in found.stretches] == [10, 10]
    assert found.stretches[1].begins_at == NOON + 40_000


def test_a_long_wait_is_no_rest() -> None:
    wait = Wait("operating time limit", NOON + 1, REST_S * 2)

    found = course([started(0), started(REST_S * 2 + 2)], [wait], slot_s=1)

    assert len(found.stretches) == 1
    assert found.waited_s() == {"operating time limit": REST_S * 2}


def test_a_wait_is_shared_out_among_the_bars_that_it_reaches() -> None:
    found = course([started(0), started(9)], [Wait("rate limit", NOON + 1.5, 2.0)], slot_s=1)

    assert [bar.waited_s.get("rate limit", 0) for bar in found.bars[:5]] == [0, 0.5, 1, 0.5, 0]


def test_pacing_is_summed_and_is_no_wait() -> None:
    found = course([started(0)], [Wait(PACED, NOON, 20.0), Wait(PACED, NOON + 30, 22.0)], slot_s=1)

    assert (found.paced_s, found.waits) == (42.0, [])


def test_nothing_sent_is_no_bar() -> None:
    assert course([], [], slot_s=1).bars == []


slots = st.lists(st.tuples(st.integers(0, 400_000), st.integers(1, 2500), st.sampled_from(State)), max_size=60)


@given(slots, st.sampled_from([1, 60]))
def test_no_answer_is_lost_and_no_bar_is_too_thin(found: list[tuple[int, int, State]], width: int) -> None:
    answers = [Answers(NOON + at // width * width, state, rows) for at, rows, state in sorted(found)]

    drawn = course(answers, [], slot_s=width)

    assert sum(bar.total for bar in drawn.bars) == sum(one.rows for one in answers)
    # A bar is begun at a round time, so each stretch may have one more than fits.
    assert len(drawn.bars) <= BARS_AT_MOST + 2 * len(drawn.stretches)
    assert len(drawn.stretches) <= STRETCHES_AT_MOST
    times = [bar.begins_at for bar in drawn.bars]
    assert times == sorted(set(times))


@pytest.mark.parametrize(("span_s", "width"), [(0, 1), (7200, 1), (7201, 60), (86_400 * 61, 3600)])
def test_answers_are_counted_more_broadly_the_longer_the_run(span_s: float, width: int) -> None:
    assert slot_s(span_s) == width


@given(st.floats(0, 1e7))
def test_an_axis_has_a_few_round_numbers_and_reaches_the_highest(highest: float) -> None:
    numbers = steps(highest)
    assert numbers[0] == 0
    assert numbers[-1] >= highest
    assert 2 <= len(numbers) <= 6
