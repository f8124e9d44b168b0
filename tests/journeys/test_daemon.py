"""`launcher daemon`: the installed command runs schedules; the portals' own lists are the judge.

So that a job is due at once, its schedule is that of some minutes ago, and the ledger has a night before that.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from launcher.core.nights import JobResult, Outcome
from launcher.core.summary import Exit
from launcher.ledger import open_ledger
from launcher.ledger.nights import Nights as LedgerNights
from launcher.simulator import Simulator
from tests.journeys.chaos import LONGEST_S, Command, Desk, until
from tests.journeys.test_nightly import ORDINARY, Nights, branch, main, once, started
from tests.support import schemas
from tests.support.held import HELD

__all__ = ["branch", "main"]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no program can send another one signals there")
DAY = 86_400.0


def due_before(minutes: int) -> tuple[str, float]:
    """A daily schedule that was due so long ago, and when."""
    due_at = (time.time() - minutes * 60) // 60 * 60
    return f"{datetime.fromtimestamp(due_at, UTC):%M %H} * * *", due_at


async def had_night(nights: Nights, job: str, due_at: float, *, ended: bool = True) -> None:
    """The ledger knows a night of that job, to its end or cut off."""
    async with open_ledger(str(nights.folder / "launcher.db")) as ledger:
        portal = nights.portals["main"].url.removeprefix("http://")
        kept = LedgerNights(ledger, job, portal)
        night = await kept.begin(due_at, due_at)
        if ended:
            result = JobResult(job=job, portal=portal, outcome=Outcome.FINISHED, exit_code=Exit.ALL_STARTED)
            await kept.end(night, due_at + 60, result)


@dataclass(frozen=True)
class Running:
    """A daemon that runs, and what it says of itself."""

    command: Command
    address: str
    client: aiohttp.ClientSession

    def lines(self, event: str) -> list[dict[str, Any]]:
        logged = [json.loads(line) for line in self.command.stderr.splitlines() if line.startswith('{"')]
        return [line for line in logged if line["event"] == event]

    async def says(self, event: str) -> dict[str, Any]:
        await until(lambda: bool(self.lines(event)), unless=self.command)
        return self.lines(event)[-1]

    async def health(self) -> tuple[int, dict[str, Any]]:
        async with self.client.get(self.address + "/healthz") as answer:
            return answer.status, await answer.json()

    async def looked(self) -> dict[str, Any]:
        """What it says once it has looked at its jobs."""
        deadline = time.monotonic() + LONGEST_S
        while not (document := (await self.health())[1])["jobs"]:
            assert time.monotonic() < deadline
        return document

    async def metrics(self) -> str:
        async with self.client.get(self.address + "/metrics") as answer:
            assert answer.status == 200
            return await answer.text()


@asynccontextmanager
async def daemon(desk: Desk, *more: str) -> AsyncIterator[Running]:
    async with desk.running("daemon", "--listen", "127.0.0.1:0", *more) as command:
        await until(lambda: '"daemon begins"' in command.stderr, unless=command)
        async with aiohttp.ClientSession() as client:
            running = Running(command, "", client)
            yield replace(running, address=running.lines("daemon begins")[0]["listens_at"])


async def test_a_due_job_is_run_and_the_next_due_time_is_waited_for(tmp_path: Path, main: Simulator) -> None:
    schedule, due_at = due_before(10)
    nights = Nights(tmp_path, main=main)
    nights.job("leads", "leads.csv", f'schedule: "{schedule}"')
    nights.job("new", "leads-2.csv", f'schedule: "{schedule}"')
    nights.write("leads.csv", range(1, 61))
    nights.write("leads-2.csv", range(100, 110))
    await had_night(nights, "leads", due_at - 2 * DAY)

    async with daemon(nights.desk, "--json") as running:
        ended = await running.says("night ended")
        assert (ended["job"], ended["outcome"], ended["exit_code"]) == ("leads", "finished", 0)
        assert datetime.fromisoformat((await running.says("missed"))["due"]).timestamp() == due_at - DAY
        await until(lambda: started(main) == once(range(1, 61)))
        running.command.signal(signal.SIGHUP)  # looks at once
        async with nights.desk.running("daemon", "--health", "--listen", running.address[7:]) as asked:
            answer = await asked.ended()
        assert (answer.exit_code, "leads is due next" in answer.stdout) == (0, True), answer.stdout
        status, document = await running.health()
        assert (status, document["status"]) == (200, "ok")
        leads = document["jobs"]["leads"]
        assert datetime.fromisoformat(leads["next_due"]).timestamp() == pytest.approx(due_at + DAY, abs=3601)
        assert len(leads["missed"]) == 1
        assert document["jobs"]["new"]["last_night"] is None, "it never had a night: it waits for its first"
        metrics = await running.metrics()
        assert 'launcher_last_run_rows{job="leads",portal="' in metrics
        assert "launcher_daemon_up{} 1" in metrics
        running.command.signal(signal.SIGTERM)
        stopped = await running.command.ended()
    assert stopped.exit_code == 0, stopped.stderr
    schemas.adapter("daemon").validate_json(stopped.stdout)
    at_end = json.loads(stopped.stdout)
    assert (at_end["exit_code"], at_end["jobs"]["leads"]["last_night"]["outcome"]) == (0, "finished")
    secret = main.webhook_url.rstrip("/").rpartition("/")[2]
    assert secret not in stopped.stderr + stopped.stdout + metrics + json.dumps(document)
    assert started(main) == once(range(1, 61))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
async def test_a_daemon_that_ended_in_a_run_goes_on_with_it_and_takes_no_file_a_second_time(
    tmp_path: Path, main: Simulator, how: signal.Signals
) -> None:
    schedule, due_at = due_before(10)
    nights = Nights(tmp_path, main=main)
    nights.job("leads", "leads.csv", f'schedule: "{schedule}"')
    nights.write("leads.csv", range(1, 201))
    await had_night(nights, "leads", due_at - DAY)
    main.settings = replace(ORDINARY, start_seconds=0.02)
    async with daemon(nights.desk) as running:
        await until(lambda: len(main.started) > 10, unless=running.command)
        running.command.signal(how)
        ended = await running.command.ended()
    assert ended.exit_code == (4 if how is signal.SIGTERM else -9), ended.stderr
    assert len(main.started) < 200
    main.settings = ORDINARY
    nights.write("leads.csv", range(1, 206))

    async with daemon(nights.desk) as running:
        goes_on = await running.says("continues an interrupted night")
        assert datetime.fromisoformat(goes_on["due"]).timestamp() == due_at
        ended_night = await running.says("night ended")
        assert ended_night["outcome"] == "finished"
        assert "the next one takes what is new" in " ".join(ended_night["notes"])
        running.command.signal(signal.SIGTERM)
        assert (await running.command.ended()).exit_code == 0
    assert started(main) == once(range(1, 201)), "each exactly once, and none of what is new"

    async with daemon(nights.desk) as running:  # that due time has had its night now
        assert (await running.looked())["status"] == "ok"
        running.command.signal(signal.SIGTERM)
        assert (await running.command.ended()).exit_code == 0
    assert not running.lines("night begins")
    await nights.night()
    assert started(main) == once(range(1, 206))


async def test_a_night_that_was_cut_off_before_it_took_its_file_takes_it(
    tmp_path: Path, main: Simulator
) -> None:
    schedule, due_at = due_before(10)
    nights = Nights(tmp_path, main=main)
    nights.job("leads", "leads.csv", f'schedule: "{schedule}"')
    nights.write("leads.csv", [1, 2, 3])
    await had_night(nights, "leads", due_at, ended=False)
    async with daemon(nights.desk) as running:
        assert (await running.says("night ended"))["outcome"] == "finished"
    assert started(main) == once([1, 2, 3])


async def test_a_second_daemon_is_refused_and_so_is_a_taken_port(tmp_path: Path, main: Simulator) -> None:
    nights = Nights(tmp_path / "one", main=main)
    other = Nights(tmp_path / "two", main=main)
    for one in (nights, other):
        one.job("leads", "leads.csv", f'schedule: "{due_before(10)[0]}"')
    async with daemon(nights.desk) as running:
        second = await nights.desk.run("daemon")
        assert (second.exit_code, "another launcher daemon works with the ledger" in second.stderr) == (6, True)
        taken = await other.desk.run("daemon", "--listen", running.address[7:])
        assert (taken.exit_code, taken.stderr.startswith(f"launcher: --listen {running.address[7:]}: ")) == (
            2,
            True,
        )
    wrong = await nights.desk.run("daemon", "--listen", "8087x")
    assert (wrong.exit_code, "HOST:PORT such as 127.0.0.1:8087" in wrong.stderr) == (2, True)
    nobody = await nights.desk.run("daemon", "--health", "--listen", running.address[7:])
    assert (nobody.exit_code, nobody.stdout) == (1, f"no launcher daemon answers at {running.address[7:]}\n")


async def test_without_a_schedule_or_a_file_there_is_nothing_to_run(tmp_path: Path, main: Simulator) -> None:
    nights = Nights(tmp_path, main=main)
    nights.job("leads", "leads.csv")
    ended = await nights.desk.run("daemon")
    assert (ended.exit_code, "no job has a schedule:" in ended.stderr) == (2, True)
    nights.jobs.clear()
    nights.job("leads", '""', 'schedule: "0 2 * * *"')
    ended = await nights.desk.run("daemon")
    assert (ended.exit_code, "has a schedule: and no file:" in ended.stderr) == (2, True)


async def test_a_portal_that_another_run_holds_is_waited_for(tmp_path: Path, main: Simulator) -> None:
    schedule, due_at = due_before(10)
    nights = Nights(tmp_path, main=main)
    nights.job("leads", "leads.csv", f'schedule: "{schedule}"')
    nights.write("leads.csv", [1, 2, 3])
    nights.write("others.csv", range(1000, 1300))
    await had_night(nights, "leads", due_at - DAY)
    main.settings = replace(ORDINARY, start_seconds=HELD)
    async with nights.desk.running("run", "others.csv", "--job", "leads") as by_hand:
        await until(lambda: len(main.started) > 0, unless=by_hand)
        async with daemon(nights.desk) as running:
            assert "run r1 (" in (await running.says("waits"))["reason"]
            assert not running.lines("night begins")
            assert "run r1 (" in (await running.health())[1]["jobs"]["leads"]["waits"]
            main.settings = ORDINARY
            assert (await by_hand.ended()).exit_code == 0
            assert (await running.says("night ended"))["outcome"] == "finished"
    assert started(main) == once([1, 2, 3, *range(1000, 1300)])


async def test_a_configuration_that_is_broken_and_mended_while_it_runs(tmp_path: Path, main: Simulator) -> None:
    schedule, due_at = due_before(10)
    nights = Nights(tmp_path, main=main)
    nights.job("leads", "leads.csv", f'schedule: "{due_before(-120)[0]}"')
    nights.write("leads.csv", [1])
    nights.write("deals.csv", [2])
    await had_night(nights, "deals", due_at - DAY)
    config = tmp_path / "config.yaml"
    good = config.read_text()
    async with daemon(nights.desk) as running:
        assert (await running.looked())["status"] == "ok"
        config.write_text(good + "nonsense: 1\n")
        running.command.signal(signal.SIGHUP)
        trouble = await running.says("trouble")
        assert "nonsense" in trouble["reason"]
        status, document = await running.health()
        assert (status, "nonsense" in document["troubles"][0]) == (503, True)
        assert "leads" in document["jobs"], "the last good one goes on"
        asked = await nights.desk.run("daemon", "--health", "--listen", running.address[7:])
        assert (asked.exit_code, "nonsense" in asked.stdout) == (1, True)
        running.command.signal(signal.SIGHUP)  # the same trouble again
        nights.job("deals", "deals.csv", f'schedule: "{schedule}"')
        running.command.signal(signal.SIGHUP)
        await running.says("well again")
        assert (await running.says("night ended"))["job"] == "deals"
        assert (await running.health())[0] == 200
    assert len(running.lines("trouble")) == 1, "said once"
    assert started(main) == once([2])


async def test_a_ledger_that_cannot_be_read_is_trouble(tmp_path: Path, main: Simulator) -> None:
    nights = Nights(tmp_path, main=main)
    nights.job("leads", "leads.csv", f'schedule: "{due_before(10)[0]}"')
    async with daemon(nights.desk) as running:
        assert (await running.looked())["status"] == "ok"
        for name in ("launcher.db", "launcher.db-wal", "launcher.db-shm"):
            if (tmp_path / name).exists():
                (tmp_path / name).rename(tmp_path / f"away-{name}")
        running.command.signal(signal.SIGHUP)
        assert "has gone" in (await running.says("trouble"))["reason"]
        assert (await running.health())[0] == 503
        assert "launcher_daemon_up{} 0" in await running.metrics()
        assert not (tmp_path / "launcher.db").exists(), "no empty one in its place"
        (tmp_path / "launcher.db").write_bytes(b"no ledger" * 1000)
        running.command.signal(signal.SIGHUP)
        await until(lambda: len(running.lines("trouble")) == 2, unless=running.command)
        assert (await running.health())[0] == 503


async def test_two_portals_side_by_side_leave_one_complete_metrics_file(
    tmp_path: Path, main: Simulator, branch: Simulator
) -> None:
    schedule, due_at = due_before(10)
    nights = Nights(tmp_path, main=main, branch=branch)
    nights.job("leads", "leads.csv", f'schedule: "{schedule}"')
    nights.job("others", "others.csv", portal="branch")
    nights.write("leads.csv", range(1, 61))
    nights.write("others.csv", range(1, 61))
    await had_night(nights, "leads", due_at - DAY)
    ended = await nights.desk.run("nightly", "--metrics-file", "launcher.prom")
    assert ended.exit_code == 0, ended.stderr
    text = (tmp_path / "launcher.prom").read_text()
    for job in ("leads", "others"):
        assert f'launcher_runs{{job="{job}"' in text
        assert sum(f'last_success_timestamp_seconds{{job="{job}"' in line for line in text.splitlines()) == 1


async def test_jobs_with_one_file_have_results_of_their_own(tmp_path: Path, main: Simulator) -> None:
    nights = Nights(tmp_path, main=main)
    nights.job("leads", "leads.csv")
    nights.job("the same", "'l*s.csv'")
    nights.write("leads.csv", [1, 2])
    ended, entries = await nights.night()
    assert ended.exit_code == 0, ended.stderr
    results = {name: Path(entry["runs"][0]["results"]).name for name, entry in entries.items()}
    assert results == {"leads": "leads.leads.results.csv", "the same": "leads.the_same.results.csv"}
    assert all((tmp_path / name).exists() for name in results.values())
    ended, entries = await nights.night()
    assert {entry["outcome"] for entry in entries.values()} == {"nothing to do"}

    nights.job("third", "leads.csv", "after: {move_to: done}")
    ended = await nights.desk.run("nightly")
    assert (ended.exit_code, "before the job leads, which has the same file:" in ended.stderr) == (2, True)
