"""Never twice, never lost, whatever breaks: faults in one request of ten, kill -9, a database that dies.

The simulated portal's own list of what it started is the judge.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from launcher.simulator import Settings, Simulator
from tests.journeys.chaos import Chaos, Desk, chaos, truth, until
from tests.support import postgres
from tests.support.examples import examples

ROWS, KILLS = 80 * examples(25), examples(25)
"""In CI 2,000 rows and 25 kills; by hand, `python -m tests.journeys.chaos` takes 20,000 and 200."""


@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_killed_often_among_faults_of_every_kind_nothing_starts_twice_and_every_row_is_true(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    ledger = request.getfixturevalue("postgres_url") if kind == "postgresql" else None
    seed = random.randrange(1_000_000)
    print(f"seed {seed}: python -m tests.journeys.chaos --rows {ROWS} --kills {KILLS} --seed {seed}")

    report = await chaos(Desk.at(tmp_path, ledger), rows=ROWS, kills=KILLS, seed=seed)

    print(report)
    assert report.wrong == []
    assert (report.counts.total(), report.kills) == (ROWS, KILLS)
    assert report.counts["started"] > 0
    assert report.counts["deferred"] == 0


@pytest.fixture
def mortal_server() -> Iterator[postgres.Server]:
    """A PostgreSQL of this test's own, to be killed."""
    with postgres.temporary_server() as server:
        yield server


@pytest.mark.timeout(900)
async def test_postgresql_killed_in_the_middle_stops_the_run_and_resume_finishes_it(
    mortal_server: postgres.Server, tmp_path: Path
) -> None:
    seed, dice = 11, random.Random(11)
    desk = Desk.at(tmp_path, mortal_server.make_database("mortal"))

    async with Chaos(desk, rows=1000, seed=seed) as work:
        for _ in range(4):
            async with work.sitting() as command:
                goal = work.sent + dice.randint(1, 250)
                await until(lambda goal=goal: work.sent >= goal, unless=command)
                # In a thread: the portal goes on answering while the database dies.
                await asyncio.to_thread(mortal_server.kill)
                ended = await command.ended()
            await asyncio.to_thread(mortal_server.start)
            assert ended.exit_code == 3, ended.stderr
            assert "/mortal" in ended.stderr, "it does not name the ledger"
            assert "launcher resume" in ended.stderr + ended.stdout, "it does not say how to go on"
        report = await work.finish()

    print(report)
    assert report.wrong == []
    assert report.counts.total() == 1000
    assert report.counts["started"] > 500


async def test_a_commit_of_postgresql_is_durable_even_where_the_server_is_set_to_be_hasty(
    mortal_server: postgres.Server, tmp_path: Path
) -> None:
    """`synchronous_commit = off`, which many servers have, loses the commits of the last moments: a row that
    was recorded as sent would be pending again, and start twice."""
    desk = Desk.at(tmp_path, mortal_server.make_database("hasty"))
    async with Simulator(Settings(burst=0)) as portal:
        desk.configure(portal.webhook_url, concurrency=1)
        desk.write([(str(number), "Anna") for number in range(1, 301)])
        # Each answer to a batch hangs: at the kill, the rows in flight were sent a moment ago.
        portal.script("hang after", method="batch", skip=1, times=None)
        async with desk.running("run", desk.file) as command:
            await until(lambda: len(portal.started) > 1, unless=command)
            await asyncio.to_thread(mortal_server.kill)
            await command.kill()
        portal.faults.entries.clear()
        await asyncio.to_thread(mortal_server.start)
        ended = await desk.run("resume")

    assert ended.exit_code == 5, ended.stderr
    assert [key for key, ids in truth(portal).items() if len(ids) > 1] == []


@pytest.fixture
async def portal() -> AsyncIterator[Simulator]:
    """A portal without a rate limit."""
    async with Simulator(Settings(burst=0)) as simulator:
        yield simulator


async def test_a_row_that_did_not_start_is_not_given_the_workflow_of_another_row_on_its_document(
    portal: Simulator, tmp_path: Path
) -> None:
    """Two rows on one document with other parameters: the first one's request never reached the portal, the
    second one's answer was lost. The workflow that runs there fits both, so it is neither's."""
    desk = Desk.at(tmp_path)
    desk.configure(portal.webhook_url, concurrency=1)
    rows = [(str(number), "Anna") for number in range(1, 115)]
    rows[-1] = ("1", "Boris")
    desk.write(rows)
    portal.settings = replace(portal.settings, runs_seconds=float("inf"))
    portal.script("reset before", method="batch")  # row 2, alone
    portal.script("reset after", method="batch", skip=6)  # after batches of 1, 2, 4, 8, 16, 32: the last 50

    ended = await desk.run("run", desk.file)

    given = truth(portal)
    assert ("LEAD_1", "Anna") not in given
    assert ("LEAD_1", "Boris") in given
    first, *others = desk.results()
    assert (first["launch_status"], first["launch_workflow_id"]) == ("unknown", "")
    assert {row["launch_status"] for row in others[:-1]} == {"started"}
    assert [others[-1]["launch_workflow_id"]] in ([""], given["LEAD_1", "Boris"])
    assert ended.exit_code == 5
