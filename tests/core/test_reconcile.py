"""Which running workflow is the one whose start was not heard of, and in which words none is."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher.core.answers import answers_of_batch
from launcher.core.model import Document
from launcher.core.reconcile import EARLIEST_S, LATEST_S, NOT_TOLD, LostRow, Running, Settled, settle
from tests.core.making import batch_body, error

SENT_AT = 1_800_000_000.0
USER = 1
ID = "66e81a641752f8.56521481"
OTHER_ID = "66e81a64175300.11111111"
LISTS_NONE = "the portal lists no running workflow that fits: it has ended, or never started"


def lost(row_number: int = 2, *, sent_at: float = SENT_AT, number: int = 777) -> LostRow:
    return LostRow(
        row_number=row_number,
        template_id=7,
        document=Document("crm", "CCrmDocumentLead", f"LEAD_{number}"),
        sent_at=sent_at,
    )


def running(workflow_id: str = ID, *, after_s: float = 0.0, number: int = 777) -> Running:
    """A workflow on that lead that began so long after the request had left."""
    return Running(
        workflow_id=workflow_id,
        template_id=7,
        entity="CCrmDocumentLead",
        element_id=f"LEAD_{number}",
        started_at=SENT_AT + after_s,
        started_by=USER,
    )


def settled(
    rows: Sequence[LostRow],
    listed: Mapping[int, Sequence[Running]],
    *,
    owned: Sequence[str] = (),
    portal_ahead_s: float = 0.0,
) -> list[Settled]:
    return settle(rows, listed, owned=owned, user_id=USER, portal_ahead_s=portal_ahead_s)


def test_the_one_workflow_that_fits_is_the_rows() -> None:
    assert settled([lost()], {2: [running()]}) == [Settled(2, workflow_id=ID)]


def test_a_row_for_which_the_portal_lists_nothing_stays_unknown_because_a_miss_proves_nothing() -> None:
    assert settled([lost()], {2: []}) == [Settled(2, reason=LISTS_NONE)]
    assert settled([lost()], {}) == [Settled(2, reason=LISTS_NONE)]


@pytest.mark.parametrize(
    ("after_s", "fits"),
    [
        (-EARLIEST_S - 0.001, False),
        (-EARLIEST_S, True),
        (0.0, True),
        (LATEST_S, True),
        (LATEST_S + 0.001, False),
        (-3600.0, False),
        (3600.0, False),
    ],
)
def test_only_a_workflow_that_the_lost_request_could_have_started_fits(after_s: float, fits: bool) -> None:
    [one] = settled([lost()], {2: [running(after_s=after_s)]})

    assert one == (Settled(2, workflow_id=ID) if fits else Settled(2, reason=LISTS_NONE))


def test_the_cloud_may_start_a_row_until_it_cuts_the_request_after_60_seconds() -> None:
    assert LATEST_S >= 60


@pytest.mark.parametrize("clock_offset_s", [-7200.0, -30.0, 30.0, 7200.0])
def test_the_window_is_by_the_portals_clock_and_not_by_ours(clock_offset_s: float) -> None:
    by_its_clock = running(after_s=clock_offset_s + 1.0)

    assert settled([lost()], {2: [by_its_clock]}, portal_ahead_s=clock_offset_s) == [Settled(2, workflow_id=ID)]
    if abs(clock_offset_s) > LATEST_S:
        assert settled([lost()], {2: [by_its_clock]}) == [Settled(2, reason=LISTS_NONE)]
        by_our_clock = running(after_s=1.0)
        assert settled([lost()], {2: [by_our_clock]}, portal_ahead_s=clock_offset_s)[0].reason == LISTS_NONE


@pytest.mark.parametrize(
    "difference",
    [
        {"started_by": 2},
        {"template_id": 8},
        {"entity": "CCrmDocumentDeal"},
        {"element_id": "LEAD_7"},
        {"element_id": "LEAD_7777"},
    ],
    ids=str,
)
def test_a_workflow_of_another_user_template_entity_or_document_is_not_the_rows(
    difference: dict[str, object],
) -> None:
    other = replace(running(), **difference)  # type: ignore[arg-type]

    assert settled([lost()], {2: [other]}) == [Settled(2, reason=LISTS_NONE)]
    beside = replace(other, workflow_id=OTHER_ID)
    assert settled([lost()], {2: [beside, running()]}) == [Settled(2, workflow_id=ID)]


def test_a_workflow_without_a_starter_is_told_and_not_taken() -> None:
    """Some portals give 0 as the user of what a webhook has started: it may be ours, or anybody's."""
    nobodys = replace(running(), started_by=NOT_TOLD)
    elsewhere = replace(nobodys, template_id=8, workflow_id=OTHER_ID)

    [one] = settled([lost()], {2: [nobodys]})
    assert (one.workflow_id, one.starter_not_told) == ("", True)
    assert ID in one.reason
    assert settled([lost()], {2: [elsewhere]}) == [Settled(2, reason=LISTS_NONE)]
    assert settled([lost()], {2: [nobodys]}, owned=[ID]) == [Settled(2, reason=LISTS_NONE)]
    assert settled([lost()], {2: [nobodys, running(OTHER_ID)]}) == [Settled(2, workflow_id=OTHER_ID)]


def test_a_workflow_that_a_row_of_the_ledger_owns_is_not_given_to_another() -> None:
    assert settled([lost()], {2: [running()]}, owned=[ID]) == [Settled(2, reason=LISTS_NONE)]
    assert settled([lost()], {2: [running(), running(OTHER_ID)]}, owned=[ID]) == [
        Settled(2, workflow_id=OTHER_ID)
    ]


def test_of_two_that_fit_none_is_taken_and_both_are_named() -> None:
    [one] = settled([lost()], {2: [running(), running(OTHER_ID, after_s=3.0)]})

    assert one == Settled(2, reason=f"2 running workflows fit: {ID}, {OTHER_ID}")


def test_one_workflow_that_two_rows_want_is_given_to_neither() -> None:
    """Two rows on one lead, with other parameters: one of them started."""
    both = [lost(2), lost(9, sent_at=SENT_AT + 20)]

    reason = f"the running workflow {ID} fits more than one row"
    assert settled(both, {2: [running(after_s=21)], 9: [running(after_s=21)]}) == [
        Settled(2, reason=reason),
        Settled(9, reason=reason),
    ]


def test_rows_on_one_document_whose_windows_do_not_meet_get_each_its_own() -> None:
    early, late = running(after_s=1.0), running(OTHER_ID, after_s=601.0)
    both = [lost(2), lost(9, sent_at=SENT_AT + 600)]

    assert settled(both, {2: [early, late], 9: [early, late]}) == [
        Settled(2, workflow_id=ID),
        Settled(9, workflow_id=OTHER_ID),
    ]


def test_a_workflow_that_a_request_held_up_on_its_way_may_have_started_is_not_given_to_another_row() -> None:
    """Row 2's request may have waited somewhere for ten minutes: then the workflow is its own."""
    late = running(after_s=601.0)
    later = lost(9, sent_at=SENT_AT + 600)
    reason = f"the running workflow {ID} fits more than one row"

    assert settled([lost(2), later], {2: [late], 9: [late]}) == [
        Settled(2, reason=LISTS_NONE),
        Settled(9, reason=reason),
    ]
    alone = settle([later], {9: [late]}, rivals=[lost(2)], owned=(), user_id=USER, portal_ahead_s=0.0)
    assert alone == [Settled(9, reason=reason)]


def test_each_row_is_settled_by_itself_and_in_its_order() -> None:
    rows = [lost(5, number=5), lost(3, number=3), lost(4, number=4)]
    listed = {3: [running("id of 3", number=3)], 5: [running("id of 5", number=5)], 4: []}

    assert settled(rows, listed) == [
        Settled(5, workflow_id="id of 5"),
        Settled(3, workflow_id="id of 3"),
        Settled(4, reason=LISTS_NONE),
    ]


@given(
    st.lists(st.tuples(st.integers(1, 3), st.integers(0, 200)), min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(1, 3), st.integers(-20, 300), st.integers(1, 2)), max_size=6),
    st.sets(st.integers(0, 5)),
)
def test_whatever_the_portal_lists_a_workflow_goes_to_one_row_at_most_and_every_row_has_an_id_or_a_reason(
    rows: list[tuple[int, int]], workflows: list[tuple[int, int, int]], owned: set[int]
) -> None:
    listed = [
        replace(running(f"id {place}", after_s=after_s, number=number), started_by=user)
        for place, (number, after_s, user) in enumerate(workflows)
    ]
    lost_rows = [lost(place, sent_at=SENT_AT + at, number=number) for place, (number, at) in enumerate(rows)]
    all_owned = [f"id {place}" for place in owned]

    found = settled(lost_rows, {row.row_number: listed for row in lost_rows}, owned=all_owned)

    assert [one.row_number for one in found] == [row.row_number for row in lost_rows]
    given_ids = [one.workflow_id for one in found if one.workflow_id]
    assert len(given_ids) == len(set(given_ids))
    assert not set(given_ids) & set(all_owned)
    for one, row in zip(found, lost_rows, strict=True):
        assert bool(one.workflow_id) != bool(one.reason)
        if one.workflow_id:
            [workflow] = [workflow for workflow in listed if workflow.workflow_id == one.workflow_id]
            assert workflow.element_id == row.document.element_id
            assert workflow.started_by == USER


# The answer to a batch of questions.


def test_a_batch_of_questions_gives_results_and_totals_by_command() -> None:
    body = batch_body({"r2": [{"ID": ID}], "r3": []})
    body["result"]["result_total"] = {"r2": 1, "r3": 0}

    assert answers_of_batch(body) == ({"r2": [{"ID": ID}], "r3": []}, {"r2": 1, "r3": 0})


def test_a_question_that_was_refused_or_left_out_has_no_answer_and_the_others_have_theirs() -> None:
    body = batch_body({"r2": []}, {"r3": error("QUERY_LIMIT_EXCEEDED")})

    assert answers_of_batch(body) == ({"r2": []}, {})


@pytest.mark.parametrize(
    "result",
    [
        None,
        [],
        "",
        True,
        {},
        {"result": None},
        {"result": []},
        {"result": [["first"], ["second"]]},
        {"result": "r2"},
        {"result": [], "result_total": [3]},
    ],
)
def test_an_answer_of_another_shape_answers_nothing_and_breaks_nothing(result: object) -> None:
    assert answers_of_batch({"result": result}) == ({}, {})


def test_an_answer_without_a_result_answers_nothing() -> None:
    assert answers_of_batch({}) == ({}, {})
