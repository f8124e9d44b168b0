"""How a run ended and what the person is told to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from launcher.core.model import State
from launcher.core.notices import headline, next_steps
from launcher.core.summary import Counts, Ending, Summary


def summary(ending: Ending, rows: Mapping[State, int]) -> Summary:
    return Summary(
        run="r3",
        job="",
        file="leads.csv",
        portal="portal.example",
        ending=ending,
        counts=Counts(rows),
        requests=1,
        seconds=1.0,
        stopped_because="a reason",
    )


def commands(ending: Ending, to_fix: str = "leads.failed.csv", **rows: int) -> list[str]:
    told = next_steps(summary(ending, {State(name): number for name, number in rows.items()}), to_fix)
    return [step.command for step in told if step.command]


def test_a_run_in_which_all_started_asks_for_nothing() -> None:
    assert commands(Ending.FINISHED, started=5, skipped=2) == []


def test_a_file_without_rows_is_said_to_have_none() -> None:
    nothing = summary(Ending.FINISHED, {})
    assert [str(step) for step in next_steps(nothing, "")] == ["The file has no rows below its headings."]
    assert list(next_steps(replace(nothing, pruned=True), "")) == [], "it had some"
    assert "no rows" not in " ".join(map(str, next_steps(summary(Ending.INTERRUPTED, {}), ""))), "none was read"


def test_a_run_that_was_cut_off_goes_on_with_resume() -> None:
    for ending in (Ending.STOPPED, Ending.INTERRUPTED):
        assert commands(ending, started=5, pending=2) == ["launcher resume r3"]
        assert headline(summary(ending, {})).fields["why"] == "a reason"


def test_a_finished_run_with_rows_that_wait_goes_on_with_resume() -> None:
    assert commands(Ending.FINISHED, started=5, deferred=2) == ["launcher resume r3"]


def test_unknown_rows_are_looked_at_before_they_are_sent_again() -> None:
    expected = ["launcher reconcile r3", "launcher retry r3 --unknown"]
    assert commands(Ending.FINISHED, started=5, unknown=2) == expected
    assert commands(Ending.FINISHED, started=5, sent=2) == expected


def test_rows_in_the_air_of_a_run_that_goes_on_ask_for_nothing() -> None:
    assert commands(Ending.RUNNING, started=5, sent=50, pending=100) == []
    assert commands(Ending.RUNNING, started=5, failed=3, unknown=2, pending=100) == []


def test_rows_to_mend_go_back_in_their_file_whatever_its_name() -> None:
    assert commands(Ending.FINISHED, failed=1) == ["launcher retry r3 --file leads.failed.csv"]
    assert commands(Ending.FINISHED, "my leads.failed.csv", invalid=1) == [
        'launcher retry r3 --file "my leads.failed.csv"'
    ]
    assert commands(Ending.FINISHED, "", invalid=1) == [
        "launcher results r3 -o to-fix.csv --only failed,invalid",
        "launcher retry r3 --file to-fix.csv",
    ]
