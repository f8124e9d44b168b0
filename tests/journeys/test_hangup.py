"""The terminal is closed while the command is at work: it stops in good order; what it says goes nowhere."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("Windows has no such signal", allow_module_level=True)

from launcher.simulator import Settings, Simulator
from tests.journeys.chaos import LONGEST_S, Command, Desk, truth, until
from tests.journeys.terminal import Terminal, on_terminal
from tests.support.held import BATCHES_HELD

ROWS = 300
SLOW = Settings(burst=0, start_seconds=BATCHES_HELD)
"""What has begun to start goes on when a test says so."""


@pytest.fixture
async def portal() -> AsyncIterator[Simulator]:
    async with Simulator(SLOW) as simulator:
        yield simulator


@pytest.fixture
def desk(tmp_path: Path, portal: Simulator) -> Desk:
    made = Desk.at(tmp_path)
    # With a rate limit far away, which makes batches large.
    made.configure(portal.webhook_url, limits="{burst: 1000, per_second: 1}", concurrency=2)
    made.write([(str(7 * number + 3), f"Manager {number}") for number in range(1, ROWS + 1)])
    return made


def quick(portal: Simulator) -> None:
    """Starts take no time any more."""
    portal.settings = replace(portal.settings, start_seconds=0.0)


def sent(portal: Simulator) -> int:
    """Rows that it was sent so far."""
    return sum(request.commands for request in portal.requests if request.method == "batch")


async def in_two_batches(portal: Simulator, command: Command | Terminal) -> None:
    """Two requests are being executed."""
    await until(
        lambda: command.is_over or sum(one.method == "batch" for one in portal.requests) == 3,
    )
    assert not command.is_over


def heard_out(desk: Desk, portal: Simulator, before: int) -> None:
    """What was sent has started and is known, and nothing was sent after that."""
    given, rows = truth(portal), desk.results()
    assert len(portal.started) == sent(portal) == before < ROWS
    assert len(rows) == ROWS
    for row in rows:
        ids = given.get((f"LEAD_{row['ID']}", row["Manager"]))
        assert row["launch_status"] == ("started" if ids else "pending")
        assert [row["launch_workflow_id"]] == (ids or [""])


def ordinary() -> None:
    """In the command's process: as a shell starts it, also where these tests run under nohup."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def nohup() -> None:
    """In the command's process: as nohup starts it."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


LOGGED = ("--log-file", "launcher.log")


def is_stopping(desk: Desk) -> bool:
    """Whether the command has heard that it is to stop."""
    return '"event": "stopping"' in (desk.folder / LOGGED[1]).read_text(encoding="utf-8")


@pytest.mark.parametrize("arguments", [("run", "leads.csv"), ("nightly",)], ids=lambda said: said[0])
async def test_closing_the_terminal_stops_a_run_in_good_order(
    arguments: tuple[str, ...], desk: Desk, portal: Simulator
) -> None:
    config = desk.folder / "config.yaml"
    config.write_text(f"{config.read_text()}    file: leads.csv\n")
    async with on_terminal(desk, *arguments, *LOGGED, preexec=ordinary) as terminal:
        await in_two_batches(portal, terminal)
        before = sent(portal)
        terminal.close()
        await until(lambda: terminal.is_over or is_stopping(desk))
        quick(portal)
        assert await terminal.exit_code() == 4

    heard_out(desk, portal, before)
    assert (await desk.run("resume")).exit_code == 0
    assert len(portal.started) == ROWS


async def test_under_nohup_closing_the_terminal_changes_nothing(desk: Desk, portal: Simulator) -> None:
    async with on_terminal(desk, "run", desk.file, preexec=nohup) as terminal:
        await in_two_batches(portal, terminal)
        terminal.close()
        quick(portal)
        assert await terminal.exit_code() == 0

    assert len(truth(portal)) == len(portal.started) == ROWS
    assert {row["launch_status"] for row in desk.results()} == {"started"}


@pytest.mark.parametrize(("hangup", "code"), [(True, 4), (False, 0)])
async def test_output_that_nobody_reads_does_not_decide_about_a_run(
    hangup: bool, code: int, desk: Desk, portal: Simulator
) -> None:
    """As with `launcher run … 2>&1 | tee log`, where tee has ended."""
    reading, writing = os.pipe()
    command = await process(desk, "run", desk.file, *LOGGED, output=writing)
    os.close(writing)
    try:
        await until(lambda: sum(one.method == "batch" for one in portal.requests) == 3)
        os.close(reading)
        if hangup:
            command.send_signal(signal.SIGHUP)
            await until(lambda: command.returncode is not None or is_stopping(desk))
        before = sent(portal)
        quick(portal)
        assert await asyncio.wait_for(command.wait(), LONGEST_S) == code
    finally:
        with contextlib.suppress(ProcessLookupError):
            command.kill()
        await command.wait()

    if hangup:
        heard_out(desk, portal, before)
    else:
        assert len(truth(portal)) == len(portal.started) == ROWS


async def process(
    desk: Desk, *arguments: str, output: int, preexec: Callable[[], None] = ordinary
) -> asyncio.subprocess.Process:
    """The installed command, whose output goes there."""
    return await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("launcher")),
        *arguments,
        cwd=desk.folder,
        env=desk.environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        preexec_fn=preexec,
    )


async def test_a_hangup_before_there_is_a_run_ends_the_command(desk: Desk, portal: Simulator) -> None:
    portal.script("hang before", times=None)
    async with desk.running("run", desk.file, preexec=ordinary) as command:
        await until(lambda: bool(portal.requests), unless=command)
        command.signal(signal.SIGHUP)
        ended = await command.ended()

    assert ended.exit_code == 4, ended.stderr
    assert portal.started == []


async def test_a_hangup_ends_the_simulator_as_ctrl_c_does(desk: Desk) -> None:
    async with desk.running("simulator", "--port", "0", preexec=ordinary) as command:
        await until(lambda: "webhook" in command.stdout.lower(), unless=command)
        command.signal(signal.SIGHUP)
        ended = await command.ended()

    assert ended.exit_code == 0, ended.stderr


async def test_closing_its_terminal_ends_a_daemon(desk: Desk) -> None:
    """Where the terminal stays, the signal has the configuration read, as in test_daemon."""
    config = desk.folder / "config.yaml"
    config.write_text(f'{config.read_text()}    file: leads.csv\n    schedule: "0 0 1 1 *"\n')
    async with on_terminal(desk, "daemon", "--listen", "none", preexec=ordinary) as terminal:
        await until(lambda: terminal.is_over or "daemon begins" in terminal.shown)
        terminal.close()
        assert await terminal.exit_code() == 0
