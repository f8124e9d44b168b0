"""Which rows are sent, and which are skipped because of what is known."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from launcher.core.model import Filtered, Invalid, Start, State
from launcher.core.plan import (
    DUPLICATE,
    SKIP,
    START,
    Claim,
    Duplicates,
    Planned,
    Planner,
    StartedBefore,
    repeat,
)
from tests.core.making import lead, leads
from tests.support.examples import examples

NOW = 1_000_000.0


def planner(
    started_before: StartedBefore = SKIP, *, limit: int | None = None, planned_so_far: int = 0
) -> Planner:
    return Planner(
        run_id=12,
        started_before=started_before,
        now=NOW,
        limit=limit,
        planned_so_far=planned_so_far,
    )


def claim(state: State, *, run_id: int = 11, row_number: int = 40, at: float = 0.0) -> Claim:
    return Claim(
        run_id=run_id,
        run=f"r{run_id}",
        row_number=row_number,
        state=state,
        workflow_id="66e81a641752f8.56521481" if state is State.STARTED else "",
        at=at,
        when="2026-11-22 02:00",
    )


def states(planned: Sequence[Planned]) -> list[State]:
    return [one.state for one in planned]


def test_every_new_start_is_planned_in_the_files_order() -> None:
    starts = leads(3)

    planned = planner().plan(starts, {})

    assert [one.start for one in planned] == list(starts)
    assert [one.row_number for one in planned] == [2, 3, 4]
    assert states(planned) == [State.PENDING] * 3


def test_an_invalid_row_stays_invalid_with_its_reason() -> None:
    [planned] = planner().plan([Invalid(5, "blank ID", "the ID is blank")], {})

    assert planned == Planned(5, State.INVALID, code="blank ID", reason="the ID is blank")


def test_of_duplicates_in_one_file_the_first_goes_and_the_others_name_its_row() -> None:
    """Bitrix24's own export repeats an ID for each product of the item."""
    planned = planner().plan([lead(2, key="a"), lead(3, key="b"), lead(4, key="a"), lead(5, key="a")], {})

    assert states(planned) == [State.PENDING, State.PENDING, State.SKIPPED, State.SKIPPED]
    assert "row 2" in planned[2].reason
    assert "row 2" in planned[3].reason
    assert planned[2].start is None


def test_what_a_job_may_do_with_duplicates_has_the_names_that_configurations_hold() -> None:
    assert [each.value for each in Duplicates] == ["skip", "start", "error"]


def test_a_duplicate_of_a_row_in_an_earlier_chunk_is_skipped_too() -> None:
    [planned] = planner().plan([lead(2500, key="a")], {"a": claim(State.PENDING, run_id=12, row_number=2)})

    assert planned.state is State.SKIPPED
    assert "row 2" in planned.reason


def test_an_invalid_row_claims_nothing() -> None:
    planned = planner().plan([Invalid(2, "blank ID", "blank"), lead(3, key="a")], {})

    assert states(planned) == [State.INVALID, State.PENDING]


# What an earlier run left behind, and whether its start may be planned again: only after a certain no.
AFTER_AN_EARLIER_RUN = {
    State.PENDING: State.PENDING,
    State.DEFERRED: State.PENDING,
    State.FAILED: State.PENDING,
    State.INVALID: State.PENDING,
    State.SKIPPED: State.PENDING,
    State.STARTED: State.SKIPPED,
    State.UNKNOWN: State.SKIPPED,
    State.SENT: State.SKIPPED,
}


def test_every_state_of_an_earlier_run_is_thought_of() -> None:
    assert set(AFTER_AN_EARLIER_RUN) == set(State)


@pytest.mark.parametrize(("before", "now"), AFTER_AN_EARLIER_RUN.items())
def test_only_what_certainly_did_not_start_is_planned_again(before: State, now: State) -> None:
    [planned] = planner().plan([lead(2, key="a")], {"a": claim(before)})

    assert planned.state is now
    assert (planned.start is None) == (now is State.SKIPPED)


def test_a_row_that_is_started_already_says_when_in_which_run_and_as_what() -> None:
    [planned] = planner().plan([lead(2, key="a")], {"a": claim(State.STARTED)})

    for words in ("2026-11-22 02:00", "r11", "row 40", "66e81a641752f8.56521481"):
        assert words in planned.reason


@pytest.mark.parametrize("before", [State.UNKNOWN, State.SENT])
def test_a_row_that_may_have_started_does_not_claim_that_it_did(before: State) -> None:
    [planned] = planner().plan([lead(2, key="a")], {"a": claim(before)})

    assert "may have started" in planned.reason
    for words in ("2026-11-22 02:00", "r11", "row 40"):
        assert words in planned.reason


@pytest.mark.parametrize("before", list(State))
@pytest.mark.parametrize("ago_s", [NOW, 0.0])
def test_a_job_that_is_meant_to_repeat_starts_each_run_anew(before: State, ago_s: float) -> None:
    [planned] = planner(START).plan([lead(2, key="a")], {"a": claim(before, at=NOW - ago_s)})

    assert planned.state is State.PENDING


@pytest.mark.parametrize("before", list(State))
def test_a_job_that_is_meant_to_repeat_still_starts_nothing_twice_within_one_run(before: State) -> None:
    planned = planner(START).plan(
        [lead(3000, key="a"), lead(3001, key="b"), lead(3002, key="b")],
        {"a": claim(before, run_id=12, row_number=2)},
    )

    assert states(planned) == [State.SKIPPED, State.PENDING, State.SKIPPED]


def test_a_limit_plans_that_many_starts_and_names_itself_to_the_rest() -> None:
    planned = planner(limit=2).plan(leads(4), {})

    assert states(planned) == [State.PENDING, State.PENDING, State.SKIPPED, State.SKIPPED]
    assert "limit of 2" in planned[2].reason


def test_rows_that_are_not_sent_do_not_use_up_the_limit() -> None:
    candidates: list[Start | Invalid] = [
        Invalid(2, "blank ID", "blank"),
        lead(3, key="a"),
        lead(4, key="a"),
        lead(5, key="old"),
        lead(6),
        lead(7),
    ]

    planned = planner(limit=2).plan(candidates, {"old": claim(State.STARTED)})

    assert states(planned) == [
        State.INVALID,
        State.PENDING,
        State.SKIPPED,
        State.SKIPPED,
        State.PENDING,
        State.SKIPPED,
    ]
    assert "limit" in planned[5].reason


def test_the_limit_goes_on_over_chunks_and_over_a_crash() -> None:
    resumed = planner(limit=5, planned_so_far=2)

    first = resumed.plan(leads(2), {})
    second = resumed.plan([lead(row_number) for row_number in range(10, 13)], {})

    assert states(first) == [State.PENDING] * 2
    assert states(second) == [State.PENDING, State.SKIPPED, State.SKIPPED]


def test_a_row_beyond_the_limit_does_not_own_its_key() -> None:
    """Its twin must not be skipped as "the same as" a row that was never sent."""
    planned = planner(limit=1).plan([lead(2), lead(3, key="a"), lead(4, key="a")], {})

    assert "limit" in planned[2].reason


def test_rows_that_are_skipped_for_one_cause_share_its_code_whatever_rows_they_name() -> None:
    """The summary counts by code; the reason names another row each time."""
    rows = [lead(2, key="a"), lead(3, key="b"), lead(4, key="a"), lead(5, key="b"), *leads(9)[6:]]
    rows += [lead(20, key="old"), lead(21, key="older"), lead(22, key="lost"), lead(23, key="in the air")]
    known = {
        "old": claim(State.STARTED),
        "older": claim(State.STARTED, row_number=41),
        "lost": claim(State.UNKNOWN),
        "in the air": claim(State.SENT),
    }

    codes = [row.code for row in planner(limit=3).plan(rows, known)]

    assert codes[:2] == ["", ""]
    assert codes[2] == codes[3] == "duplicate"
    assert codes[4:7] == ["", "beyond limit", "beyond limit"]
    assert codes[7] == codes[8] == "started before"
    assert codes[9] == codes[10] == "unknown before"


WEEK_S = 604_800.0


@pytest.mark.parametrize("before", [State.STARTED, State.UNKNOWN, State.SENT])
@pytest.mark.parametrize(
    ("ago_s", "now"),
    [
        (0.0, State.SKIPPED),
        (WEEK_S - 0.001, State.SKIPPED),
        (WEEK_S, State.PENDING),
        (WEEK_S + 1, State.PENDING),
        (-3600.0, State.SKIPPED),  # our clock was set back
    ],
)
def test_what_may_have_started_is_skipped_for_a_period_and_then_started_anew(
    before: State, ago_s: float, now: State
) -> None:
    weekly = planner(StartedBefore(forget_after_s=WEEK_S))

    [planned] = weekly.plan([lead(2, key="a")], {"a": claim(before, at=NOW - ago_s)})

    assert planned.state is now


@pytest.mark.parametrize("before", list(State))
def test_a_row_of_this_run_is_never_forgotten_however_long_the_run_takes(before: State) -> None:
    weekly = planner(StartedBefore(forget_after_s=WEEK_S))
    known = {"a": claim(before, run_id=12, row_number=2, at=NOW - 2 * WEEK_S)}

    [planned] = weekly.plan([lead(3000, key="a")], known)

    assert (planned.state, planned.code) == (State.SKIPPED, DUPLICATE)


def test_without_a_period_nothing_is_ever_forgotten() -> None:
    [planned] = planner(SKIP).plan([lead(2, key="a")], {"a": claim(State.STARTED, at=-1e12)})

    assert planned.state is State.SKIPPED


def test_a_start_that_was_forgotten_still_goes_once_in_this_run() -> None:
    weekly = planner(StartedBefore(forget_after_s=WEEK_S))
    known = {"a": claim(State.STARTED, at=NOW - WEEK_S)}

    assert states(weekly.plan([lead(2, key="a"), lead(3, key="a")], known)) == [State.PENDING, State.SKIPPED]


def repetitions(start: Start, count: int) -> list[Start]:
    """The start, and so many repetitions of it."""
    found = [start]
    for _ in range(count):
        found.append(repeat(found[-1]))
    return found


def test_a_repetition_is_the_same_start_under_another_key() -> None:
    start = lead(2, {"Manager": "Анна"}, key="0123456789abcdef0123456789abcdef")

    once_more = repeat(start)

    assert once_more == replace(start, start_key=once_more.start_key)
    assert once_more.start_key != start.start_key
    assert len(once_more.start_key) == 32
    assert set(once_more.start_key) <= set("0123456789abcdef")


def test_the_nth_repetition_has_the_same_key_in_every_run_and_on_every_machine() -> None:
    """Otherwise a later run would start it again."""
    first, second = lead(2, key="k"), lead(900, key="k")

    keys = [start.start_key for start in repetitions(first, 3)]
    assert [start.start_key for start in repetitions(second, 3)] == keys
    assert keys == [
        "k",
        "61f5dc14830084d8dc2d1ebc02ef3dec",
        "341d9237e66ff89973853e9b61c6fd52",
        "ac7580de2d6998e8129cb77c7b45cbf0",
    ]


def test_no_repetition_has_the_key_of_another_or_of_another_start() -> None:
    starts = [start for row_number in range(2, 30) for start in repetitions(lead(row_number), 40)]

    assert len({start.start_key for start in starts}) == len(starts)


def test_each_repetition_is_planned_once_and_is_skipped_by_the_run_that_follows() -> None:
    file = repetitions(lead(2, key="k"), 2)

    planned = planner().plan([*file, *file], {})

    assert states(planned) == [State.PENDING] * 3 + [State.SKIPPED] * 3
    started = {start.start_key: claim(State.STARTED) for start in file}
    assert states(planner().plan(file, started)) == [State.SKIPPED] * 3


keys = st.sampled_from("abcdef")
candidates = st.lists(st.one_of(keys, st.none()), max_size=20)
claims = st.dictionaries(keys, st.tuples(st.sampled_from(list(State)), st.sampled_from([10, 11, 12])))


@given(candidates, claims, st.sampled_from([SKIP, START]), st.none() | st.integers(0, 5), st.integers(0, 20))
@settings(max_examples=examples(300))
def test_whatever_is_known_no_start_is_planned_twice_or_after_it_may_have_happened(
    keys: list[str | None],
    known: dict[str, tuple[State, int]],
    started_before: StartedBefore,
    limit: int | None,
    cut: int,
) -> None:
    rows: list[Start | Invalid] = [
        Invalid(row_number, "blank ID", "blank") if key is None else lead(row_number, key=key)
        for row_number, key in enumerate(keys, start=2)
    ]
    owners = {key: claim(state, run_id=run_id) for key, (state, run_id) in known.items()}
    one = planner(started_before, limit=limit)

    planned = one.plan(rows[:cut], owners)
    # The ledger owns by now what the first chunk has planned.
    owners |= {
        row.start.start_key: claim(State.PENDING, run_id=12, row_number=row.row_number)
        for row in planned
        if row.start is not None
    }
    planned += one.plan(rows[cut:], owners)

    assert [row.row_number for row in planned] == [row.row_number for row in rows]
    sent = [row.start.start_key for row in planned if row.start is not None]
    assert len(sent) == len(set(sent))
    assert limit is None or len(sent) <= limit
    for row in planned:
        assert (row.start is not None) == (row.state is State.PENDING)
        assert row.state in (State.PENDING, State.INVALID, State.SKIPPED)
        assert bool(row.reason) == bool(row.code) == (row.state is not State.PENDING)
    for key in sent:
        state, run_id = known.get(key, (State.PENDING, 0))
        assert run_id != 12
        assert started_before is START or state not in (State.STARTED, State.UNKNOWN, State.SENT)


def test_a_row_that_the_job_is_not_for_is_skipped_and_says_why() -> None:
    [planned] = planner().plan([Filtered(7, "the stage is Lost")], {})

    assert (planned.row_number, planned.state, planned.code) == (7, State.SKIPPED, "filtered")
    assert planned.reason == "the stage is Lost"


WITHOUT_A_JOB = (("", "its key without a job"),)


def test_what_was_started_without_a_job_is_skipped_by_one_and_the_reason_says_whose_it_was() -> None:
    row = replace(lead(2), equivalent_keys=WITHOUT_A_JOB)

    [planned] = planner().plan([row], {"its key without a job": claim(State.STARTED)})

    assert (planned.state, planned.start, planned.code) == (State.SKIPPED, None, "started before")
    assert planned.reason.startswith("started 2026-11-22 02:00 in run r11 without a job, row 40, as 66e81a64")


def test_a_run_without_a_job_skips_what_may_have_started_in_a_job() -> None:
    row = replace(lead(2), equivalent_keys=(("other", "k1"), ("follow-up", "k2")))

    [planned] = planner().plan([row], {"k2": claim(State.UNKNOWN)})

    assert (planned.state, planned.code) == (State.SKIPPED, "unknown before")
    assert "in run r11 of the job follow-up, row 40" in planned.reason


def test_what_did_not_start_without_a_job_is_taken_over_and_nothing_else_is() -> None:
    rows = [replace(row, equivalent_keys=(("", f"kin of {row.row_number}"),)) for row in leads(3)]
    claims = {"kin of 2": claim(State.PENDING), "kin of 3": claim(State.FAILED)}

    planned = planner().plan(rows, claims)

    assert states(planned) == [State.PENDING] * 3
    assert [one.start.equivalent_keys for one in planned if one.start] == [
        rows[0].equivalent_keys,
        rows[1].equivalent_keys,
        (),
    ]


def test_a_job_whose_runs_start_anew_starts_what_was_started_without_it_and_leaves_its_claim() -> None:
    row = replace(lead(2), equivalent_keys=WITHOUT_A_JOB)

    [planned] = planner(START).plan([row], {"its key without a job": claim(State.STARTED)})

    assert planned.start == replace(row, equivalent_keys=())


def test_a_start_once_more_is_once_more_under_other_jobs_too() -> None:
    row = replace(lead(2), equivalent_keys=WITHOUT_A_JOB)

    once_more = repeat(row)

    assert once_more.equivalent_keys[0][0] == ""
    assert (
        len({row.start_key, once_more.start_key, row.equivalent_keys[0][1], once_more.equivalent_keys[0][1]})
        == 4
    )
