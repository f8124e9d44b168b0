"""When a run that goes wrong as a whole is stopped."""

import pytest

from launcher.core.guard import NEVER, Guard, StopAfter


def test_without_limits_any_number_may_fail() -> None:
    guard = Guard(NEVER)

    assert [guard.count(accepted=0, failed=50) for _ in range(200)] == [""] * 200


def test_so_many_failures_stop_the_run_and_one_less_does_not() -> None:
    guard = Guard(StopAfter(failures=100))

    assert guard.count(accepted=0, failed=99) == ""
    why = guard.count(accepted=49, failed=1)
    assert why == "100 rows failed, and stop_after: failures: is 100"


def test_failures_are_counted_over_the_whole_run_however_many_were_accepted_between() -> None:
    guard = Guard(StopAfter(failures=3))

    assert [guard.count(accepted=10_000, failed=failed) for failed in (1, 1, 0)] == ["", "", ""]
    assert guard.count(accepted=0, failed=1)


def test_more_than_the_share_stops_the_run_and_exactly_the_share_does_not() -> None:
    guard = Guard(StopAfter(share=0.2, of_first=200))

    assert guard.count(accepted=10, failed=40) == ""
    why = guard.count(accepted=0, failed=1)
    assert why == "41 rows of the first 200 failed, more than the 20% of stop_after:"


def test_a_share_that_cannot_be_kept_any_more_stops_the_run_before_all_of_the_first_rows_are_tried() -> None:
    """A wrong column: it is no use to try the other 159."""
    assert Guard(StopAfter(share=0.2, of_first=200)).count(accepted=0, failed=41)


def test_rows_after_the_first_do_not_count_for_the_share() -> None:
    guard = Guard(StopAfter(share=0.2, of_first=200))

    assert guard.count(accepted=160, failed=40) == ""
    assert guard.count(accepted=0, failed=50) == ""
    assert guard.count(accepted=0, failed=5000) == ""


@pytest.mark.parametrize(("failed", "stops"), [(1, False), (2, False), (3, True), (50, True)])
def test_of_a_batch_that_reaches_beyond_the_first_rows_the_failed_ones_are_taken_to_have_come_first(
    failed: int, stops: bool
) -> None:
    guard = Guard(StopAfter(share=0.5, of_first=100))
    assert guard.count(accepted=47, failed=48) == ""  # room for 5 more, of which 2 may fail

    assert bool(guard.count(accepted=50 - failed, failed=failed)) == stops


def test_of_a_batch_no_more_count_than_there_is_room_for() -> None:
    guard = Guard(StopAfter(share=0.5, of_first=10))
    assert guard.count(accepted=9, failed=0) == ""

    assert guard.count(accepted=0, failed=50) == ""


def test_whichever_of_the_two_limits_is_reached_first_stops_the_run() -> None:
    both = StopAfter(failures=10, share=0.5, of_first=4)

    assert "of the first 4" in Guard(both).count(accepted=1, failed=3)
    late = Guard(both)
    assert late.count(accepted=4, failed=0) == ""
    assert late.count(accepted=0, failed=9) == ""
    assert "failures: is 10" in late.count(accepted=0, failed=1)


def test_a_run_that_is_to_stop_stays_so() -> None:
    guard = Guard(StopAfter(failures=2))
    guard.count(accepted=0, failed=2)

    assert guard.count(accepted=50, failed=0)


def test_one_row_is_said_in_the_singular() -> None:
    assert Guard(StopAfter(failures=1)).count(accepted=0, failed=1).startswith("1 row failed")
