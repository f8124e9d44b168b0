"""`launcher nightly` while another program writes the job's file; the portal's own list is the judge."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import sys
import time
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from launcher.simulator import Simulator
from tests.journeys.chaos import until
from tests.journeys.test_nightly import ORDINARY, Nights, once, started
from tests.journeys.test_told_after_a_crash import told_by
from tests.support.files import aged
from tests.support.held import HELD
from tests.support.receivers import mail_server

HALF_A_MINUTE = "max_duration: 30s"
"""A night that has no time to wait for a file that was changed just now."""


@pytest.fixture
async def portal() -> AsyncIterator[Simulator]:
    async with Simulator(ORDINARY) as portal:
        yield portal


@pytest.fixture
def nights(tmp_path: Path, portal: Simulator) -> Nights:
    return Nights(tmp_path, main=portal)


def changed(path: Path, seconds_ago: float) -> Path:
    """The file, as if it had been changed so long ago."""
    at = time.time() - seconds_ago
    os.utime(path, (at, at))
    return path


def all_is_read(nights: Nights) -> bool:
    """Whether every row of the file is in the ledger."""
    with closing(sqlite3.connect(nights.folder / "launcher.db")) as ledger:
        return ledger.execute("select loaded from runs").fetchall() == [(1,)]


async def test_a_file_changed_just_now_is_waited_for_and_then_taken(nights: Nights, portal: Simulator) -> None:
    nights.job("leads", "leads.csv")
    path = changed(nights.write("leads.csv", [1, 2, 3]), 0)
    async with nights.desk.running("nightly") as command:
        await until(lambda: "waiting" in command.stderr, unless=command)
        assert not portal.started
        nights.write("leads.csv", [1, 2, 3, 4])
        aged(path)
        ended = await command.ended()
    assert ended.exit_code == 0, ended.stderr
    assert "leads.csv" in ended.stderr
    assert started(portal) == once([1, 2, 3, 4])
    assert (await nights.night())[1]["leads"]["outcome"] == "nothing to do"


async def test_a_file_still_written_at_the_end_of_its_time_is_not_taken(
    nights: Nights, portal: Simulator
) -> None:
    nights.job("leads", "leads.csv", HALF_A_MINUTE)
    nights.job("others", "others.csv")
    path = changed(nights.write("leads.csv", [1, 2, 3]), 0)
    nights.write("others.csv", [7])

    ended, entries = await nights.night()

    assert (ended.exit_code, entries["leads"]["outcome"]) == (2, "could not begin")
    [note] = entries["leads"]["notes"]
    assert "leads.csv" in note
    assert "launcher run" in note
    assert started(portal) == once([7]), "another job goes on"

    aged(path)
    ended, _ = await nights.night()
    assert ended.exit_code == 0
    assert started(portal) == once([1, 2, 3, 7])


async def test_a_file_from_the_future_is_said_at_once_and_not_taken(nights: Nights, portal: Simulator) -> None:
    nights.job("leads", "leads.csv")
    path = changed(nights.write("leads.csv", [1]), -86_400)
    ended, entries = await nights.night()
    assert (ended.exit_code, entries["leads"]["outcome"]) == (2, "could not begin")
    assert "future" in entries["leads"]["notes"][0]
    assert started(portal) == once([])
    assert (await nights.desk.run("run", path.name, "--job", "leads")).exit_code == 0, "by hand it is taken"
    assert started(portal) == once([1])


@pytest.mark.skipif(sys.platform == "win32", reason="no program can send another one this signal there")
async def test_a_signal_ends_the_wait_for_a_file_at_once(nights: Nights, portal: Simulator) -> None:
    nights.job("leads", "leads.csv")
    changed(nights.write("leads.csv", [1]), 0)
    async with nights.desk.running("nightly") as command:
        await until(lambda: "waiting" in command.stderr, unless=command)
        command.signal(signal.SIGTERM)
        assert (await command.ended()).exit_code == 4
    assert started(portal) == once([])


async def test_a_job_may_say_that_its_file_is_taken_at_once(nights: Nights, portal: Simulator) -> None:
    nights.job("leads", "leads.csv", HALF_A_MINUTE, "file_settled_after: 0s")
    changed(nights.write("leads.csv", [1]), 0)
    ended, _ = await nights.night()
    assert ended.exit_code == 0, ended.stderr
    assert started(portal) == once([1])


async def test_a_file_that_was_run_by_hand_just_now_is_not_waited_for(
    nights: Nights, portal: Simulator
) -> None:
    """It may still be written, and so it is not moved from under its writer."""
    nights.job("leads", "leads.csv", HALF_A_MINUTE, "after: {move_to: done}")
    path = changed(nights.write("leads.csv", [1, 2]), 0)
    assert (await nights.desk.run("run", path.name, "--job", "leads")).exit_code == 0
    ended, entries = await nights.night()
    assert (ended.exit_code, entries["leads"]["outcome"]) == (0, "nothing to do")
    assert "not moved" in " ".join(entries["leads"]["notes"])
    assert path.exists()

    nights.write("leads.csv", [1, 2, 3])
    aged(path)
    ended, _ = await nights.night()
    assert ended.exit_code == 0
    assert started(portal) == once([1, 2, 3])
    assert not path.exists()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
async def test_a_last_line_without_its_end_is_not_started(
    nights: Nights, portal: Simulator, encoding: str
) -> None:
    """The writer was in the middle of 702 two minutes ago."""
    nights.job("leads", "leads.csv", HALF_A_MINUTE)
    path = nights.write("leads.csv", [])
    half = "Manager,ID\r\nAnna,701\r\nAnna,70"
    path.write_text(half, encoding=encoding, newline="")
    changed(path, 120)

    ended, entries = await nights.night()

    assert (ended.exit_code, entries["leads"]["outcome"]) == (2, "could not begin")
    assert "last line" in entries["leads"]["notes"][0]
    assert started(portal) == once([])

    path.write_text(f"{half}2\r\n", encoding=encoding, newline="")
    changed(path, 120)
    ended, _ = await nights.night()
    assert ended.exit_code == 0, ended.stderr
    assert started(portal) == once([701, 702])


async def test_a_last_line_without_its_end_is_taken_after_ten_minutes(
    nights: Nights, portal: Simulator
) -> None:
    nights.job("leads", "leads.csv", HALF_A_MINUTE)
    path = nights.write("leads.csv", [])
    path.write_text("ID,Manager\n701,Anna\n702,Anna", encoding="utf-8")
    changed(path, 700)
    ended, _ = await nights.night()
    assert ended.exit_code == 0, ended.stderr
    assert started(portal) == once([701, 702])


@pytest.mark.parametrize("how", ["appended to", "replaced by one of the same size and time"])
async def test_a_file_that_changed_while_it_ran_is_not_moved(
    nights: Nights, portal: Simulator, how: str
) -> None:
    nights.job("leads", "leads.csv", "after: {move_to: done}")
    path = nights.write("leads.csv", range(1, 101))
    as_read = path.stat()
    portal.settings = replace(ORDINARY, start_seconds=HELD)
    async with mail_server() as mails:
        told_by(nights, mails)
        async with nights.desk.running("nightly", "--json") as command:
            await until(lambda: len(portal.started) > 0 and all_is_read(nights), unless=command)
            if how == "appended to":
                with path.open("a", encoding="utf-8", newline="") as stream:
                    stream.write("101,Anna\r\n")
                os.utime(path, ns=(as_read.st_mtime_ns, as_read.st_mtime_ns + 10**9))
            else:
                fresh = nights.folder / "fresh.tmp"
                fresh.write_bytes(path.read_bytes().replace(b"\r\n100,", b"\r\n101,"))
                os.utime(fresh, ns=(as_read.st_mtime_ns, as_read.st_mtime_ns))
                fresh.replace(path)
            portal.settings = ORDINARY
            ended = await command.ended()
    assert len(mails.mails) == 1, "somebody hears of it"
    [entry] = json.loads(ended.stdout)["jobs"]
    assert (ended.exit_code, entry["runs"][0]["started"]) == (2, 100), ended.stderr
    assert "leads.csv" in " ".join(entry["notes"])
    assert path.exists()

    ended, _ = await nights.night()
    assert ended.exit_code == 0, ended.stderr
    assert started(portal) == once(range(1, 102))
    assert not path.exists()
    assert len(list((nights.folder / "done").glob("leads.csv"))) == 1


def day(nights: Nights, number: int) -> Path:
    """That day's file; a later day's is newer."""
    path = nights.write(f"day-{number}.csv", [number])
    os.utime(path, (1_700_000_000 + number, 1_700_000_000 + number))
    return path


async def test_the_newest_file_alone_is_taken_and_older_ones_are_named(
    nights: Nights, portal: Simulator
) -> None:
    nights.job("leads", "'day-*.csv'")
    day(nights, 1)
    await nights.night()
    day(nights, 2)
    day(nights, 3)

    for outcome in ("finished", "nothing to do"):
        ended, entries = await nights.night()
        assert (ended.exit_code, entries["leads"]["outcome"]) == (0, outcome)
        notes = " ".join(entries["leads"]["notes"])
        assert "day-2.csv" in notes
        assert "day-1.csv" not in notes, "it was run"
    assert started(portal) == once([1, 3])

    assert (await nights.desk.run("run", "day-2.csv", "--job", "leads")).exit_code == 0
    _, entries = await nights.night()
    assert "day-2.csv" not in " ".join(entries["leads"]["notes"])
    assert started(portal) == once([1, 2, 3])


async def test_a_file_that_a_bad_night_let_pass_is_told_once(nights: Nights, portal: Simulator) -> None:
    """The night of day 2 could not begin, and by day 3 there is a newer file."""
    nights.job("leads", "'day-*.csv'")
    day(nights, 1)
    assert (await nights.night())[0].exit_code == 0
    with closing(sqlite3.connect(nights.folder / "launcher.db")) as ledger, ledger:
        ledger.execute("update runs set created_at = 1700000001")
    path = day(nights, 2)
    good = path.read_bytes()
    path.write_bytes(b"Name\nAnna\n")
    os.utime(path, (1_700_000_002, 1_700_000_002))
    assert (await nights.night())[0].exit_code == 2
    path.write_bytes(good)
    os.utime(path, (1_700_000_002, 1_700_000_002))
    day(nights, 3)

    async with mail_server() as mails:
        told_by(nights, mails)
        ended, entries = await nights.night()
        assert (ended.exit_code, entries["leads"]["outcome"]) == (2, "finished")
        assert "day-2.csv" in " ".join(entries["leads"]["notes"])
        assert (await nights.night())[0].exit_code == 0
        assert len(mails.mails) == 1
    assert started(portal) == once([1, 3])
