"""launcher stop and launcher watch, as a person calls them; the portal's list of what runs is the judge."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from launcher.simulator import Settings, Simulator
from tests.journeys.chaos import LONGEST_S, Desk, until
from tests.support.held import HELD

ROWS = 120


@pytest.fixture
async def portal() -> AsyncIterator[Simulator]:
    """A portal whose workflows run until they are ended."""
    async with Simulator(Settings(burst=0, runs_seconds=float("inf"))) as simulator:
        yield simulator


@pytest.fixture
async def desk(tmp_path: Path, portal: Simulator) -> Desk:
    """Where a run of 120 rows was made; row 7, lead 6, has failed."""
    desk = Desk.at(tmp_path)
    desk.configure(portal.webhook_url)
    desk.write([(str(number), "Anna") for number in range(1, ROWS + 1)])
    portal.settings = replace(portal.settings, missing=frozenset({"LEAD_6"}))
    assert (await desk.run("run", desk.file)).exit_code == 1
    return desk


def running(portal: Simulator) -> int:
    return len(portal.state.workflows.running())


async def test_without_a_terminal_and_without_yes_nothing_is_stopped(desk: Desk, portal: Simulator) -> None:
    done = await desk.run("stop", "r1")

    assert (done.exit_code, done.stdout) == (2, "")
    assert "run r1 has 119 workflows still running on 127.0.0.1" in done.stderr
    assert "cannot be undone" in done.stderr
    assert "--yes" in done.stderr
    assert running(portal) == 119


async def test_with_yes_all_of_them_are_terminated_and_status_tells_of_it(
    desk: Desk, portal: Simulator
) -> None:
    done = await desk.run("stop", "r1", "--yes")
    status = await desk.run("status", "r1")
    again = await desk.run("stop", "r1", "--yes")

    assert (done.exit_code, running(portal)) == (0, 0)
    assert "119 of 119 workflows terminated" in done.stdout
    assert "Its workflows were stopped: 119 terminated" in status.stdout
    assert "119 started" in status.stdout, "they did start"
    assert (again.exit_code, again.stdout) == (0, "None of the workflows that run r1 started runs any more.\n")


async def test_in_json_it_is_one_document_and_what_could_not_be_ended_is_in_it(
    desk: Desk, portal: Simulator
) -> None:
    portal.settings = replace(portal.settings, unstoppable={"LEAD_9": "Занят"})

    done = await desk.run("stop", "r1", "--kill", "--yes", "--json")
    said = json.loads(done.stdout)
    status = await desk.status()

    assert done.exit_code == said.pop("exit_code") == 1
    [error] = said.pop("errors")
    assert (error["row"], error["error"]) == (10, "Занят")
    assert said.pop("portal").startswith("127.0.0.1")
    assert said == {"run_id": "r1", "way": "kill", "running": 119, "ended": 118, "gone": 0, "refused": 1}
    assert status["stopped_workflows"] == {"asked": 0, "ended": 118, "gone": 0, "refused": 1}
    plain = await desk.run("stop", "r1", "--yes")
    assert "  row 10, workflow " in plain.stdout
    assert "Занят" in plain.stdout
    assert "launcher stop r1" in plain.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
@pytest.mark.parametrize(("options", "typed"), [((), "stop"), (("--kill",), "delete"), ((), "yes"), ((), "")])
async def test_on_a_terminal_it_asks_and_only_the_word_does_it(
    desk: Desk, portal: Simulator, options: tuple[str, ...], typed: str
) -> None:
    person, terminal = os.openpty()
    try:
        os.write(person, f"{typed}\n".encode())
        process = await asyncio.create_subprocess_exec(
            *(str(Path(sys.executable).parent / "launcher"), "stop", "r1", *options),
            cwd=desk.folder,
            env=desk.environment,
            stdin=terminal,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        _, stderr = await asyncio.wait_for(process.communicate(), LONGEST_S)
    finally:
        os.close(person)
        os.close(terminal)

    does_it = typed in ("stop", "delete")
    assert (process.returncode, running(portal)) == ((0, 0) if does_it else (2, 119)), stderr
    assert b'Type "' in stderr
    assert (b"nothing was stopped" in stderr) is not does_it


async def test_killed_in_the_middle_it_goes_on_where_it_was(desk: Desk, portal: Simulator) -> None:
    """kill -9 while fifty have been ended and their answer has not come."""
    before = len(portal.requests)
    looks = 3
    portal.script("hang after", method="batch", skip=looks)
    async with desk.running("stop", "r1", "--yes") as command:
        await until(
            lambda: running(portal) == 69 and len(portal.requests) == before + looks + 1, unless=command
        )
        await command.kill()
    status = await desk.status()
    done = await desk.run("stop", "r1", "--yes", "--json")

    assert status["stopped_workflows"] == {"asked": 50, "ended": 0, "gone": 0, "refused": 0}
    assert (done.exit_code, running(portal)) == (0, 0)
    assert json.loads(done.stdout)["ended"] == 69
    assert (await desk.status())["stopped_workflows"] == {"asked": 0, "ended": 69, "gone": 50, "refused": 0}


@pytest.mark.skipif(sys.platform == "win32", reason="on Windows no program can send another one these signals")
async def test_interrupted_it_hears_out_what_is_in_the_air_and_says_how_to_go_on(
    desk: Desk, portal: Simulator
) -> None:
    before = len(portal.requests)
    portal.script("slow", method="batch", skip=3, seconds=5.0)
    async with desk.running("stop", "r1", "--yes") as command:
        await until(lambda: len(portal.requests) == before + 4, unless=command)
        command.signal(signal.SIGINT)
        ended = await command.ended()

    assert ended.exit_code == 4, ended.stderr
    assert "50 of 119 workflows terminated" in ended.stdout
    assert "launcher stop r1" in ended.stdout
    assert running(portal) == 69


async def test_while_a_run_holds_the_portal_it_says_to_end_that_first(desk: Desk, portal: Simulator) -> None:
    portal.settings = replace(portal.settings, start_seconds=HELD)
    desk.write([(str(number), "Boris") for number in range(1, ROWS + 1)])
    async with desk.running("run", desk.file) as run:
        await until(lambda: running(portal) > 119, unless=run)
        done = await desk.run("stop", "r2", "--yes")

    assert (done.exit_code, done.stdout) == (6, "")
    assert "End that run first" in done.stderr


async def test_a_portal_that_refuses_or_does_not_answer_loses_nothing(desk: Desk, portal: Simulator) -> None:
    portal.settings = replace(portal.settings, admin=False)
    refused = await desk.run("stop", "r1", "--yes")
    portal.settings = replace(portal.settings, admin=True)
    portal.script("502 before", method="batch", skip=4, times=4)
    silent = await desk.run("stop", "r1", "--yes")

    assert (refused.exit_code, silent.exit_code) == (3, 3)
    assert "not an administrator" in refused.stderr
    assert "launcher explain ACCESS_DENIED" in refused.stderr
    assert "launcher stop r1" in silent.stderr
    assert running(portal) == 69
    assert (await desk.run("stop", "r1", "--yes")).exit_code == 0
    assert running(portal) == 0


async def test_unknown_rows_are_left_alone_and_named(desk: Desk, portal: Simulator) -> None:
    desk.write([("500", "Anna"), ("501", "Anna")])
    portal.script("reset after", method="batch")
    portal.script("502 before", method="profile", times=None)
    assert (await desk.run("run", desk.file)).exit_code == 5

    done = await desk.run("stop", "r2", "--yes")

    assert "1 unknown row of run r2 may have started too" in done.stderr
    assert "launcher reconcile r2" in done.stderr
    assert "1 of 1 workflow terminated" in done.stdout


async def test_a_run_that_is_not_there_is_named(desk: Desk) -> None:
    for command in ("stop", "watch"):
        done = await desk.run(command, "r9")
        assert (done.exit_code, done.stdout) == (2, "")
        assert 'no run "r9"' in done.stderr


async def test_watch_waits_until_none_runs_any_more(desk: Desk, portal: Simulator) -> None:
    async with desk.running("watch", "r1", "--every", "1s") as command:
        await until(lambda: "still running: 119 of 119 started workflows" in command.stderr, unless=command)
        portal.state.workflows.end()
        ended = await command.ended()

    assert ended.exit_code == 0, ended.stderr
    assert ended.stdout.endswith("none of the 119 started workflows runs any more\n")
    assert ended.stderr.count("119 of 119") == 1, "a line only where something has changed"


async def test_watch_with_a_time_limit_names_what_is_stuck(desk: Desk, portal: Simulator) -> None:
    portal.settings = replace(portal.settings, locked={"LEAD_9": 400})

    done = await desk.run("watch", "r1", "--timeout", "0s", "--json")
    said = json.loads(done.stdout)

    assert done.exit_code == said["exit_code"] == 1
    assert (said["started"], said["running"], said["stuck"]) == (119, 119, 1)
    [stuck] = said["stuck_workflows"]
    assert stuck == {"row": 10, "workflow_id": portal.started[7].workflow_id}
    plain = await desk.run("watch", "r1", "--timeout", "0s", "--quiet")
    assert (plain.exit_code, plain.stderr) == (1, "")
    assert "1 of them stuck for over five minutes (row 10)" in plain.stdout
    assert "launcher stop r1" in plain.stdout


async def test_watch_takes_no_lock(desk: Desk, portal: Simulator) -> None:
    portal.settings = replace(portal.settings, start_seconds=HELD)
    desk.write([(str(number), "Boris") for number in range(1, 61)])
    async with desk.running("run", desk.file) as run:
        await until(lambda: running(portal) > 119, unless=run)
        done = await desk.run("watch", "r2", "--timeout", "0s")
        assert not run.is_over

    assert done.exit_code in (0, 1), done.stderr
    assert "r2" in done.stdout


@pytest.mark.parametrize("period", ["soon", "5", "-1s"])
async def test_a_period_that_is_none_is_refused_in_words(desk: Desk, period: str) -> None:
    done = await desk.run("watch", "r1", "--every", period)

    assert (done.exit_code, done.stdout) == (2, "")
    assert "90s, 30m, 2h or 7d" in done.stderr
