"""What a night comes to."""

import pytest

from launcher.core.model import State
from launcher.core.nights import Step, Way, exit_codes, superseded, worst
from launcher.core.summary import Counts, Ending, Exit, Summary, exit_code


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        ([], 0),
        ([0, 0], 0),
        ([0, 1], 1),
        ([1, 4], 4),
        ([4, 5, 1], 5),
        ([5, 2], 2),
        ([2, 6], 6),
        ([0, 6, 3, 2], 3),
    ],
)
def test_the_code_of_a_night_is_that_of_the_job_that_needs_a_person_most(codes: list[int], code: int) -> None:
    assert worst(codes) == code


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (State.PENDING, Exit.ALL_STARTED),
        (State.DEFERRED, Exit.ALL_STARTED),
        (State.FAILED, Exit.SOME_NOT_STARTED),
        (State.INVALID, Exit.SOME_NOT_STARTED),
        (State.UNKNOWN, Exit.SOME_UNKNOWN),
    ],
)
def test_rows_that_wait_for_the_next_night_are_no_failure_of_this_one(state: State, code: Exit) -> None:
    assert exit_code(Counts({State.STARTED: 3, state: 1}), Ending.PAUSED) is code


def step(way: Way, run: str, file: str = "leads.csv", ending: Ending = Ending.FINISHED, **rows: int) -> Step:
    counts = Counts({State(state): number for state, number in rows.items()})
    return Step(
        way,
        Summary(
            run=run, job="leads", file=file, portal="", ending=ending, counts=counts, requests=1, seconds=1.0
        ),
    )


def test_rows_to_mend_are_seen_to_by_a_new_run_of_their_file_and_by_nothing_else() -> None:
    left = step(Way.RESUMED, "r1", started=5, failed=1)
    assert superseded([left, step(Way.BEGUN, "r2", started=1)]) == {"r1"}
    assert exit_codes([left, step(Way.BEGUN, "r2", started=1)]) == [0, 0]
    for other in (
        step(Way.RECONCILED, "r0", started=9),
        step(Way.RESUMED, "r2", started=9),
        step(Way.BEGUN, "r2", "deals.csv", started=9),
        step(Way.BEGUN, "r2", ending=Ending.PAUSED, started=9, pending=3),
    ):
        assert superseded([left, other]) == set()
        assert exit_codes([left, other]) == [1, 0]
    assert exit_codes([step(Way.BEGUN, "r2", started=1), left]) == [0, 1]
    assert exit_codes([step(Way.RESUMED, "r1", unknown=1), step(Way.BEGUN, "r2", skipped=1)]) == [5, 0]
