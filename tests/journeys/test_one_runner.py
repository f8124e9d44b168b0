"""One run at a time on a portal, whatever command it comes from; the lock goes with the process that has it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import pytest

from launcher.simulator import Settings, Simulator, Started
from tests.journeys.chaos import Command, Desk, until
from tests.support import postgres
from tests.support.held import BATCHES_HELD, HELD

ROWS = 120
SLOW = Settings(burst=0, start_seconds=HELD)
"""What has begun to start goes on when a test says so."""


@pytest.fixture
async def portal() -> AsyncIterator[Simulator]:
    async with Simulator(SLOW) as simulator:
        yield simulator


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place for a new ledger, on each of the two databases."""
    if request.param == "sqlite":
        return str(tmp_path / "launcher.db")
    location: str = request.getfixturevalue("postgres_url")
    return location


@pytest.fixture
def first(tmp_path: Path, ledger: str, portal: Simulator) -> Desk:
    return desk(tmp_path / "first", ledger, portal, begin=1)


@pytest.fixture
def second(tmp_path: Path, ledger: str, portal: Simulator) -> Desk:
    return desk(tmp_path / "second", ledger, portal, begin=1001)


def desk(folder: Path, ledger: str, portal: Simulator, *, begin: int) -> Desk:
    """A person's folder with documents of its own; persons share the ledger."""
    made = Desk.at(folder, ledger)
    made.configure(portal.webhook_url, concurrency=1)
    made.write([(str(n), "Anna") for n in range(begin, begin + ROWS)])
    return made


def batches(portal: Simulator) -> int:
    """How many requests were to start something; a run asks for its template first."""
    return sum(request.method == "batch" for request in portal.requests)


@asynccontextmanager
async def at_work(desk: Desk, portal: Simulator, *arguments: str) -> AsyncIterator[Command]:
    """That command, in the midst of a request."""
    before = len(portal.started)
    async with desk.running(*(arguments or ("run", desk.file))) as command:
        await until(lambda: len(portal.started) > before, unless=command)
        yield command


def quick(portal: Simulator) -> None:
    """Starts take no time any more."""
    portal.settings = replace(portal.settings, start_seconds=0.0)


def turns(portal: Simulator) -> list[str]:
    """Whose requests came to the portal, one after another."""
    owners = {start.request: "first" if number(start) <= ROWS else "second" for start in portal.started}
    return [name for name, _ in groupby(owners[request] for request in sorted(owners))]


def number(start: Started) -> int:
    return int(start.document[2].removeprefix("LEAD_"))


def none_twice(portal: Simulator) -> bool:
    return len({start.document[2] for start in portal.started}) == len(portal.started)


@pytest.mark.parametrize(
    "arguments", [("run", "leads.csv"), ("resume",), ("retry",), ("reconcile",)], ids=lambda said: said[0]
)
async def test_a_second_command_is_refused_and_names_the_first(
    first: Desk, second: Desk, portal: Simulator, arguments: tuple[str, ...]
) -> None:
    async with at_work(first, portal) as command:
        ended = await second.run(*arguments)
        assert not command.is_over

    assert ended.exit_code == 6, ended.stderr
    assert "Traceback" not in ended.stderr
    assert "run r1 " in ended.stderr
    assert f"{first.folder / first.file}" in ended.stderr
    assert set(turns(portal)) == {"first"}


async def test_another_webhook_of_the_same_portal_is_the_same_portal(
    first: Desk, second: Desk, portal: Simulator
) -> None:
    second.configure(portal.webhook_url.replace("/rest/1/", "/rest/7/"))
    async with at_work(first, portal):
        ended = await second.run("run", second.file)

    assert ended.exit_code == 6, ended.stderr


async def test_looking_is_not_refused(first: Desk, second: Desk, portal: Simulator) -> None:
    async with at_work(first, portal) as command:
        for arguments in (("status",), ("runs",), ("results",), ("run", "--dry-run", second.file)):
            ended = await second.run(*arguments)
            assert ended.exit_code == 0, ended.stderr
        assert not command.is_over


async def test_with_wait_it_goes_when_the_first_has_ended(first: Desk, second: Desk, portal: Simulator) -> None:
    async with at_work(first, portal) as holder, second.running("run", "--wait", second.file) as waiting:
        refused = await second.run("run", second.file)  # by its end, the one that waits is there too
        assert refused.exit_code == 6, refused.stderr
        assert not holder.is_over
        assert not waiting.is_over
        quick(portal)
        assert (await holder.ended()).exit_code == 0
        ended = await waiting.ended()

    assert ended.exit_code == 0, ended.stderr
    assert turns(portal) == ["first", "second"]
    assert len(portal.started) == 2 * ROWS
    assert none_twice(portal)


async def test_a_run_on_another_portal_goes_at_once(
    first: Desk, second: Desk, portal: Simulator, tmp_path: Path
) -> None:
    async with Simulator(Settings(burst=0)) as other, at_work(first, portal) as command:
        second.configure(other.webhook_url)
        ended = await second.run("run", second.file)
        assert not command.is_over

    assert ended.exit_code == 0, ended.stderr
    assert len(other.started) == ROWS


async def test_after_kill_9_the_next_one_has_the_lock_at_once(
    first: Desk, second: Desk, portal: Simulator
) -> None:
    async with at_work(first, portal) as command:
        await command.kill()
        quick(portal)
        ended = await second.run("run", second.file)

    assert ended.exit_code == 0, ended.stderr
    again = await first.run("resume", "r1")
    assert again.exit_code in (0, 5), again.stderr
    assert none_twice(portal)


async def test_the_run_that_is_named_is_the_one_at_work_and_not_one_that_was_killed(
    first: Desk, second: Desk, portal: Simulator
) -> None:
    async with at_work(first, portal) as command:
        await command.kill()
    quick(portal)
    portal.script("hang after", method="batch", times=None)
    async with at_work(second, portal) as command:
        await command.kill()
    async with at_work(first, portal, "resume", "r1"):
        ended = await second.run("resume", "r2")

    assert ended.exit_code == 6, ended.stderr
    assert "run r1 " in ended.stderr


async def test_of_many_at_once_one_goes(first: Desk, ledger: str, portal: Simulator, tmp_path: Path) -> None:
    quick(portal)
    portal.script("hang after", method="batch", times=None)
    desks = [desk(tmp_path / f"n{n}", ledger, portal, begin=1) for n in range(4)]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each.start("run", each.file)) for each in desks]
    commands = [task.result() for task in tasks]
    try:
        await until(lambda: sum(command.is_over for command in commands) == 3)
        ended = [await command.ended() for command in commands if command.is_over]
    finally:
        for command in commands:
            await command.kill()

    assert [one.exit_code for one in ended] == [6, 6, 6], [one.stderr for one in ended]
    assert none_twice(portal)


@pytest.fixture
def mortal_server() -> Iterator[postgres.Server]:
    """A PostgreSQL of this test's own, to be killed."""
    with postgres.temporary_server() as server:
        yield server


async def test_a_run_whose_lock_is_gone_with_the_server_sends_no_more_beside_another(
    mortal_server: postgres.Server, portal: Simulator, tmp_path: Path
) -> None:
    """PostgreSQL comes back before the first run needs it again; its lock does not."""
    ledger = mortal_server.make_database("restarted")
    first = desk(tmp_path / "first", ledger, portal, begin=1)
    second = desk(tmp_path / "second", ledger, portal, begin=1001)
    portal.settings = replace(portal.settings, start_seconds=BATCHES_HELD)
    async with at_work(first, portal) as command:
        await until(lambda: batches(portal) == 2, unless=command)
        await asyncio.to_thread(mortal_server.kill)
        await asyncio.to_thread(mortal_server.start)
        other = asyncio.create_task(second.run("run", second.file))
        # The first may find out at once that its lock is gone, and end before the other begins.
        await until(lambda: other.done() or "second" in turns(portal))
        quick(portal)
        await other
        await command.ended()

    assert len(turns(portal)) <= 2, "both sent at the same time"
    assert none_twice(portal)
