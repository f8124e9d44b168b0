"""What a run came to."""

import pytest

from launcher.core.model import State
from launcher.core.summary import Cause, Counts, Ending, Exit, Summary, exit_code

NOT_STARTED = [State.FAILED, State.INVALID, State.DEFERRED, State.PENDING]
KEYS = [
    *("run_id", "job", "file", "portal", "rows"),
    *("started", "failed", "unknown", "invalid", "skipped", "pending", "deferred"),
    *("requests", "seconds", "results", "exit_code", "stopped_because"),
]


def summary(ending: Ending = Ending.FINISHED, **rows: int) -> Summary:
    return Summary(
        run="r12",
        job="follow-up",
        file="leads.csv",
        portal="acme.bitrix24.com",
        ending=ending,
        counts=counts(**rows),
        requests=3,
        seconds=1.23456,
        results="leads.results.csv",
        stopped_because="the portal was deleted" if ending is Ending.STOPPED else "",
        causes=(Cause(state=State.FAILED, code="", text="Wrong DOCUMENT_ID!", rows=1, first_row=9),),
    )


def counts(**rows: int) -> Counts:
    return Counts({State(name): number for name, number in rows.items()})


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ({}, 0),
        ({"started": 5}, 0),
        ({"started": 5, "skipped": 2}, 0),
        ({"skipped": 2}, 0),
        ({"started": 5, "failed": 1}, 1),
        ({"started": 5, "invalid": 1}, 1),
        ({"started": 5, "deferred": 1}, 1),
        ({"started": 5, "pending": 1}, 1),
        ({"unknown": 1}, 5),
        ({"sent": 1}, 5),
        ({"started": 5, "unknown": 1, "failed": 3, "invalid": 2, "deferred": 1, "pending": 1}, 5),
        ({"started": 5, "sent": 1, "failed": 3}, 5),
        ({"unknown": 0, "failed": 0, "sent": 0, "started": 1}, 0),
    ],
)
def test_a_finished_run_ends_with_the_worst_that_became_of_its_rows(rows: dict[str, int], code: int) -> None:
    assert exit_code(counts(**rows), Ending.FINISHED) == code


@pytest.mark.parametrize(("ending", "code"), [(Ending.STOPPED, 3), (Ending.INTERRUPTED, 4)])
@pytest.mark.parametrize("state", list(State))
def test_stopped_and_interrupted_go_before_whatever_became_of_the_rows(
    state: State, ending: Ending, code: int
) -> None:
    assert exit_code(Counts({state: 1}), ending) == code
    assert exit_code(Counts(dict.fromkeys(State, 1)), ending) == code


def test_the_exit_codes_are_those_of_the_contract() -> None:
    assert {code.name: code.value for code in Exit} == {
        "ALL_STARTED": 0,
        "SOME_NOT_STARTED": 1,
        "WRONG_USAGE": 2,
        "STOPPED": 3,
        "INTERRUPTED": 4,
        "SOME_UNKNOWN": 5,
        "PORTAL_IN_USE": 6,
    }


def test_the_json_document_has_exactly_the_keys_of_the_contract() -> None:
    document = summary(started=1).to_dict()

    assert list(document) == KEYS
    assert list(summary(Ending.RUNNING).to_dict()) == KEYS


def test_the_json_document_tells_each_count_under_its_own_name() -> None:
    rows = {"started": 1, "failed": 2, "unknown": 4, "invalid": 8, "skipped": 16, "pending": 32, "deferred": 64}

    document = summary(Ending.STOPPED, **rows).to_dict()

    assert {name: document[name] for name in rows} == rows
    assert document["rows"] == 127
    assert document["run_id"] == "r12"
    assert document["job"] == "follow-up"
    assert document["file"] == "leads.csv"
    assert document["portal"] == "acme.bitrix24.com"
    assert document["requests"] == 3
    assert document["seconds"] == pytest.approx(1.235, abs=0.001)
    assert document["results"] == "leads.results.csv"
    assert document["exit_code"] == 3
    assert document["stopped_because"] == "the portal was deleted"


def test_a_sent_row_counts_as_pending_while_the_run_goes() -> None:
    document = summary(Ending.RUNNING, sent=2, pending=3, unknown=1).to_dict()

    assert (document["pending"], document["unknown"], document["rows"]) == (5, 1, 6)
    assert "sent" not in document


@pytest.mark.parametrize("ending", [ending for ending in Ending if ending is not Ending.RUNNING])
def test_a_sent_row_counts_as_unknown_once_the_run_has_ended(ending: Ending) -> None:
    document = summary(ending, sent=2, pending=3, unknown=1).to_dict()

    assert (document["pending"], document["unknown"], document["rows"]) == (3, 3, 6)
    assert "sent" not in document


@pytest.mark.parametrize("ending", list(Ending))
def test_no_row_is_lost_or_counted_twice_in_what_is_shown(ending: Ending) -> None:
    every_state = Counts({state: 2**place for place, state in enumerate(State)})

    shown = every_state.shown(running=ending is Ending.RUNNING)

    assert sum(shown.values()) == every_state.total == 2 ** len(State) - 1
    assert set(shown) == {state.value for state in State} - {"sent"}


def test_a_state_without_rows_counts_none() -> None:
    assert counts(started=1)[State.FAILED] == 0
    assert Counts().total == 0


def test_a_row_in_the_air_of_a_running_run_is_not_unknown_yet() -> None:
    assert summary(Ending.RUNNING, started=1, sent=2).exit_code == 1
