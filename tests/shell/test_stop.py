"""Ending a run's workflows: the portal's list of what runs is the judge, and the ledger says the same."""

from __future__ import annotations

import math
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from launcher.core.pacing.limits import Limits, Pacing
from launcher.core.workflows import Termination, Way
from launcher.engine.cancel import CancelToken
from launcher.engine.portal_client import PortalClient
from launcher.engine.workflows import WorkflowTerminator
from launcher.errors import PortalError
from launcher.ledger import Ledger, RunRecord, open_ledger
from launcher.ledger.timeline import StartedWorkflow, StopOutcome, Stops
from launcher.portal.access import parse_webhook
from launcher.portal.client import Portal
from launcher.simulator import Settings, Simulator
from tests.support.runs import NO_LIMITS, Runs


@pytest.fixture
async def portal() -> AsyncIterator[Simulator]:
    """A portal whose workflows run until they are ended."""
    async with Simulator(Settings(burst=0, runs_seconds=math.inf)) as simulator:
        yield simulator


@pytest.fixture
async def run(portal: Simulator, ledger: Ledger, tmp_path: Path) -> Runs:
    return Runs(ledger, portal, tmp_path)


class Stopped:
    """One call of stop in this process."""

    def __init__(self, run: Runs, way: Way = Way.TERMINATE, limits: Limits = NO_LIMITS) -> None:
        self.run, self.way, self.limits = run, way, limits
        self.cancel = CancelToken()
        self.told: list[StopOutcome] = []
        self.running: list[StartedWorkflow] = []

    async def __call__(self, run_id: int = 1) -> dict[str, int]:
        """Stop that run's workflows; how many met which fate."""
        record = await self.run.ledger.run(run_id)
        assert record is not None
        async with Portal(parse_webhook(self.run.simulator.webhook_url)) as portal:
            terminator = WorkflowTerminator(
                stops=Stops(self.run.ledger.database),
                client=PortalClient(portal, Pacing(limits=self.limits)),
                run=record,
                way=self.way,
                cancel=self.cancel,
            )
            self.running = await terminator.still_running(lambda _number: None)
            await terminator.end(self.running, self._note)
        counts = [outcome.fate.value for outcome in self.told]
        return {fate: counts.count(fate) for fate in set(counts)}

    def _note(self, outcomes: Sequence[StopOutcome]) -> None:
        self.told += outcomes


def rows(first: int, last: int) -> list[tuple[str, str]]:
    return [(str(number), "") for number in range(first, last + 1)]


def still_running(portal: Simulator) -> list[str]:
    return [started.document[2] for started in portal.state.workflows.running()]


async def recorded(run: Runs, run_id: int = 1) -> dict[tuple[Way, Termination], int]:
    return dict(await Stops(run.ledger.database).counts(run_id))


@pytest.mark.parametrize("way", Way)
async def test_what_still_runs_of_the_run_is_ended_and_nothing_else(
    run: Runs, portal: Simulator, way: Way
) -> None:
    await run.start_all(rows(1, 120))
    await run.start_all(rows(201, 210))
    portal.state.workflows.end([started.workflow_id for started in portal.started[:30]])

    stopped = Stopped(run, way)
    assert await stopped(1) == {"ended": 90}

    assert len(stopped.running) == 90
    assert still_running(portal) == [f"LEAD_{number}" for number in range(201, 211)]
    assert await recorded(run) == {(way, Termination.ENDED): 90}
    methods = [request.commands for request in portal.requests if request.method == "batch"]
    assert max(methods) == 50


async def test_the_rows_of_a_stopped_run_stay_started(run: Runs, portal: Simulator) -> None:
    await run.start_all(rows(1, 3))
    before = await run.ledger.recorded_rows(1)

    await Stopped(run)()

    assert await run.ledger.recorded_rows(1) == before


async def test_stopping_again_finds_nothing_left_and_asks_about_no_workflow_twice(
    run: Runs, portal: Simulator
) -> None:
    await run.start_all(rows(1, 60))
    await Stopped(run)()
    requests = len(portal.requests)

    assert await Stopped(run)() == {}

    assert len(portal.requests) == requests
    assert await recorded(run) == {(Way.TERMINATE, Termination.ENDED): 60}


async def test_what_cannot_be_ended_is_named_with_the_portals_words_and_the_others_end(
    run: Runs, portal: Simulator
) -> None:
    await run.start_all(rows(1, 60))
    portal.settings = replace(portal.settings, unstoppable={"LEAD_7": "Не получилось", "LEAD_55": "Занят"})

    stopped = Stopped(run)
    assert await stopped() == {"ended": 58, "refused": 2}

    refused = {one.workflow.row_number: one.text for one in stopped.told if one.fate is Termination.REFUSED}
    assert refused == {8: "Не получилось", 56: "Занят"}
    assert still_running(portal) == ["LEAD_7", "LEAD_55"]

    portal.settings = replace(portal.settings, unstoppable={})
    assert await Stopped(run)() == {"ended": 2}
    assert await recorded(run) == {(Way.TERMINATE, Termination.ENDED): 60}


async def test_what_ended_between_the_look_and_the_request_is_gone(run: Runs, portal: Simulator) -> None:
    await run.start_all(rows(1, 5))
    stopped = Stopped(run)
    ask = Stops.ask

    async def ended_meanwhile(*arguments: object) -> None:
        await ask(*arguments)  # type: ignore[arg-type]
        portal.state.workflows.end([started.workflow_id for started in portal.started[:2]])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stops, "ask", ended_meanwhile)
        assert await stopped() == {"ended": 3, "gone": 2}

    assert await recorded(run) == {(Way.TERMINATE, Termination.ENDED): 3, (Way.TERMINATE, Termination.GONE): 2}


@pytest.mark.parametrize("fault", ["reset after", "502 after", "cut json after", "internal error after"])
async def test_a_lost_answer_is_asked_for_again_and_what_it_had_ended_is_gone(
    run: Runs, portal: Simulator, fault: str
) -> None:
    await run.start_all(rows(1, 5))
    portal.script(fault, method="batch", skip=1)

    assert await Stopped(run)() == {"gone": 5}

    assert still_running(portal) == []


async def test_a_limit_is_waited_for_also_where_only_some_commands_meet_it(
    run: Runs, portal: Simulator
) -> None:
    await run.start_all(rows(1, 50))
    portal.script("operating limit from", method="batch", skip=1, index=20)
    portal.script("query limit", method="batch", skip=1)

    assert await Stopped(run)() == {"ended": 50}

    assert still_running(portal) == []


async def test_a_portal_that_refuses_stops_it_and_says_how_to_mend_that(run: Runs, portal: Simulator) -> None:
    await run.start_all(rows(1, 5))
    portal.script("command error", method="batch", skip=1, index=2, code="ACCESS_DENIED", text="Access denied!")

    with pytest.raises(PortalError, match="not an administrator") as raised:
        await Stopped(run)()

    assert raised.value.refused
    assert await recorded(run) == {(Way.TERMINATE, Termination.ENDED): 4, (Way.TERMINATE, Termination.ASKED): 1}
    assert await Stopped(run)() == {"ended": 1}


async def test_what_a_crash_left_asked_for_is_settled_by_the_next_stop(run: Runs, portal: Simulator) -> None:
    """The first process died after its request had left: three were ended, the answer was heard by nobody."""
    await run.start_all(rows(1, 5))
    record = await run.ledger.run(1)
    assert isinstance(record, RunRecord)
    stops = Stops(run.ledger.database)
    await stops.ask(1, await stops.not_over(1), Way.TERMINATE)
    portal.state.workflows.end([started.workflow_id for started in portal.started[:3]])
    assert await recorded(run) == {(Way.TERMINATE, Termination.ASKED): 5}

    assert await Stopped(run)() == {"ended": 2}

    assert await recorded(run) == {(Way.TERMINATE, Termination.ENDED): 2, (Way.TERMINATE, Termination.GONE): 3}


async def test_after_an_interruption_no_further_request_leaves(run: Runs, portal: Simulator) -> None:
    await run.start_all(rows(1, 120))
    stopped = Stopped(run)
    note = stopped._note

    def interrupted(outcomes: Sequence[StopOutcome]) -> None:
        note(outcomes)
        stopped.cancel.cancel("a signal asked for it", stopped.cancel.ending)

    stopped._note = interrupted  # type: ignore[method-assign]
    assert await stopped() == {"ended": 50}

    assert len(still_running(portal)) == 70
    assert await Stopped(run)() == {"ended": 70}


async def test_it_keeps_to_the_portals_rate(tmp_path: Path) -> None:
    """A bucket that is full already: each request waits for its drop, and none is refused."""
    limits = Limits(burst=20, per_second=20, operating_seconds=0)
    async with (
        Simulator(Settings(burst=0, runs_seconds=math.inf)) as portal,
        open_ledger(str(tmp_path / "l.db")) as ledger,
    ):
        run = Runs(ledger, portal, tmp_path)
        await run.start_all(rows(1, 200))
        before, began = len(portal.requests), time.monotonic()
        await Stopped(run, limits=limits)()
        took_s = time.monotonic() - began

    assert len(portal.requests) - before == 8
    assert took_s >= 7 / 20, "twenty a second is all that this bucket drains"
