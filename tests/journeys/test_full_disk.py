"""The ledger's disk is full in the middle of a run: it stops before the next request, and resume goes on."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from launcher.simulator import Settings, Simulator
from tests.journeys.chaos import Desk, Ended, truth

if sys.platform == "win32":
    pytest.skip("POSIX limits what a process may write; Windows has no such limit", allow_module_level=True)

import resource

ROWS = 3000
FILE_BYTES = 3_000_000
"""More than the file of rows needs in the ledger, less than the record of all requests needs on top."""

IN_THE_AIR = 4 * 50
"""Rows that may have been sent when nothing could be recorded any more: requests at once, rows of each."""


@pytest.fixture
async def portal() -> AsyncIterator[Simulator]:
    """A portal without a rate limit, with workflows of a moment's work."""
    async with Simulator(Settings(burst=0, start_seconds=0.0005)) as simulator:
        yield simulator


@pytest.fixture
def desk(tmp_path: Path, portal: Simulator) -> Desk:
    """A file of rows, and a job for them."""
    desk = Desk.at(tmp_path / "desk")
    desk.configure(portal.webhook_url)
    desk.write([(str(7 * number + 3), "Anna " * 5) for number in range(1, ROWS + 1)])
    return desk


def nothing_was_sent_after_the_refusal_or_twice(portal: Simulator) -> None:
    assert [key for key, ids in truth(portal).items() if len(ids) > 1] == []
    assert 0 < len(portal.started) < ROWS, "the disk was not full in the middle"


def says_what_to_do(desk: Desk, ended: Ended) -> None:
    assert "Traceback" not in ended.stderr
    said = ended.stderr + ended.stdout
    told = [line for line in said.splitlines() if not line.startswith('{"')]
    assert any(desk.ledger in line for line in told), f"it does not name the ledger: {told}"
    assert any("launcher resume" in line for line in told), f"it does not say how to go on: {told}"


async def resume_finishes_it(desk: Desk, portal: Simulator) -> None:
    ended = await desk.run("resume")

    assert ended.exit_code in (0, 5), ended.stderr
    given = truth(portal)
    assert [key for key, ids in given.items() if len(ids) > 1] == []
    results = desk.results()
    assert len(results) == ROWS
    for row in results:
        ids = given.get((f"LEAD_{row['ID']}", row["Manager"]), [])
        if row["launch_status"] == "started":
            assert [row["launch_workflow_id"]] == ids
        else:
            assert row["launch_status"] == "unknown", row
    # What was in flight when nothing could be recorded any more, and no more than that.
    assert sum(row["launch_status"] == "unknown" for row in results) <= IN_THE_AIR
    assert (await desk.status())["pending"] == 0


async def test_no_room_for_the_ledgers_file_stops_the_run_and_resume_finishes_it(
    desk: Desk, portal: Simulator
) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, resource.RLIM_INFINITY))

    async with desk.running("run", desk.file, preexec=limit) as command:
        ended = await command.ended()

    assert ended.exit_code == 3, ended.stderr
    nothing_was_sent_after_the_refusal_or_twice(portal)
    says_what_to_do(desk, ended)
    await resume_finishes_it(desk, portal)
    assert len(truth(portal)) == len(portal.started) >= ROWS - IN_THE_AIR


@contextlib.contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[None]:
    """That folder is a disk of its own, so small."""
    if os.geteuid() != 0 or not sys.platform.startswith("linux"):
        pytest.skip("mounting a small disk needs root on Linux; the limit on a file's size is tested instead")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"mounting a small disk is not permitted here: {mounted.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def make_room(folder: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=100m", str(folder)], check=True)


async def test_a_full_disk_under_the_ledger_stops_the_run_and_resume_finishes_it(
    desk: Desk, portal: Simulator, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    with small_disk(disk, kilobytes=5000):
        full = Desk(desk.folder, str(disk / "launcher.db"))
        full.configure(portal.webhook_url)
        ended = await full.run("run", full.file)

        assert ended.exit_code == 3, ended.stderr
        nothing_was_sent_after_the_refusal_or_twice(portal)
        says_what_to_do(full, ended)
        make_room(disk)
        await resume_finishes_it(full, portal)
    assert len(truth(portal)) == len(portal.started) >= ROWS - IN_THE_AIR


async def test_a_disk_that_is_full_at_once_starts_nothing(desk: Desk, portal: Simulator) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))

    async with desk.running("run", desk.file, preexec=limit) as command:
        ended = await command.ended()

    assert ended.exit_code in (2, 3), ended.stderr
    assert "Traceback" not in ended.stderr
    assert desk.ledger in ended.stderr
    assert portal.started == []
