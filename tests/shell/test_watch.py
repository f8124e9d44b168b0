"""Watching a run's workflows until none of them runs any more."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from launcher.core.workflows import Termination, Watched, Way
from launcher.engine.portal_client import PortalClient
from launcher.engine.workflows import Watcher
from launcher.errors import PortalError
from launcher.ledger import hold_portal, open_ledger
from launcher.ledger.timeline import StopOutcome, Stops
from launcher.portal.access import parse_webhook
from launcher.portal.client import Portal
from launcher.simulator import Settings, Simulator
from tests.support.clocks import LoopClock
from tests.support.runs import UNPACED, Runs

ROWS = [(str(number), "") for number in range(1, 121)]


@pytest.fixture
async def portal() -> AsyncIterator[Simulator]:
    async with Simulator(Settings(burst=0, runs_seconds=math.inf)) as simulator:
        yield simulator


@pytest.fixture
async def run(portal: Simulator, tmp_path: Path) -> AsyncIterator[Runs]:
    async with open_ledger(str(tmp_path / "ledger.db")) as ledger:
        yield Runs(ledger, portal, tmp_path)


@pytest.fixture
async def watcher(run: Runs, portal: Simulator) -> AsyncIterator[Watcher]:
    """Of a run of 120 rows."""
    await run.start_all(ROWS)
    record = await run.ledger.run(1)
    assert record is not None
    async with Portal(parse_webhook(portal.webhook_url)) as to_ask:
        yield Watcher(ledger=run.ledger, client=PortalClient(to_ask, UNPACED), run=record, every_s=0.01)


def end(portal: Simulator, first: int, last: int) -> None:
    portal.state.workflows.end([started.workflow_id for started in portal.started[first:last]])


async def test_it_counts_down_until_none_runs_and_then_ends(watcher: Watcher, portal: Simulator) -> None:
    seen = []
    async for each in watcher.watch():
        assert isinstance(each, Watched)
        seen.append(each.running)
        end(portal, 40 * (len(seen) - 1), 40 * len(seen))

    assert seen == [120, 80, 40, 0]


async def test_what_has_ended_is_not_asked_about_again(watcher: Watcher, portal: Simulator) -> None:
    await watcher.look()
    end(portal, 0, 100)
    await watcher.look()
    before = len(portal.requests)

    assert await watcher.look() == Watched(120, 20)

    assert [request.commands for request in portal.requests[before:]] == [20]


async def test_what_was_stopped_is_not_asked_about(watcher: Watcher, run: Runs, portal: Simulator) -> None:
    stops = Stops(run.ledger.database)
    one = (await stops.not_over(1))[:1]
    await stops.ask(1, one, Way.KILL)
    assert (await watcher.look()).running == 120, "it was to be ended, and may run all the same"
    await stops.settle(1, [StopOutcome(one[0], Termination.ENDED)])
    before = len(portal.requests)

    assert (await watcher.look()).running == 119

    assert sum(request.commands for request in portal.requests[before:]) == 119


async def test_a_stuck_workflow_is_named_by_row_whatever_the_portals_clock_says(
    watcher: Watcher, portal: Simulator
) -> None:
    portal.settings = replace(
        portal.settings, clock_offset_seconds=7200, locked={"LEAD_5": 330, "LEAD_6": 200, "LEAD_7": -60}
    )

    seen = await watcher.look()

    assert (seen.running, seen.stuck) == (120, ((6, portal.started[4].workflow_id),))


async def test_it_ends_when_its_time_is_over(watcher: Watcher, monkeypatch: pytest.MonkeyPatch) -> None:
    watcher.timeout_s = 3600
    clock, seen = LoopClock(monkeypatch), []
    async for each in watcher.watch():
        seen.append(each)
        assert len(seen) <= 2, "it goes on though its time is over"
        if len(seen) == 2:
            clock.put_forward(3600)

    assert seen == [Watched(120, 120)] * 2


async def test_a_portal_that_does_not_answer_for_a_while_is_asked_again(
    watcher: Watcher, portal: Simulator
) -> None:
    portal.script("502 before", times=4)
    seen = []
    async for each in watcher.watch():
        seen.append(each)
        end(portal, 0, 120)

    assert isinstance(seen[0], PortalError)
    assert seen[1:] == [Watched(120, 0)]


async def test_it_gives_up_when_the_portal_has_not_answered_for_too_long(
    watcher: Watcher, portal: Simulator
) -> None:
    portal.script("502 before", times=None)
    watcher.give_up_after_s = 0

    with pytest.raises(PortalError, match="lost"):
        async for _ in watcher.watch():
            pass


@pytest.mark.parametrize("fault", ["drop key", "both maps", "command error"])
async def test_a_question_that_was_not_answered_is_asked_again_alone(
    watcher: Watcher, portal: Simulator, fault: str
) -> None:
    """No answer, or an answer and an error at once, does not say that the workflow has ended."""
    before = len(portal.requests)
    portal.script(fault, method="batch", index=3)

    assert await watcher.look() == Watched(120, 120)

    batches = [request.commands for request in portal.requests[before:] if request.method == "batch"]
    assert batches == [50, 1, 50, 20]


async def test_a_refusal_ends_it_at_once_with_its_mend(watcher: Watcher, portal: Simulator) -> None:
    portal.settings = replace(portal.settings, admin=False)

    with pytest.raises(PortalError, match="not an administrator") as raised:
        async for _ in watcher.watch():
            pass

    assert raised.value.refused


async def test_while_the_run_still_goes_on_it_waits_for_more(
    watcher: Watcher, run: Runs, portal: Simulator
) -> None:
    end(portal, 0, 120)
    async with hold_portal(run.ledger, watcher.run.portal):
        await run.ledger.resumed(1)
        async with aclosing(watcher.watch()) as looks:  # type: ignore[type-var]
            assert await anext(looks) == Watched(120, 0)
            assert await anext(looks) == Watched(120, 0)
    assert [each async for each in watcher.watch()] == [Watched(120, 0)]
