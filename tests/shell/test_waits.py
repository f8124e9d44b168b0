"""What a run waits for is in the ledger afterwards; and no ledger's refusal of it can hurt a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from launcher.core.pacing.limits import Limits
from launcher.core.summary import Ending
from launcher.core.timeline import PACED, Wait
from launcher.engine.progress import Waits
from launcher.ledger import Ledger, LedgerError
from launcher.simulator import Simulator
from tests.support.runs import Runs

ROWS = [(str(number), "Anna") for number in range(1, 131)]


@pytest.fixture
def runs(ledger: Ledger, simulator: Simulator, tmp_path: Path) -> Runs:
    return Runs(ledger, simulator, tmp_path)


async def test_waits_for_a_limit_and_for_a_lost_answer_are_recorded(runs: Runs, simulator: Simulator) -> None:
    simulator.script("query limit", skip=1)
    simulator.script("502 after", skip=1)

    await runs.start_all(ROWS, concurrency=1)

    waits = await runs.ledger.waits(1)
    assert [wait.reason for wait in waits] == ["rate limit", "the portal's answer was lost"]
    assert all(0.01 < wait.seconds < 1 for wait in waits)
    assert waits[0].ended_at <= waits[1].began_at


async def test_being_held_to_the_rate_is_recorded_as_pacing(runs: Runs) -> None:
    await runs.start_all(ROWS, limits=Limits(burst=2, per_second=20, operating_seconds=0))

    waits = await runs.ledger.waits(1)
    assert {wait.reason for wait in waits} == {PACED}
    assert sum(wait.seconds for wait in waits) > 0.05


async def test_a_run_without_limits_waits_for_nothing(runs: Runs) -> None:
    await runs.start_all(ROWS)

    assert await runs.ledger.waits(1) == []


async def test_a_run_goes_its_way_where_its_waits_cannot_be_recorded(
    runs: Runs, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(self: Ledger, run_id: int, new: object) -> None:
        raise LedgerError("no room")

    monkeypatch.setattr(Ledger, "add_waits", refuse)
    simulator.script("query limit", skip=1)

    summary = await runs.start_all(ROWS)

    assert summary.ending is Ending.FINISHED
    assert summary.counts.by_state == {"started": 130}


class Clock:
    """The time of the day, as the test says it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr("launcher.engine.progress.time.time", lambda: self.now)


def test_a_wait_that_grows_is_one_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, waits = Clock(monkeypatch), Waits()
    waits.begin("rate limit", 1.0)
    clock.now += 0.5
    waits.begin("rate limit", 2.0)
    clock.now += 5

    assert waits.take() == [Wait("rate limit", 1000.0, 2.5)]
    assert waits.take() == []


def test_a_wait_ends_where_another_begins_or_the_run_does(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, waits = Clock(monkeypatch), Waits()
    waits.begin("no connection", 60.0)
    clock.now += 10
    waits.begin("rate limit", 60.0)
    clock.now += 5

    assert waits.take() == [Wait("no connection", 1000.0, 10.0)]
    assert waits.finish() == [Wait("rate limit", 1010.0, 5.0)]


def test_workers_that_are_paced_together_count_once_and_not_during_a_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, waits = Clock(monkeypatch), Waits()
    with waits.pacing():
        clock.now += 1
        with waits.pacing():
            clock.now += 2
        waits.begin("rate limit", 4.0)
        clock.now += 5

    assert waits.take() == [Wait("rate limit", 1003.0, 4.0), Wait(PACED, 1000.0, 4.0)]
