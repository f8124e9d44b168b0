"""Which workflows still run, as the portal's answers say it."""

import pytest

from launcher.core.workflows import Running, UnexpectedAnswerError, answer, question
from launcher.simulator import php

ID = "66e81a641752f8.56521481"


def test_the_question_is_one_that_the_portal_reads_as_it_is_meant() -> None:
    method, _, query = question(ID).partition("?")

    assert method == "bizproc.workflow.instances"
    assert php.parse_str(query) == {"SELECT": {0: "ID", 1: "OWNED_UNTIL"}, "FILTER": {"ID": ID}}


def test_a_workflow_runs_where_the_portal_lists_it_and_not_where_it_lists_none() -> None:
    assert answer([{"ID": ID, "OWNED_UNTIL": None}], ID) == Running(ID, None)
    assert answer([{"ID": ID}], ID) == Running(ID, None)
    assert answer([], ID) is None


@pytest.mark.parametrize("listed", [None, {}, True, "", 7, {"ID": ID}])
def test_what_is_no_list_says_nothing(listed: object) -> None:
    with pytest.raises(UnexpectedAnswerError, match="did not say"):
        answer(listed, ID)


@pytest.mark.parametrize("listed", [[{"ID": "another"}], [ID], [{}], [None], [{"ID": ID.upper()}]])
def test_a_list_of_other_workflows_does_not_say_that_this_one_has_ended(listed: list[object]) -> None:
    with pytest.raises(UnexpectedAnswerError, match="other workflows"):
        answer(listed, ID)


@pytest.mark.parametrize(
    ("owned_until", "stuck"),
    [
        ("2026-11-23T12:00:00+03:00", False),
        ("2026-11-23T11:55:00+03:00", False),
        ("2026-11-23T11:54:59+03:00", True),
        ("2026-11-23T08:54:59+00:00", True),
        ("2026-11-23T12:04:00+03:00", False),
        ("no date", False),
        (None, False),
        ("", False),
    ],
)
def test_a_workflow_is_stuck_when_its_lock_ran_out_over_five_minutes_ago(
    owned_until: str | None, stuck: bool
) -> None:
    noon_in_moscow = 1_795_424_400.0
    running = answer([{"ID": ID, "OWNED_UNTIL": owned_until}], ID)

    assert running is not None
    assert running.is_stuck(noon_in_moscow) is stuck
