"""Ctrl-C and SIGTERM, at every stage: no more is sent, what is in flight is heard out, nothing is lost."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from launcher.simulator import Settings, Simulator
from launcher.simulator.state import RequestLog
from tests.journeys.chaos import Command, Desk, Ended, truth, until
from tests.support.held import BATCHES_HELD, HELD

if sys.platform == "win32":
    pytest.skip("on Windows no program can send another one these signals", allow_module_level=True)

ROWS = 300

EACH = pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])


@pytest.fixture
async def portal() -> AsyncIterator[Simulator]:
    """A portal without a rate limit, where a batch takes as long as a test likes; workflows run for ever."""
    settings = Settings(burst=0, start_seconds=BATCHES_HELD, runs_seconds=float("inf"))
    async with Simulator(settings) as simulator:
        yield simulator


@pytest.fixture
def desk(tmp_path: Path, portal: Simulator) -> Desk:
    desk = Desk.at(tmp_path)
    # With a rate limit far away, which makes batches large.
    desk.configure(portal.webhook_url, limits="{burst: 1000, per_second: 1}", concurrency=2)
    write(desk, ROWS)
    return desk


def write(desk: Desk, rows: int) -> None:
    """Rows whose ID is not their place."""
    desk.write([(str(7 * number + 3), f"Manager {number}") for number in range(1, rows + 1)])


def send(command: Command, name: str) -> None:
    command.signal(getattr(signal, name))


def batches(portal: Simulator) -> list[RequestLog]:
    """The requests that were to start something; a run asks for its template first."""
    return [request for request in portal.requests if request.method == "batch"]


async def heard(command: Command) -> None:
    """It knows that it is to stop; what it does from then on, it does in spite of that."""
    await until(lambda: command.is_over or "stopping:" in command.stderr)


def quick(portal: Simulator) -> None:
    """Starts take no time any more."""
    portal.settings = replace(portal.settings, start_seconds=0.0)


def states(desk: Desk) -> dict[str, str]:
    """By document, what the results file says of it."""
    return {f"LEAD_{row['ID']}": row["launch_status"] for row in desk.results()}


def resume_line(ended: Ended) -> str:
    """The command that it printed, to go on with."""
    lines = [line for line in ended.stdout.splitlines() if "launcher resume" in line]
    assert len(lines) == 1, ended.stdout
    return lines[0][lines[0].index("launcher resume") :]


def all_started_once(desk: Desk, portal: Simulator, rows: int) -> None:
    """The portal started every row of the file once, and the results file has each one's workflow."""
    given = truth(portal)
    assert len(portal.started) == len(given) == rows
    for row in desk.results():
        assert [row["launch_workflow_id"]] == given[f"LEAD_{row['ID']}", row["Manager"]]


def sent(portal: Simulator) -> int:
    """Rows that it was sent so far."""
    return sum(request.commands for request in batches(portal))


async def early_in_two_batches(portal: Simulator, command: Command) -> None:
    """Two requests are being executed: each has started some of its rows, and most are still to come."""

    def so_it_is() -> bool:
        of_many = batches(portal)[1:]
        return len(of_many) == 2 and all(1 <= batch.started <= batch.commands // 3 for batch in of_many)

    await until(so_it_is, unless=command)


@EACH
async def test_what_is_in_the_air_is_heard_out_and_the_command_that_is_printed_goes_on(
    name: str, desk: Desk, portal: Simulator
) -> None:
    async with desk.running("run", desk.file) as command:
        await early_in_two_batches(portal, command)
        send(command, name)
        await heard(command)
        quick(portal)
        ended = await command.ended()

    assert ended.exit_code == 4, ended.stderr
    assert len(batches(portal)) == 3, "something was sent after the signal"
    said = states(desk)
    assert len(said) == ROWS
    assert {one for one, state in said.items() if state == "started"} == {s.document[2] for s in portal.started}
    assert (len(portal.started), set(said.values())) == (sent(portal), {"started", "pending"})

    async with desk.typing(resume_line(ended)) as command:
        again = await command.ended()

    assert again.exit_code == 0, again.stderr
    all_started_once(desk, portal, ROWS)


async def test_two_signals_at_once_are_one(desk: Desk, portal: Simulator) -> None:
    """A starter such as uv passes on what the terminal has sent to both already."""
    async with desk.running("run", desk.file) as command:
        await early_in_two_batches(portal, command)
        send(command, "SIGINT")
        send(command, "SIGTERM")
        await heard(command)
        quick(portal)
        ended = await command.ended()

    assert ended.exit_code == 4, ended.stderr
    assert set(states(desk).values()) == {"started", "pending"}
    assert len(portal.started) == sent(portal)


@EACH
async def test_a_second_signal_stops_waiting_and_reconcile_finds_what_was_in_the_air(
    name: str, desk: Desk, portal: Simulator
) -> None:
    async with desk.running("run", desk.file) as command:
        await early_in_two_batches(portal, command)
        send(command, name)
        await until(lambda: "Ctrl-C again" in command.stderr, unless=command)
        send(command, name)
        ended = await command.ended()

    assert ended.exit_code == 4, ended.stderr
    assert len(batches(portal)) == 3
    rows = sent(portal)
    assert len(portal.started) < rows, "it did wait for the answers"
    said = list(states(desk).values())
    assert (len(said), said.count("unknown"), said.count("pending")) == (ROWS, rows - 1, ROWS - rows)

    quick(portal)
    await until(lambda: len(portal.started) == rows)
    asked = await desk.run("reconcile")

    assert f"{rows - 1} unknown rows found running" in asked.stderr
    assert len(portal.started) == rows, "reconcile started something"
    said = list(states(desk).values())
    assert (said.count("started"), said.count("unknown")) == (rows, 0)

    assert (await desk.run("resume")).exit_code == 0
    all_started_once(desk, portal, ROWS)


WAITS = {
    "rate limit": "{burst: 2, per_second: 1}",
    "operating limit": "{burst: 0, operating_seconds: 1}",
}


def waits(portal: Simulator) -> bool:
    """It has sent something and then nothing for most of a second: it waits for one, or for ten minutes."""
    return len(batches(portal)) > 2 and time.time() - portal.requests[-1].at > 0.7


@EACH
@pytest.mark.parametrize("wait", WAITS)
async def test_a_signal_ends_the_wait_for_a_limit(wait: str, name: str, desk: Desk, portal: Simulator) -> None:
    portal.settings = replace(portal.settings, start_seconds=0.02)
    desk.configure(portal.webhook_url, limits=WAITS[wait], concurrency=1)
    async with desk.running("run", desk.file) as command:
        await until(lambda: waits(portal), unless=command)
        send(command, name)
        await heard(command)
        goal = len(batches(portal))
        ended = await command.ended()
    started = len(portal.started)

    assert ended.exit_code == 4, ended.stderr
    assert len(batches(portal)) <= goal + 1, "more was sent than what was in flight just then"
    assert 0 < started < ROWS
    assert list(states(desk).values()).count("started") == started
    assert "unknown" not in states(desk).values()

    quick(portal)
    desk.configure(portal.webhook_url)
    async with desk.typing(resume_line(ended)) as command:
        assert (await command.ended()).exit_code == 0
    all_started_once(desk, portal, ROWS)


@EACH
async def test_a_signal_while_a_large_file_is_read_into_the_ledger_loses_no_row_of_it(
    name: str, desk: Desk, portal: Simulator
) -> None:
    rows = 6_000
    write(desk, rows)
    portal.settings = replace(portal.settings, start_seconds=HELD)
    async with desk.running("run", desk.file) as command:
        await until(lambda: len(portal.started) == 1, unless=command)
        send(command, name)
        await heard(command)
        quick(portal)
        ended = await command.ended()

    assert ended.exit_code == 4, ended.stderr
    said = list(states(desk).values())
    assert (len(said), len(batches(portal)), len(portal.started)) == (rows, 1, 1)
    assert (said.count("started"), said.count("pending")) == (1, rows - 1)

    # The run owns its rows: it goes on without the file.
    (desk.folder / desk.file).unlink()
    async with desk.typing(resume_line(ended)) as command:
        assert (await command.ended()).exit_code == 0
    all_started_once(desk, portal, rows)


def is_reading(command: Command, path: Path) -> bool:
    """Whether the command has that file open."""
    try:
        return any(link.samefile(path) for link in Path(f"/proc/{command.pid}/fd").iterdir())
    except OSError:
        return False


@EACH
async def test_a_signal_while_a_large_file_is_checked_ends_the_command_before_there_is_a_run(
    name: str, desk: Desk, portal: Simulator
) -> None:
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("which files a process has open can only be seen under /proc")
    write(desk, 400_000)
    async with desk.running("run", desk.file) as command:
        await until(lambda: is_reading(command, desk.folder / desk.file), unless=command)
        send(command, name)
        ended = await command.ended()

    assert ended.exit_code == 4, ended
    assert "Traceback" not in ended.stderr
    assert portal.requests == []
    assert (await desk.run("runs")).stdout.startswith("No runs yet")


@EACH
async def test_signals_while_the_portal_is_asked_about_unknown_rows_are_not_in_vain(
    name: str, desk: Desk, portal: Simulator
) -> None:
    """All rows are settled; what is left is a question to a portal that hangs."""
    quick(portal)
    portal.script("reset after", method="batch", skip=1)
    portal.script("hang before", method="profile", times=None)
    async with desk.running("run", desk.file) as command:
        await until(lambda: any(one.method == "profile" for one in portal.requests), unless=command)
        send(command, name)
        await heard(command)
        send(command, name)
        ended = await command.ended()

    assert ended.exit_code in (4, 5), ended.stderr
    assert len(portal.started) == ROWS
    said = list(states(desk).values())
    assert len(said) == ROWS
    assert said.count("unknown") > 0
    assert said.count("started") + said.count("unknown") == ROWS
