"""What became of rows whose answers were lost, asked of the portal; its true list of starts is the judge."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from launcher.core.model import State
from launcher.core.summary import Ending, Exit
from launcher.engine.cancel import CancelToken
from launcher.engine.executor import Rules, RunExecutor
from launcher.engine.portal_client import PortalClient
from launcher.engine.progress import Progress
from launcher.ledger import open_ledger
from launcher.messages import wording
from launcher.portal.access import parse_webhook
from launcher.portal.client import Portal
from launcher.simulator import Settings, Simulator, workflows
from launcher.simulator.state import Started
from tests.support.runs import UNPACED, Runs

LISTS_NONE = "the portal lists no running workflow that fits: it has ended, or never started"
LOOK = wording("remedy", "look-at-document")


@pytest.fixture
async def portal() -> AsyncIterator[Simulator]:
    """A portal whose workflows run until they are ended."""
    async with Simulator(Settings(burst=0, runs_seconds=math.inf)) as simulator:
        yield simulator


@pytest.fixture
async def run(portal: Simulator, tmp_path: Path) -> AsyncIterator[Runs]:
    async with open_ledger(str(tmp_path / "ledger.db")) as ledger:
        yield Runs(ledger, portal, tmp_path)


def leads(count: int) -> list[tuple[str, str]]:
    return [(str(7 * number + 3), f"Manager {number % 5}") for number in range(1, count + 1)]


def assert_ids_are_true(run: Runs, portal: Simulator) -> None:
    """Each row that has a workflow ID has that of the workflow started on its document with its values."""
    given = {start.workflow_id: (start.document[2], start.parameters) for start in portal.started}
    for row in run.result_rows():
        assert (row["launch_status"] == "started") == bool(row["launch_workflow_id"])
        if row["launch_workflow_id"]:
            expected = (f"LEAD_{row['ID']}", {"Parameter1": row["Manager"]})
            assert given[row["launch_workflow_id"]] == expected


async def reconcile(run: Runs, portal: Simulator, run_id: int = 1) -> int:
    """Ask the portal about that run's unknown rows, as `launcher reconcile` does."""
    record = await run.ledger.run(run_id)
    assert record is not None
    async with Portal(parse_webhook(portal.webhook_url)) as to_ask:
        client = PortalClient(to_ask, UNPACED)
        executor = RunExecutor(
            run.ledger, client, Rules(), cancel=CancelToken(), progress=Progress(), lease=None
        )
        return await executor.reconcile(record)


async def errors(run: Runs, run_id: int = 1) -> dict[int, tuple[State, str, str]]:
    return {
        row.row_number: (row.state, row.error_code, row.error) for row in await run.ledger.recorded_rows(run_id)
    }


def started_elsewhere(portal: Simulator, number: int, *, ago_s: float = 0.0) -> str:
    """Someone else's workflow of the same template on that lead; its ID."""
    like = portal.state.workflows
    # Not of another second than the last of ours: the portal lists by seconds, the newest first.
    at = portal.started[-1].at - ago_s if portal.started else 0.0
    workflow_id = f"elsewhere.{number}.{len(like.running())}"
    like.add(
        Started(
            workflow_id=workflow_id,
            template_id=1,
            document=("crm", "CCrmDocumentLead", f"LEAD_{number}"),
            parameters={},
            request=0,
            key=None,
            at=at,
            ends_at=math.inf,
        )
    )
    portal.started.pop()  # the list of starts is that of our own
    return workflow_id


async def test_after_a_lost_answer_the_run_goes_on_and_at_its_end_finds_the_rows_running(
    run: Runs, portal: Simulator
) -> None:
    portal.script("reset after", skip=1)

    summary = await run.start_all(leads(120), concurrency=1)

    assert summary.counts.by_state == {State.STARTED: 120}
    assert (summary.ending, summary.exit_code) == (Ending.FINISHED, Exit.ALL_STARTED)
    assert len(run.started_documents()) == len(set(run.started_documents())) == 120
    assert_ids_are_true(run, portal)
    marked = [row for row in run.result_rows() if row["launch_error_code"] == "reconciled"]
    assert len(marked) == 50
    assert {row["launch_error"] for row in marked} == {"its answer was lost; found running in the portal"}
    # All other rows were sent before the portal was asked.
    methods = [request.method for request in portal.requests]
    assert methods.index("profile") == 1 + max(
        place for place, request in enumerate(portal.requests) if request.started
    )


async def test_a_run_without_lost_answers_asks_nothing(run: Runs, portal: Simulator) -> None:
    await run.start_all(leads(60))

    assert {request.method for request in portal.requests} == {"batch"}
    assert len(portal.requests) == 3


async def test_workflows_that_have_ended_leave_their_rows_unknown_and_the_reason_says_that_it_proves_nothing(
    run: Runs, portal: Simulator
) -> None:
    portal.settings = replace(portal.settings, runs_seconds=0.0)
    portal.script("reset after", skip=1)

    summary = await run.start_all(leads(51), concurrency=1)

    assert len(portal.started) == 51
    assert summary.counts.by_state == {State.STARTED: 1, State.UNKNOWN: 50}
    assert summary.exit_code is Exit.SOME_UNKNOWN
    unknown = [row for row in run.result_rows() if row["launch_status"] == "unknown"]
    assert {row["launch_error"] for row in unknown} == {f"{LISTS_NONE} ({LOOK})"}
    assert {row["launch_error_code"] for row in unknown} <= {"ServerDisconnectedError", "ClientOSError"}


async def test_rows_that_never_started_stay_unknown_and_are_not_sent_again(
    run: Runs, portal: Simulator
) -> None:
    portal.script("reset before", skip=1)

    summary = await run.start_all(leads(51), concurrency=1)

    assert len(portal.started) == 1
    assert summary.counts.by_state == {State.STARTED: 1, State.UNKNOWN: 50}


async def test_of_a_batch_that_was_cut_in_the_middle_those_that_started_are_found(
    run: Runs, portal: Simulator
) -> None:
    portal.script("reset during", skip=1, commands=20)

    summary = await run.start_all(leads(51), concurrency=1)

    assert summary.counts.by_state == {State.STARTED: 21, State.UNKNOWN: 30}
    assert_ids_are_true(run, portal)


@pytest.mark.parametrize("clock_offset_s", [3 * 3600.0, -3 * 3600.0])
async def test_a_portal_whose_clock_is_hours_off_is_asked_by_its_own_clock(
    run: Runs, portal: Simulator, clock_offset_s: float
) -> None:
    portal.settings = replace(portal.settings, clock_offset_seconds=clock_offset_s, utc_offset_hours=5.5)
    portal.script("reset after", skip=1)

    summary = await run.start_all(leads(51), concurrency=1)

    assert summary.counts.by_state == {State.STARTED: 51}
    assert_ids_are_true(run, portal)


async def test_workflows_of_another_user_are_not_taken(
    run: Runs, portal: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    show = workflows._instance

    def of_another_user(*args: object) -> dict[str, object]:
        return show(*args) | {"STARTED_BY": 2}  # type: ignore[arg-type]

    portal.script("reset after", skip=1)
    monkeypatch.setattr(workflows, "_instance", of_another_user)

    summary = await run.start_all(leads(51), concurrency=1)

    assert summary.counts.by_state == {State.STARTED: 1, State.UNKNOWN: 50}


@pytest.mark.parametrize("told", [{"STARTED_BY": 0}, {"STARTED_BY": None}, {}], ids=str)
async def test_a_workflow_of_which_no_starter_is_told_is_named(
    run: Runs, portal: Simulator, monkeypatch: pytest.MonkeyPatch, told: dict[str, object]
) -> None:
    show = workflows._shown

    def without_starter(*args: object) -> dict[str, object]:
        row = show(*args)  # type: ignore[arg-type]
        row.pop("STARTED_BY", None)
        return row | told

    portal.script("reset after", skip=1)
    monkeypatch.setattr(workflows, "_shown", without_starter)

    summary = await run.start_all(leads(3), concurrency=1)

    assert summary.counts.by_state == {State.STARTED: 1, State.UNKNOWN: 2}
    assert [
        row["launch_error"].count(start.workflow_id)
        for row, start in zip(run.result_rows(), portal.started, strict=True)
    ] == [0, 1, 1]


async def test_workflows_that_ran_before_on_the_same_documents_are_not_taken(
    run: Runs, portal: Simulator
) -> None:
    await run.start_all([("900", "first")])
    for number, _ in leads(51):
        started_elsewhere(portal, int(number), ago_s=600)
    portal.script("reset during", skip=1, commands=20)

    summary = await run.start_all(leads(51), concurrency=1)

    assert summary.counts.by_state == {State.STARTED: 21, State.UNKNOWN: 30}
    assert_ids_are_true(run, portal)


async def test_a_workflow_that_another_row_of_the_ledger_owns_is_not_taken(
    run: Runs, portal: Simulator
) -> None:
    """Two rows on one lead: the first started and was heard, the second never reached the portal."""
    portal.script("reset before", skip=1)

    summary = await run.start_all([("5", "Anna"), ("5", "Boris")], concurrency=1)

    assert len(portal.started) == 1
    assert summary.counts.by_state == {State.STARTED: 1, State.UNKNOWN: 1}
    assert_ids_are_true(run, portal)


async def test_two_lost_rows_on_one_document_are_not_told_apart(run: Runs, portal: Simulator) -> None:
    portal.script("reset during", skip=1, commands=1)

    summary = await run.start_all([("1", "x"), ("5", "Anna"), ("5", "Boris")], concurrency=1)

    assert run.started_documents() == ["LEAD_1", "LEAD_5"]
    assert summary.counts.by_state == {State.STARTED: 1, State.UNKNOWN: 2}
    reason = f"the running workflow {portal.started[1].workflow_id} fits more than one row"
    assert [row["launch_error"] for row in run.result_rows()] == [
        "",
        f"{reason} ({LOOK})",
        f"{reason} ({LOOK})",
    ]


async def test_of_two_workflows_that_fit_none_is_taken(run: Runs, portal: Simulator) -> None:
    portal.script("no auth", method="profile")
    portal.script("reset after", skip=1)
    await run.start_all(leads(2), concurrency=1)
    elsewhere = started_elsewhere(portal, 17)

    assert await reconcile(run, portal) == 0
    state, _, reason = (await errors(run))[3]
    assert (state, reason) == (
        State.UNKNOWN,
        f"2 running workflows fit: {portal.started[1].workflow_id}, {elsewhere}",
    )


async def test_a_document_with_more_workflows_than_the_portal_lists_at_once_is_left_unknown(
    run: Runs, portal: Simulator
) -> None:
    await run.start_all([("900", "first")])
    for _ in range(50):
        started_elsewhere(portal, 10, ago_s=600)
    portal.script("reset after")

    summary = await run.start_all(leads(1), concurrency=1)

    assert summary.counts.by_state == {State.UNKNOWN: 1}
    assert run.result_rows()[0]["launch_error"] == (
        f"51 workflows run on its document, more than can be told apart ({LOOK})"
    )


async def test_more_lost_rows_than_one_batch_of_questions_holds_are_all_settled(
    run: Runs, portal: Simulator
) -> None:
    # Requests hold 1, 50 (lost), 1, 2, 4, 8, 16, 32, 50 (lost), 1, 2 and 4 rows.
    portal.script("reset after", skip=1)
    portal.script("502 after", skip=7)

    summary = await run.start_all(leads(171), concurrency=1)

    assert summary.counts.by_state == {State.STARTED: 171}
    assert [row["launch_error_code"] for row in run.result_rows()].count("reconciled") == 100
    assert_ids_are_true(run, portal)
    asking = portal.requests[-4:]
    assert [(request.method, request.commands) for request in asking] == [
        ("profile", 1),
        ("server.time", 1),
        ("batch", 50),
        ("batch", 50),
    ]


REFUSALS = ["insufficient scope"]
LOSSES = ["reset before", "cut json after"]


@pytest.mark.parametrize("fault", [*REFUSALS, *LOSSES])
@pytest.mark.parametrize("method", ["profile", "server.time"])
async def test_a_portal_that_does_not_answer_leaves_the_rows_unknown_and_the_run_finished(
    run: Runs, portal: Simulator, method: str, fault: str
) -> None:
    portal.script("reset after", skip=1)
    portal.script(fault, method=method, times=None)

    summary = await run.start_all(leads(10), concurrency=1)

    assert summary.counts.by_state == {State.STARTED: 1, State.UNKNOWN: 9}
    assert (summary.ending, summary.exit_code) == (Ending.FINISHED, Exit.SOME_UNKNOWN)
    asked = [request for request in portal.requests if request.method == method]
    assert len(asked) == (1 if fault in REFUSALS else 4)


async def test_a_question_that_is_lost_is_asked_again(run: Runs, portal: Simulator) -> None:
    portal.script("reset after", skip=1)
    portal.script("reset before", method="profile")
    portal.script("query limit", method="server.time")

    summary = await run.start_all(leads(10), concurrency=1)

    assert summary.counts.by_state == {State.STARTED: 10}
    assert_ids_are_true(run, portal)


async def test_what_was_settled_before_the_portal_fell_silent_stays_and_the_rest_is_settled_later(
    run: Runs, portal: Simulator
) -> None:
    portal.script("reset after", skip=1)
    portal.script("502 after", skip=7)
    # Of the batches, these are the two that ask: the second is refused.
    portal.script("no auth", method="batch", skip=11)

    summary = await run.start_all(leads(171), concurrency=1)
    assert summary.counts.by_state == {State.STARTED: 121, State.UNKNOWN: 50}
    assert summary.ending is Ending.FINISHED

    assert await reconcile(run, portal) == 50
    assert set((await run.states(1)).values()) == {State.STARTED}
    assert len(portal.started) == 171


async def test_a_question_about_one_row_that_is_refused_leaves_that_row_unknown(
    run: Runs, portal: Simulator
) -> None:
    portal.script("no auth", method="profile")
    portal.script("reset after", skip=1)
    await run.start_all(leads(12), concurrency=1)
    assert list((await run.states(1)).values()).count(State.UNKNOWN) == 11
    portal.script("command error", method="batch", index=4, code="", text="нет")

    assert await reconcile(run, portal) == 10

    unknown = [one for one in (await errors(run)).values() if one[0] is State.UNKNOWN]
    assert [reason for _, _, reason in unknown] == [
        "the portal did not say which workflows run on its document"
    ]


async def test_a_run_that_was_stopped_does_not_ask(run: Runs, portal: Simulator) -> None:
    """The portal refuses everything by now, or a person wants it to end."""
    portal.script("reset after", skip=1)
    portal.script("overload", skip=1, times=None)

    summary = await run.start_all(leads(60), concurrency=1)

    assert summary.counts.by_state == {State.STARTED: 1, State.UNKNOWN: 50, State.PENDING: 9}
    assert "profile" not in {request.method for request in portal.requests}


async def test_reconciling_starts_nothing_and_touches_no_other_row(run: Runs, portal: Simulator) -> None:
    portal.settings = replace(portal.settings, refused={"LEAD_10": "нет"})
    portal.script("no auth", method="profile")
    portal.script("reset after", skip=1)
    await run.start_all([*leads(3), ("", "blank"), leads(2)[1]], concurrency=1)
    before = {row.row_number: row for row in await run.ledger.recorded_rows(1)}

    await reconcile(run, portal)

    after = {row.row_number: row for row in await run.ledger.recorded_rows(1)}
    changed = [number for number in before if before[number] != after[number]]
    assert [before[number].state for number in changed] == [State.UNKNOWN] * 2
    assert [after[number].state for number in changed] == [State.STARTED] * 2
    assert len(portal.started) == 2
    assert await run.ledger.requests(1) == 2
