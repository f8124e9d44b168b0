"""The faults at which other clients start rows twice or lose what they started.

200 rows, one fault on the second request, on real sockets; what the simulator really started is the judge.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from launcher.core.model import State
from launcher.core.summary import Exit
from launcher.ledger import open_ledger
from launcher.portal import client
from launcher.simulator import Settings, Simulator
from tests.support.runs import Runs

ROWS = [(str(3 * number), f"Manager {number}") for number in range(1, 201)]
DOCUMENTS = sorted(f"LEAD_{number}" for number, _ in ROWS)


@pytest.fixture
async def portal() -> AsyncIterator[Simulator]:
    async with Simulator(Settings(burst=0)) as simulator:
        yield simulator


@pytest.fixture
async def run(portal: Simulator, tmp_path: Path) -> AsyncIterator[Runs]:
    async with open_ledger(str(tmp_path / "ledger.db")) as ledger:
        yield Runs(ledger, portal, tmp_path)


def ids_are_true(run: Runs, portal: Simulator) -> bool:
    """Whether each row that has a workflow ID has the one that the portal gave to its document."""
    given = {start.document[2]: start.workflow_id for start in portal.started}
    rows = [row for row in run.result_rows() if row["launch_status"] == "started"]
    return all(given[f"LEAD_{row['ID']}"] == row["launch_workflow_id"] for row in rows)


LOST_AFTER = [
    "reset after", "502 after", "504 after", "html after", "cut json after", "cut body after", "close after",
    "empty after", "list after", "null after", "internal error after", "unexpected answer after",
    "core error after", "drop result",
]  # fmt: skip


@pytest.mark.parametrize("fault", LOST_AFTER)
async def test_an_answer_lost_after_the_portal_started_leaves_its_rows_unknown_and_all_others_right(
    run: Runs, portal: Simulator, fault: str
) -> None:
    portal.script(fault, skip=1)

    summary = await run.start_all(ROWS, concurrency=1)

    assert sorted(run.started_documents()) == DOCUMENTS
    assert summary.counts.by_state == {State.STARTED: 150, State.UNKNOWN: 50}
    assert ids_are_true(run, portal)
    assert summary.exit_code is Exit.SOME_UNKNOWN


@pytest.mark.parametrize("fault", ["reset before", "502 before", "504 before", "503 html before"])
async def test_an_answer_lost_before_the_portal_started_looks_the_same_and_is_not_sent_again(
    run: Runs, portal: Simulator, fault: str
) -> None:
    portal.script(fault, skip=1)

    summary = await run.start_all(ROWS, concurrency=1)

    assert len(portal.started) == len(set(run.started_documents())) == 150
    assert summary.counts.by_state == {State.STARTED: 150, State.UNKNOWN: 50}


async def test_rows_of_a_lost_answer_whose_workflows_run_are_found_at_the_end(
    run: Runs, portal: Simulator
) -> None:
    portal.settings = replace(portal.settings, runs_seconds=float("inf"))
    portal.script("reset after", skip=1)

    summary = await run.start_all(ROWS, concurrency=1)

    assert sorted(run.started_documents()) == DOCUMENTS
    assert summary.counts.by_state == {State.STARTED: 200}
    assert ids_are_true(run, portal)
    assert [row["launch_error_code"] for row in run.result_rows()].count("reconciled") == 50


async def test_a_batch_that_is_cut_in_the_middle_is_unknown_as_a_whole(run: Runs, portal: Simulator) -> None:
    portal.script("reset during", skip=1, commands=20)

    summary = await run.start_all(ROWS, concurrency=1)

    assert len(portal.started) == 170
    assert summary.counts.by_state == {State.STARTED: 150, State.UNKNOWN: 50}


async def test_a_late_answer_is_waited_for(run: Runs, portal: Simulator) -> None:
    """The cloud cuts a request after 60 s; a client that gives up sooner loses what had started."""
    assert client.ANSWER_TIMEOUT_S > 60
    portal.script("slow", skip=1, seconds=0.2)

    summary = await run.start_all(ROWS, concurrency=1)

    assert summary.counts.by_state == {State.STARTED: 200}
    assert ids_are_true(run, portal)


async def test_one_command_of_fifty_that_fails_with_an_empty_code_costs_one_row(
    run: Runs, portal: Simulator
) -> None:
    portal.script("command error", skip=1, index=17, code="", text="Элемент заблокирован")

    summary = await run.start_all(ROWS, concurrency=1)

    assert summary.counts.by_state == {State.STARTED: 199, State.FAILED: 1}
    assert len(portal.started) == 199
    assert [row["launch_error"] for row in run.result_rows() if row["launch_status"] == "failed"] == [
        "Элемент заблокирован"
    ]
    assert ids_are_true(run, portal)


async def test_the_operating_limit_from_a_command_on_is_waited_for_and_all_rows_start(
    run: Runs, portal: Simulator
) -> None:
    portal.script("operating limit from", skip=1, index=20)

    summary = await run.start_all(ROWS, concurrency=1)

    assert summary.counts.by_state == {State.STARTED: 200}
    assert sorted(run.started_documents()) == DOCUMENTS
    assert ids_are_true(run, portal)


async def test_a_portal_that_moved_is_followed_and_each_row_starts_once(run: Runs, portal: Simulator) -> None:
    async with Simulator(Settings(burst=0)) as new:
        portal.script("moved", skip=1, times=None, location=new.url)

        summary = await run.start_all(ROWS, concurrency=1)

        assert summary.counts.by_state == {State.STARTED: 200}
        started = [start.document[2] for one in (portal, new) for start in one.started]
        assert sorted(started) == DOCUMENTS
        assert (len(portal.started), len(new.started)) == (1, 199)


@pytest.mark.parametrize("fault", ["drop key", "number id", "empty id", "both maps"])
async def test_a_command_whose_answer_cannot_be_understood_is_unknown_and_its_neighbours_are_right(
    run: Runs, portal: Simulator, fault: str
) -> None:
    portal.script(fault, skip=1, index=17)

    summary = await run.start_all(ROWS, concurrency=1)

    assert summary.counts.by_state == {State.STARTED: 199, State.UNKNOWN: 1}
    assert sorted(run.started_documents()) == DOCUMENTS
    assert ids_are_true(run, portal)


async def test_one_id_for_two_rows_makes_both_unknown(run: Runs, portal: Simulator) -> None:
    portal.script("id twice", skip=1, index=3, other=9)

    summary = await run.start_all(ROWS, concurrency=1)

    assert summary.counts.by_state == {State.STARTED: 198, State.UNKNOWN: 2}
    assert ids_are_true(run, portal)


STOPPING = [
    "no auth", "portal deleted", "access denied", "insufficient scope", "overload", "expired token",
    "https required",
]  # fmt: skip


@pytest.mark.parametrize("fault", STOPPING)
async def test_a_refusal_of_the_run_as_a_whole_stops_it_blames_no_row_and_says_what_to_mend(
    run: Runs, portal: Simulator, fault: str
) -> None:
    portal.script(fault, skip=1, times=None)

    summary = await run.start_all(ROWS, concurrency=1)

    assert summary.counts.by_state == {State.STARTED: 1, State.PENDING: 199}
    assert summary.exit_code is Exit.STOPPED
    assert len(summary.stopped_because.split()) > 4
    assert len(portal.requests) == 2


async def test_many_workers_and_many_faults_start_nothing_twice(run: Runs, portal: Simulator) -> None:
    portal.script([*LOST_AFTER, "reset before", "502 before"], times=None, rate=0.15, seed=5)

    summary = await run.start_all([(str(number), "x") for number in range(1, 801)], concurrency=6)

    assert len(run.started_documents()) == len(set(run.started_documents()))
    assert summary.counts[State.PENDING] == 0
    assert ids_are_true(run, portal)
