"""What is said of a run's workflows, and how often they are looked at."""

from launcher.core.workflows import LONGEST_WAIT_S, Watched, next_wait_s, wait_until_deadline_s


def test_the_line_says_how_many_run_and_which_are_stuck() -> None:
    rows = tuple((number, f"id{number}") for number in range(2, 9))

    assert Watched(1).text() == "none of the 1 started workflow runs any more"
    assert Watched(0).text() == "no workflow was started"
    assert Watched(1200).text() == "none of the 1,200 started workflows runs any more"
    assert Watched(1200, 1100).text() == "still running: 1,100 of 1,200 started workflows"
    assert Watched(3, 2, rows[:2]).text() == (
        "still running: 2 of 3 started workflows, 2 of them stuck for over five minutes (rows 2, 3)"
    )
    assert Watched(3, 2, rows[:1]).text().endswith(", 1 of them stuck for over five minutes (row 2)")
    assert Watched(9, 9, rows).text().endswith("(rows 2, 3, 4, 5, 6, …)")


def test_while_nothing_changes_the_wait_grows_to_five_minutes_and_falls_back_when_something_does() -> None:
    waits = [10.0]
    while len(waits) < 15:
        waits.append(next_wait_s(10, waits[-1], changed=False))

    assert waits[:3] == [10, 15, 22.5]
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_WAIT_S
    assert next_wait_s(10, waits[-1], changed=True) == 10
    assert next_wait_s(3600, 3600, changed=False) == 3600, "who says an hour gets an hour"


def test_no_wait_goes_beyond_the_deadline() -> None:
    assert wait_until_deadline_s(10, now=95, deadline=100) == 5
    assert wait_until_deadline_s(10, now=50, deadline=100) == 10
    assert wait_until_deadline_s(10, now=101, deadline=100) == 0
    assert wait_until_deadline_s(10, now=101, deadline=None) == 10
