"""The ledger's file is removed or replaced while a run goes, has a second name, or is reached by a link."""

from __future__ import annotations

import json
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from launcher.simulator import Settings, Simulator
from tests.journeys.chaos import Command, Desk, Ended, truth, until
from tests.support.held import BATCHES_HELD

if sys.platform == "win32":
    pytest.skip("on Windows a file that is open can be neither removed nor replaced", allow_module_level=True)

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


async def in_two_batches(portal: Simulator, command: Command) -> None:
    """Two requests are being executed."""
    await until(lambda: sum(one.method == "batch" for one in portal.requests) == 3, unless=command)


def removed(ledger: Path) -> None:
    ledger.unlink()


def all_removed(ledger: Path) -> None:
    for file in ledger.parent.glob(f"{ledger.name}*"):
        file.unlink()


def replaced(ledger: Path) -> None:
    other = ledger.with_name("other.db")
    other.touch()
    other.replace(ledger)


def moved_and_linked(ledger: Path) -> None:
    elsewhere = ledger.with_name("elsewhere.db")
    ledger.rename(elsewhere)
    ledger.symlink_to(elsewhere)


def the_ledger_is_gone_and_it_is_said(desk: Desk, ended: Ended) -> None:
    assert ended.exit_code == 3, ended.stderr
    assert "Traceback" not in ended.stderr
    said = ended.stdout + ended.stderr
    assert "removed or replaced" in said
    assert desk.ledger in said
    assert "Nothing is lost" not in said


def results_are_the_truth(desk: Desk, portal: Simulator) -> None:
    """Each row is started with the portal's own ID, or is still to be sent; nothing is unknown."""
    given, rows = truth(portal), desk.results()
    assert len(rows) == ROWS
    assert {row["launch_status"] for row in rows} <= {"started", "pending"}
    for row in rows:
        ids = given.get((f"LEAD_{row['ID']}", row["Manager"]), [])
        assert [row["launch_workflow_id"]] == (ids or [""])


@pytest.mark.parametrize("happens", [removed, all_removed, replaced, moved_and_linked])
async def test_a_run_whose_ledger_is_gone_sends_no_more_and_says_so(
    happens: Callable[[Path], None], desk: Desk, portal: Simulator
) -> None:
    ledger = Path(desk.ledger)
    async with desk.running("run", desk.file) as command:
        await in_two_batches(portal, command)
        happens(ledger)
        there, before = ledger.exists(), sent(portal)
        quick(portal)
        ended = await command.ended()

    the_ledger_is_gone_and_it_is_said(desk, ended)
    assert len(portal.started) == sent(portal) == before < ROWS
    results_are_the_truth(desk, portal)
    assert ledger.exists() == there, "an empty ledger was left in its place"


async def test_a_ledger_that_is_put_back_is_whole_and_resume_goes_on(desk: Desk, portal: Simulator) -> None:
    ledger, aside = Path(desk.ledger), Path(desk.ledger).with_name("aside.db")
    async with desk.running("run", desk.file) as command:
        await in_two_batches(portal, command)
        ledger.rename(aside)
        quick(portal)
        the_ledger_is_gone_and_it_is_said(desk, await command.ended())
    aside.rename(ledger)

    ended = await desk.run("resume")

    assert ended.exit_code == 0, ended.stderr
    results_are_the_truth(desk, portal)
    assert len(portal.started) == ROWS


async def test_a_ledger_that_goes_after_the_last_request_is_noticed(desk: Desk, portal: Simulator) -> None:
    async with desk.running("run", "--limit", "11", desk.file) as command:
        await until(lambda: sent(portal) == 11, unless=command)
        removed(Path(desk.ledger))
        quick(portal)
        ended = await command.ended()

    the_ledger_is_gone_and_it_is_said(desk, ended)
    assert len(portal.started) == 11
    assert not Path(desk.ledger).exists()


async def test_ctrl_c_and_then_no_ledger_is_no_mere_interruption(desk: Desk, portal: Simulator) -> None:
    async with desk.running("run", desk.file) as command:
        await in_two_batches(portal, command)
        command.signal(signal.SIGINT)
        await until(lambda: "stopping:" in command.stderr, unless=command)
        removed(Path(desk.ledger))
        quick(portal)
        ended = await command.ended()

    the_ledger_is_gone_and_it_is_said(desk, ended)
    results_are_the_truth(desk, portal)


async def test_the_next_job_of_a_night_does_not_begin_a_new_ledger(desk: Desk, portal: Simulator) -> None:
    config = desk.folder / "config.yaml"
    shutil.copy2(desk.folder / desk.file, desk.folder / "others.csv")
    job = "    template: 1\n    kind: lead\n    parameters: {Parameter1: {column: Manager}}\n"
    head = config.read_text(encoding="utf-8").partition("jobs:")[0]
    jobs = [f"  {name}:\n{job}    file: {file}\n" for name, file in (("a", desk.file), ("b", "others.csv"))]
    config.write_text(f"{head}jobs:\n{''.join(jobs)}", encoding="utf-8")
    async with desk.running("nightly") as command:
        await in_two_batches(portal, command)
        removed(Path(desk.ledger))
        before = sent(portal)
        quick(portal)
        ended = await command.ended()

    the_ledger_is_gone_and_it_is_said(desk, ended)
    assert len(portal.started) == before
    results_are_the_truth(desk, portal)
    assert not Path(desk.ledger).exists(), "an empty ledger was left in its place"


@pytest.fixture
async def used(desk: Desk, portal: Simulator) -> Desk:
    """A desk whose ledger has a run."""
    quick(portal)
    ended = await desk.run("run", "--limit", "3", desk.file)
    assert ended.exit_code == 0, ended.stderr
    return desk


COMMANDS = [("run", "leads.csv"), ("resume",), ("status",), ("backup", "copy.db")]


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda arguments: arguments[0])
async def test_a_ledger_with_two_names_is_refused_by_either(
    arguments: tuple[str, ...], used: Desk, portal: Simulator
) -> None:
    second = Path(used.ledger).with_name("second.db")
    second.hardlink_to(used.ledger)

    for name in (used.ledger, str(second)):
        ended = await used.run(*arguments, "--ledger", name)
        assert ended.exit_code == 2, ended.stderr
        assert "Traceback" not in ended.stderr
        assert "hard link" in ended.stderr
        assert name in ended.stderr
    assert len(portal.started) == 3
    assert not (used.folder / "copy.db").exists()

    second.unlink()
    assert (await used.run(*arguments)).exit_code == 0


async def test_doctor_reports_a_ledger_with_two_names(used: Desk) -> None:
    Path(used.ledger).with_name("second.db").hardlink_to(used.ledger)

    ended = await used.run("doctor", "--json")

    assert ended.exit_code == 1, ended.stderr
    [found] = [one for one in json.loads(ended.stdout)["diagnoses"] if one["check"] == "ledger"]
    assert found["level"] == "trouble"
    assert "hard link" in found["found"]


async def test_by_a_symbolic_link_it_is_the_same_ledger(desk: Desk, portal: Simulator) -> None:
    folder = desk.folder / "linked"
    folder.mkdir()
    link = folder / "link.db"
    link.symlink_to(desk.ledger)
    async with desk.running("run", desk.file) as command:
        await in_two_batches(portal, command)
        second = await desk.run("run", desk.file, "--ledger", str(link))
        shown = await desk.run("status", "r7", "--ledger", str(link))
        quick(portal)
        ended = await command.ended()

    assert second.exit_code == 6, second.stderr
    assert str(link) in shown.stderr, "the ledger is called as the person calls it"
    assert ended.exit_code == 0, ended.stderr
    assert len(portal.started) == ROWS
    assert [path.name for path in folder.iterdir()] == ["link.db"]
