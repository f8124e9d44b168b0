"""Three nights of one job, each by its own clock; the portal's starts and the mailbox are the judges."""

from __future__ import annotations

import asyncio
import csv
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, MutableMapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from launcher.core.nights import JobResult, Outcome, Way
from launcher.simulator import Settings, Simulator
from tests.journeys.chaos import LONGEST_S, Desk, until
from tests.support.files import aged
from tests.support.nights import A_NIGHT, night
from tests.support.receivers import MailServer, WebReceiver, mail_server, web_receiver
from tests.support.wall_clock import WallClock, installed

ORDINARY = Settings(burst=0, runs_seconds=float("inf"))

# One night at a given time, in a process that can be killed.
NIGHT = f"""
import sys, time
began = time.monotonic()
time.time = lambda: float(sys.argv[1]) + time.monotonic() - began
{A_NIGHT}
"""


class Nights:
    """The job, who looks at it, and what became of it."""

    def __init__(
        self, folder: Path, portal: Simulator, mails: MailServer, pings: WebReceiver, clock: WallClock
    ) -> None:
        self.desk, self.portal, self.mails, self.pings = Desk.at(folder), portal, mails, pings
        self.clock = clock
        self.desk.configure(portal.webhook_url, concurrency=1)
        path = folder / "config.yaml"
        path.write_text(
            path.read_text(encoding="utf-8").replace("give_up_after: 5s", "give_up_after: 30m")
            + f"""\
    file: leads.csv
    schedule: "0 2 * * *"
    window: "01:00-05:00"
    timezone: Europe/Berlin
    ping: {pings.url}/leads
notify:
  email: {{to: vera@company.example, from: launcher@company.example, server: "smtp://127.0.0.1:{mails.port}"}}
""",
            encoding="utf-8",
        )

    def write(self, ids: Iterable[object]) -> None:
        path = self.desk.folder / "leads.csv"
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([("ID", "Manager"), *((str(one), "Anna") for one in ids)])
        aged(path)

    async def at(self, clock: str) -> JobResult:
        """A night that begins then."""
        self.clock.set(clock)
        [result] = await night(self.clock)
        return result

    async def closed_at_five(self, date: str, is_time: Callable[[], bool]) -> JobResult:
        """A night that begins at four; its window closes at five, which is as soon as that is so."""
        going = asyncio.create_task(self.at(f"{date} 04:00:00+01:00"))
        try:
            await until(lambda: going.done() or is_time())
        finally:
            self.clock.set(f"{date} 05:00:00+01:00")
        return await going

    def told(self) -> list[str]:
        # A long one is folded, wherever its numbers have it.
        return [" ".join(str(mail["Subject"]).split()) for mail in self.mails.mails]

    def pinged(self) -> list[str]:
        return [path.removeprefix("/leads") for path, _ in self.pings.heard]

    def started(self) -> Counter[str]:
        return Counter(start.document[2] for start in self.portal.started)


@pytest.fixture
async def nights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Nights]:
    async with Simulator(ORDINARY) as portal, mail_server() as mails, web_receiver() as pings:
        monkeypatch.chdir(tmp_path)
        yield Nights(tmp_path, portal, mails, pings, installed(monkeypatch))


def once(ids: Iterable[int]) -> Counter[str]:
    return Counter(f"LEAD_{one}" for one in ids)


async def test_three_nights_start_every_row_once_and_tell_what_is_to_be_told(nights: Nights) -> None:
    # Night 1: answers are lost, limits refuse, two rows are wrong, and the window ends early.
    nights.write([*range(1, 401), "abc", ""])
    nights.portal.settings = replace(ORDINARY, start_seconds=0.01)
    nights.portal.script(["reset after", "query limit", "drop key"], rate=0.3, times=4, seed=5)
    first = await nights.closed_at_five("2026-11-24", lambda: len(nights.portal.started) > 150)
    assert first.outcome is Outcome.CONTINUES
    by_five = nights.started()
    assert 0 < len(by_five) < 400
    assert len(nights.told()) == 1
    assert nights.told()[0].startswith("launcher: followup: continues next night, 2 invalid, ")
    assert nights.pinged() == ["/start", "/fail"]

    # Night 2: the wrong rows were mended, and there are fifty more.
    nights.portal.faults.entries.clear()
    nights.portal.settings = ORDINARY
    nights.write(range(1, 453))
    second = await nights.at("2026-11-25 02:00:01+01:00")
    assert [step.way for step in second.steps] == [Way.RESUMED, Way.BEGUN]
    assert (second.outcome, second.exit_code) == (Outcome.FINISHED, 0)
    assert nights.started() == once(range(1, 453))
    assert len(nights.told()) == 1, "all is well"
    assert nights.pinged()[2:] == ["/start", ""]

    # Night 3: the portal is down, and in the middle of that the machine goes down, too.
    await nights.portal.stop()
    nights.write(range(1, 501))
    await killed_while_it_waits(nights, "2026-11-26 02:00:01+01:00")
    await nights.portal.start()
    third = await nights.at("2026-11-26 03:05:00+01:00")
    assert [step.way for step in third.steps] == [Way.BEGUN]
    assert (third.outcome, third.exit_code) == (Outcome.FINISHED, 0)
    assert nights.started() == once(range(1, 501))
    assert len(nights.told()) == 1
    assert nights.pinged()[4:] == ["/start", "/start", ""]

    # Night 4 did not run at all. Night 5 finds nothing to do, and tells of it.
    fifth = await nights.at("2026-11-28 02:00:01+01:00")
    assert fifth.outcome is Outcome.NOTHING_TO_DO
    assert nights.told()[1:] == ["launcher: followup: late, nothing to do"]
    plain = nights.mails.mails[1].get_body(("plain",))
    assert plain is not None
    assert "there was no night when it was due at 2026-11-27 02:00" in plain.get_content()
    assert nights.started() == once(range(1, 501))


async def test_a_night_waits_for_a_portal_that_is_down_when_it_begins(nights: Nights) -> None:
    nights.write(range(1, 11))
    await nights.portal.stop()
    with capture_logs() as lines:
        going = asyncio.create_task(nights.at("2026-11-24 02:00:01+01:00"))
        await until(lambda: going.done() or waits(lines))
        await nights.portal.start()
        result = await going
    assert (result.outcome, result.exit_code) == (Outcome.FINISHED, 0)
    assert nights.started() == once(range(1, 11))


async def test_it_waits_no_longer_than_its_window(nights: Nights) -> None:
    nights.write(range(1, 11))
    await nights.portal.stop()
    with capture_logs() as lines:
        closed = await nights.closed_at_five("2026-11-24", lambda: waits(lines))
    assert (closed.outcome, closed.exit_code, closed.steps) == (Outcome.CONTINUES, 0, ())
    assert "its time was over (window: 01:00-05:00)" in closed.notes
    assert nights.told() == []


def waits(lines: Sequence[MutableMapping[str, Any]]) -> bool:
    """Whether the portal has been called in vain, by what was logged."""
    return any(line["event"] == "waiting" for line in lines)


async def killed_while_it_waits(nights: Nights, clock: str) -> None:
    """A night that begins then, and waits for its portal, is killed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        NIGHT,
        str(datetime.fromisoformat(clock).timestamp()),
        cwd=nights.desk.folder,
        env=nights.desk.environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(LONGEST_S):
            while b"could not be reached" not in await process.stdout.readline():
                assert process.returncode is None
        process.kill()
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
