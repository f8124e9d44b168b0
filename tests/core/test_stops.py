"""What the portal's answer says of a workflow that was to be ended."""

import pytest

from launcher.core.catalogue import STOPPING, explained
from launcher.core.workflows import Answered, Termination, Way, command, judge
from launcher.simulator import php
from tests.core.making import error

ID = "66e81a641752f8.56521481"


def test_a_workflow_is_terminated_with_a_status_that_names_the_run_and_killed_without() -> None:
    terminate, kill = (command(ID, way, "r7").partition("?") for way in (Way.TERMINATE, Way.KILL))

    assert terminate[0] == "bizproc.workflow.terminate"
    assert php.parse_str(terminate[2]) == {"ID": ID, "STATUS": "Stopped by bizproc-launcher (run r7)"}
    assert (kill[0], php.parse_str(kill[2])) == ("bizproc.workflow.kill", {"ID": ID})


def test_only_a_plain_yes_says_that_it_has_ended() -> None:
    assert judge("r2", {"r2": True}, {}) == Answered(Termination.ENDED)
    for result in (False, None, 1, "true", [], {}):
        assert judge("r2", {"r2": result}, {}).fate is None
    assert judge("r2", {}, {}).fate is None
    assert judge("r2", {"r2": True}, {"r2": error("", "no")}).fate is None


def test_a_refusal_without_a_known_code_is_to_be_looked_into() -> None:
    assert judge("r2", {}, {"r2": error("", "Не найден")}) == Answered(text="Не найден")
    assert judge("r2", {}, {"r2": error("NEW", "x")}) == Answered(text="NEW: x")
    assert judge("r2", {}, {"r2": []}).text == "refused without a reason"


@pytest.mark.parametrize("code", ["QUERY_LIMIT_EXCEEDED", "operation_time_limit"])
def test_a_limit_is_waited_for(code: str) -> None:
    assert judge("r2", {}, {"r2": error(code, "wait")}).again


@pytest.mark.parametrize("code", sorted(STOPPING))
def test_a_code_that_stops_a_run_stops_this_too(code: str) -> None:
    answered = judge("r2", {}, {"r2": error(code, "words")})

    assert answered.halt.startswith(explained(code))
    assert answered.fate is None
