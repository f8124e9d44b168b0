"""A run from file to results, on real sockets; the simulator's list of what it started is the judge."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from launcher.core.columns import Condition
from launcher.core.job import JobSpec
from launcher.core.model import State
from launcher.core.pacing.limits import Limits
from launcher.core.plan import START
from launcher.core.sources import FromColumn
from launcher.core.summary import Ending, Exit
from launcher.ledger import open_ledger
from launcher.portal.access import parse_webhook
from launcher.simulator import Settings, Simulator
from tests.support import ports
from tests.support.raw_portal import RawPortal, Request, raw_portal
from tests.support.runs import LEADS, Runs


@pytest.fixture
async def portal() -> AsyncIterator[Simulator]:
    """A portal without a rate limit."""
    async with Simulator(Settings(burst=0)) as simulator:
        yield simulator


@pytest.fixture
async def run(portal: Simulator, tmp_path: Path) -> AsyncIterator[Runs]:
    async with open_ledger(str(tmp_path / "ledger.db")) as ledger:
        yield Runs(ledger, portal, tmp_path)


def leads(count: int) -> list[tuple[str, str]]:
    """Rows whose ID is not their place, so that a shift by one row shows."""
    return [(str(7 * number + 3), f"Manager {number % 5}") for number in range(1, count + 1)]


def truth(portal: Simulator) -> dict[str, str]:
    """Document → the workflow that the portal really started on it."""
    return {start.document[2]: start.workflow_id for start in portal.started}


async def test_progress_counts_no_row_as_started_whose_id_another_row_got(run: Runs) -> None:
    def confuse(portal: RawPortal, request: Request) -> bytes:
        answer = portal.execute(request)
        for document, workflow in portal.started:
            if document == "LEAD_710":
                answer = answer.replace(workflow.encode(), portal.started[0][1].encode())
        return answer

    async with raw_portal(confuse) as portal:
        summary = await run.start_all(leads(120), access=parse_webhook(portal.webhook_url))

    assert summary.counts.by_state == {State.STARTED: 118, State.UNKNOWN: 2}
    assert {state: count for state, count in run.progress.settled.items() if count} == summary.counts.by_state


@pytest.mark.parametrize("count", [1, 50, 51, 101, 2501])
async def test_each_row_has_the_workflow_that_the_portal_gave_to_its_document(
    run: Runs, portal: Simulator, count: int
) -> None:
    """Batches finish out of order, and rows fail at random places in them."""
    dice = random.Random(count)
    rows = leads(count)
    refused = {f"LEAD_{number}": "Нет прав на запуск" for number, _ in rows if dice.random() < 0.1}
    portal.settings = replace(portal.settings, refused=refused)
    portal.script("slow", times=None, rate=0.3, seed=count, seconds=0.02)

    summary = await run.start_all(rows, concurrency=6)

    given = truth(portal)
    assert len(portal.started) == len(given) == count - len(refused)
    for (number, _), row in zip(rows, run.result_rows(), strict=True):
        document = f"LEAD_{number}"
        assert row["ID"] == number
        if document in refused:
            assert (row["launch_status"], row["launch_workflow_id"]) == ("failed", "")
            assert (row["launch_error_code"], row["launch_error"]) == ("", "Нет прав на запуск")
        else:
            assert (row["launch_status"], row["launch_workflow_id"]) == ("started", given[document])
    assert summary.counts[State.STARTED] == len(given)
    # More where the last rows are shared out.
    assert summary.requests == len(portal.requests) >= 1 + -(-(count - 1) // 50)


async def test_the_parameters_arrive_as_the_person_wrote_them(run: Runs, portal: Simulator) -> None:
    cells = ["Анна «О'Нил» & Co; 50%+", "a=b&c[d]=e", "две\nстроки", "  пробелы  ", "007", "1e5", "😀", ""]
    await run.start_all([(str(number), cell) for number, cell in enumerate(cells, start=1)])

    assert [start.parameters["Parameter1"] for start in portal.started] == cells


async def test_a_wrong_webhook_costs_one_call_and_blames_no_row(run: Runs, portal: Simulator) -> None:
    portal.script("no auth", times=None)

    summary = await run.start_all(leads(500))

    assert len(portal.requests) == 1
    assert summary.counts.by_state == {State.PENDING: 500}
    assert (summary.ending, summary.exit_code) == (Ending.STOPPED, Exit.STOPPED)
    assert "make a new one" in summary.stopped_because


async def test_nothing_follows_the_first_row_until_the_portal_has_accepted_or_refused_it(
    run: Runs, portal: Simulator
) -> None:
    portal.script("query limit", times=2)
    portal.settings = replace(portal.settings, refused={"LEAD_10": "нет"})

    await run.start_all(leads(60), limits=Limits(burst=500, per_second=500, operating_seconds=0))

    # The first row was refused, so what a start takes is not known before the fourth request.
    assert [request.commands for request in portal.requests] == [1, 1, 1, 4, 50, 5]


async def test_a_cell_that_a_batch_would_change_goes_alone(run: Runs, portal: Simulator) -> None:
    rows = [
        *leads(3),
        ("900", "$result[r2][ID] и $RESULT[r3]"),
        *[(str(number), "x") for number in range(901, 930)],
    ]

    await run.start_all(rows)

    by_document = {start.document[2]: start for start in portal.started}
    assert by_document["LEAD_900"].parameters["Parameter1"] == "$result[r2][ID] и $RESULT[r3]"
    assert by_document["LEAD_900"].key is None
    assert len(portal.started) == len(rows)


async def test_a_lost_answer_is_unknown_and_is_not_sent_again(run: Runs, portal: Simulator) -> None:
    """The portal did start the workflows; we did not hear it. One start each, no more."""
    portal.script("reset after", skip=1)

    summary = await run.start_all(leads(201), concurrency=1)

    assert sorted(run.started_documents()) == sorted(f"LEAD_{number}" for number, _ in leads(201))
    assert summary.counts.by_state == {State.STARTED: 151, State.UNKNOWN: 50}
    assert summary.exit_code is Exit.SOME_UNKNOWN


async def test_after_a_lost_answer_one_row_goes_alone_and_then_batches_grow(
    run: Runs, portal: Simulator
) -> None:
    portal.script("502 after", skip=1)

    await run.start_all(leads(101), concurrency=1)

    starting = [request.commands for request in portal.requests if request.started]
    assert starting == [1, 50, 1, 2, 4, 8, 16, 19]


async def test_a_refusal_for_the_rate_limit_makes_all_wait_and_loses_nothing(
    run: Runs, portal: Simulator
) -> None:
    portal.script("query limit", skip=2, times=2)

    summary = await run.start_all(
        leads(300), limits=Limits(burst=1000, per_second=1000, operating_seconds=0), concurrency=2
    )

    assert summary.counts.by_state == {State.STARTED: 300}
    assert len(portal.started) == 300
    assert [request.code for request in portal.requests].count("QUERY_LIMIT_EXCEEDED") == 2


async def test_rows_refused_for_want_of_operating_time_are_sent_again(run: Runs, portal: Simulator) -> None:
    portal.script("operating limit from", skip=1, index=20)

    summary = await run.start_all(leads(101), concurrency=1)

    assert summary.counts.by_state == {State.STARTED: 101}
    assert len(portal.started) == 101
    assert max(int(row["launch_attempts"]) for row in run.result_rows()) == 2


async def test_a_portal_that_cannot_be_reached_stops_the_run_in_time_and_nothing_is_lost(
    run: Runs, portal: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.support.runs.Rules", lambda **rules: _impatient(rules))

    with ports.kept() as port:
        gone = parse_webhook(f"http://127.0.0.1:{port}/rest/1/{portal.settings.secret}/")
        summary = await run.start_all(leads(60), access=gone)

    assert summary.ending is Ending.STOPPED
    assert "no connection" in summary.stopped_because
    assert summary.counts.by_state == {State.DEFERRED: 1, State.PENDING: 59}


def _impatient(rules: dict[str, object]) -> object:
    from launcher.engine.executor import Rules

    return Rules(**{**rules, "give_up_after_s": 0.1})  # type: ignore[arg-type]


async def test_what_an_earlier_run_started_is_skipped_and_says_where(run: Runs, portal: Simulator) -> None:
    await run.start_all(leads(60))
    summary = await run.start_all(leads(61))

    assert len(portal.started) == 61
    assert summary.counts.by_state == {State.SKIPPED: 60, State.STARTED: 1}
    assert run.result_rows()[0]["launch_error"].startswith("started 20")
    assert "in run r1, row 2, as " + portal.started[0].workflow_id in run.result_rows()[0]["launch_error"]
    assert summary.exit_code is Exit.ALL_STARTED


async def test_a_job_that_is_meant_to_repeat_starts_anew(run: Runs, portal: Simulator) -> None:
    weekly = replace(LEADS, started_before=START)
    await run.start_all(leads(10), job=weekly)
    await run.start_all(leads(10), job=weekly)

    assert len(portal.started) == 20


async def test_duplicates_in_one_file_start_once(run: Runs, portal: Simulator) -> None:
    """Bitrix24's export repeats a deal for each of its products."""
    summary = await run.start_all([("5", "A"), ("5", "A"), ("6", "A"), ("5", "A")])

    assert run.started_documents() == ["LEAD_5", "LEAD_6"]
    assert [row["launch_error"] for row in run.result_rows()] == [
        "",
        "the same as row 2",
        "",
        "the same as row 2",
    ]
    assert summary.counts[State.SKIPPED] == 2


async def test_a_limit_starts_so_many_and_the_next_run_starts_the_rest(run: Runs, portal: Simulator) -> None:
    summary = await run.start_all(leads(120), job=replace(LEADS, limit=5))
    assert (len(portal.started), summary.exit_code) == (5, Exit.ALL_STARTED)
    assert len(run.result_rows()) == 120

    await run.start_all(leads(120))
    assert len(portal.started) == 120


async def test_rows_without_a_usable_id_are_invalid_and_the_others_start(run: Runs, portal: Simulator) -> None:
    summary = await run.start_all([("", "A"), ("abc", "A"), ("DEAL_7", "A"), (" LEAD_8 ", "A"), ("9", "A")])

    assert run.started_documents() == ["LEAD_8", "LEAD_9"]
    assert [row["launch_status"] for row in run.result_rows()] == ["invalid"] * 3 + ["started"] * 2
    assert summary.exit_code is Exit.SOME_NOT_STARTED


async def test_a_parameter_may_be_fixed_or_come_from_a_column(run: Runs, portal: Simulator) -> None:
    from launcher.core.sources import Fixed

    job = replace(LEADS, parameters={"Parameter1": FromColumn("Manager"), "Comment": Fixed("сам")})
    await run.start_all([("5", "A")], job=job)

    assert portal.started[0].parameters == {"Parameter1": "A", "Comment": "сам"}


async def test_rows_that_say_their_own_template_start_it_and_a_wrong_one_fails_alone(
    run: Runs, portal: Simulator
) -> None:
    job = replace(
        LEADS, template_id=None, template_column="Manager", template_ids={"All types": 11}, parameters={}
    )

    summary = await run.start_all(
        [("5", "1"), ("6", "999"), ("7", "All types"), ("8", "1"), ("9", "")], job=job
    )

    assert await run.states(1) == {
        2: State.STARTED,
        3: State.FAILED,
        4: State.STARTED,
        5: State.STARTED,
        6: State.INVALID,
    }
    assert {(start.template_id, start.document[2]) for start in portal.started} == {
        (1, "LEAD_5"),
        (11, "LEAD_7"),
        (1, "LEAD_8"),
    }
    assert summary.ending is Ending.FINISHED


async def test_the_ledger_keeps_a_job_whole() -> None:
    job = replace(
        LEADS,
        template_id=None,
        template_column="Template",
        template_ids={"All types": 11},
        kind="",
        kind_column="Kind",
        where=(Condition("Stage", ("New", ""), excluded=True), Condition("Sum", ("5",))),
        limit=3,
    )

    assert JobSpec.from_plan(job.name, json.loads(json.dumps(job.to_plan()))) == job
