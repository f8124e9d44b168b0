"""Commands one right after another share what the portal's bucket holds: none of their requests is refused."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from launcher.core.timeline import PACED
from launcher.ledger import open_ledger
from launcher.simulator import Settings, Simulator
from tests.journeys.chaos import Desk, until
from tests.support.files import aged

BURST, PER_SECOND = 15, 3
FULL = BURST + 4
"""Batches that fill the bucket, and then some."""
MORE = 9
"""Batches that meet a bucket which is full."""
NEVER_FULLER_S = 4.0
"""A command knows neither where in a second the bucket drains nor how many questions the one before has asked:
two steps. It sends one row alone, and begins anew as a process."""


@pytest.fixture
async def portal() -> AsyncIterator[Simulator]:
    async with Simulator(Settings(burst=BURST, per_second=PER_SECOND)) as simulator:
        yield simulator


@pytest.fixture
def desk(tmp_path: Path, portal: Simulator) -> Desk:
    made = Desk.at(tmp_path)
    made.configure(
        portal.webhook_url, limits=f"{{burst: {BURST}, per_second: {PER_SECOND}, operating_seconds: 0}}"
    )
    return made


def write(desk: Desk, name: str, *, batches: int, begin: int = 1) -> None:
    rows = "".join(f"{n},Anna\n" for n in range(begin, begin + 50 * batches))
    path = desk.folder / name
    path.write_text(f"ID,Manager\n{rows}", encoding="utf-8")
    aged(path)


def refused(portal: Simulator) -> list[str]:
    return [request.code for request in portal.requests if request.code == "QUERY_LIMIT_EXCEEDED"]


async def took_what_arithmetic_says(desk: Desk, portal: Simulator) -> bool:
    """Whether all requests so far took as long as the one bucket lets them, from the first on.

    What is too long is told by the commands' own waits for the bucket: a busy machine makes those no longer.
    """
    at = [request.at for request in portal.requests]
    best_s = (len(at) - BURST) / PER_SECOND
    async with open_ledger(desk.ledger) as ledger:
        runs = [await ledger.waits(run) for run in (1, 2)]
    waited_s = sum(wait.seconds for waits in runs for wait in waits if wait.reason == PACED)
    return best_s - 1 <= at[-1] - at[0] and waited_s <= best_s + NEVER_FULLER_S


async def test_a_run_right_after_another_waits_for_what_that_one_has_sent(
    desk: Desk, portal: Simulator
) -> None:
    write(desk, "first.csv", batches=FULL)
    write(desk, "second.csv", batches=MORE, begin=100_001)

    for file in ("first.csv", "second.csv"):
        ended = await desk.run("run", file, "--job", "followup")
        assert ended.exit_code == 0, ended.stderr

    assert refused(portal) == []
    assert len(portal.started) == 50 * (FULL + MORE)
    assert await took_what_arithmetic_says(desk, portal)


async def test_so_does_resume_right_after_an_interrupted_run(desk: Desk, portal: Simulator) -> None:
    write(desk, "first.csv", batches=FULL + MORE)
    async with desk.running("run", "first.csv", "--job", "followup") as command:
        await until(lambda: len(portal.requests) >= FULL, unless=command)
        command.signal(signal.SIGINT)
        assert (await command.ended()).exit_code == 4

    ended = await desk.run("resume")

    assert ended.exit_code == 0, ended.stderr
    assert refused(portal) == []
    assert len(portal.started) == 50 * (FULL + MORE)
    assert await took_what_arithmetic_says(desk, portal)


async def test_so_does_the_second_job_of_a_night_on_one_portal(desk: Desk, portal: Simulator) -> None:
    write(desk, "first.csv", batches=FULL)
    write(desk, "second.csv", batches=MORE, begin=100_001)
    config = desk.folder / "config.yaml"
    portals, _, job = config.read_text(encoding="utf-8").partition("  followup:\n")
    jobs = "".join(f"  {name}:\n    file: {name}.csv\n{job}" for name in ("first", "second"))
    config.write_text(portals + jobs, encoding="utf-8")

    ended = await desk.run("nightly")

    assert ended.exit_code == 0, ended.stderr
    assert refused(portal) == []
    assert len(portal.started) == 50 * (FULL + MORE)
    assert await took_what_arithmetic_says(desk, portal)
