"""A night that is killed between its end and telling anybody of it: somebody hears of it all the same."""

from __future__ import annotations

import asyncio
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from launcher.simulator import Settings, Simulator
from tests.journeys.chaos import LONGEST_S, Desk, until
from tests.journeys.test_daemon import DAY, daemon, due_before, had_night
from tests.journeys.test_nightly import Nights, branch, main
from tests.support.files import aged
from tests.support.held import BATCHES_HELD
from tests.support.nights import A_NIGHT
from tests.support.receivers import MailServer, mail_server

__all__ = ["branch", "main"]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no program can send another one signals there")

SLOW = Settings(burst=0, runs_seconds=float("inf"), start_seconds=BATCHES_HELD)
UNTOLD = "and is told late: the launcher was cut off"

# A night with a kill -9 at that line of it.
KILLED_AT = f"""
import os, signal, sys
from launcher.automation import notifications
from launcher.ledger import nights

def keep(*given, **more):
    kept(*given, **more)
    os.kill(os.getpid(), signal.SIGKILL)

async def send(*_):
    os.kill(os.getpid(), signal.SIGKILL)

kept = nights.keep

if sys.argv[1] == "before the end is in the ledger":
    nights.keep = keep
else:
    notifications.Notifications.send = send
{A_NIGHT}
"""


def told_by(nights: Nights, mails: MailServer, ledger: str = "launcher.db") -> None:
    """Somebody is told by that server of what becomes of the jobs."""
    path = nights.folder / "config.yaml"
    to = f"{{to: vera@company.example, from: a@company.example, server: 'smtp://127.0.0.1:{mails.port}'}}"
    path.write_text(f"{path.read_text()}notify: {{email: {to}}}\nledger: {ledger}\n")


def two_jobs(nights: Nights, *more: str) -> None:
    """The first has a row to mend, the second takes long."""
    for name, ids in (("first", [1, 2]), ("second", range(101, 301))):
        nights.job(name, f"{name}.csv", *more)
        nights.write(f"{name}.csv", ids)
    with (nights.folder / "first.csv").open("a") as file:
        file.write("abc,Anna\n")
    aged(nights.folder / "first.csv")


def plain(mails: MailServer) -> str:
    parts = [mail.get_body(("plain",)) for mail in mails.mails]
    return "".join(part.get_content() for part in parts if part is not None)


@pytest.mark.parametrize("ledger", ["sqlite", "postgresql"])
async def test_a_night_killed_in_its_second_job_tells_of_the_first_when_the_next_one_begins(
    tmp_path: Path, main: Simulator, ledger: str, request: pytest.FixtureRequest
) -> None:
    nights = Nights(tmp_path, main=main)
    two_jobs(nights)
    async with mail_server() as mails:
        location = "launcher.db" if ledger == "sqlite" else request.getfixturevalue("postgres_url")
        told_by(nights, mails, location)
        main.settings = SLOW
        async with nights.desk.running("nightly") as command:
            await until(lambda: len(main.started) > 3, unless=command)
            await command.kill()
        assert mails.mails == []
        status = await nights.desk.run("status")
        assert "first: 1 invalid, 2 started: it waits for its first try" in status.stdout
        main.settings = replace(SLOW, start_seconds=0.0)

        for _ in range(2):
            await nights.desk.run("nightly", "first")
        assert [mail["Subject"] for mail in mails.mails] == ["launcher: first: 1 invalid, 2 started"]
        assert UNTOLD in plain(mails)
        assert "launcher retry r1 --file" in plain(mails)
        assert [part.get_filename() for part in mails.mails[0].iter_attachments()] == ["first.failed.csv"]


@pytest.mark.parametrize(
    ("point", "was_ended"), [("before the end is in the ledger", False), ("after it", True)]
)
async def test_the_end_of_a_night_and_its_message_are_in_the_ledger_together_or_not_at_all(
    tmp_path: Path, main: Simulator, point: str, was_ended: bool
) -> None:
    nights = Nights(tmp_path, main=main)
    nights.job("leads", "leads.csv", 'schedule: "0 2 * * *"')
    nights.write("leads.csv", [1, 2])
    with (tmp_path / "leads.csv").open("a") as file:
        file.write("abc,Anna\n")
    aged(tmp_path / "leads.csv")
    async with mail_server() as mails:
        told_by(nights, mails)
        assert await killed_at(nights.desk, point) == -signal.SIGKILL
        assert mails.mails == []
        assert len(main.started) == 2

        for _ in range(2):
            await nights.desk.run("nightly")
        assert mails.mails[0]["Subject"] == "launcher: leads: 1 invalid, 2 started"
        assert len(mails.mails) == 1
        assert (UNTOLD in plain(mails)) == was_ended, "else the night that goes on with it tells it as its own"
        assert len(main.started) == 2


async def killed_at(desk: Desk, point: str) -> int:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED_AT, point, cwd=desk.folder, env=desk.environment
    )
    return await asyncio.wait_for(process.wait(), LONGEST_S)


async def test_a_daemon_that_begins_tells_what_the_killed_one_had_not(tmp_path: Path, main: Simulator) -> None:
    schedule, due_at = due_before(10)
    nights = Nights(tmp_path, main=main)
    two_jobs(nights, f'schedule: "{schedule}"')
    for name in ("first", "second"):
        await had_night(nights, name, due_at - DAY)
    async with mail_server() as mails:
        told_by(nights, mails)
        main.settings = SLOW
        async with daemon(nights.desk) as running:
            await until(lambda: len(main.started) > 3, unless=running.command)
            await running.command.kill()
        assert mails.mails == []
        async with daemon(nights.desk) as running:
            await until(lambda: len(mails.mails) == 1, unless=running.command)
        assert mails.mails[0]["Subject"] == "launcher: first: 1 invalid, 2 started"
        assert UNTOLD in plain(mails)
