"""What a night comes to."""

import pytest

from launcher.core.model import State
from launcher.core.nights import worst
from launcher.core.summary import Counts, Ending, Exit, exit_code


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
