"""`launcher nightly`: jobs that know their file, night after night; the portals' own lists are the judge."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from launcher.core.nights import JobResult, Outcome, Way
from launcher.simulator import Settings, Simulator
from tests.journeys.chaos import Desk, Ended, until
from tests.support.files import aged
from tests.support.held import HELD
from tests.support.nights import night
from tests.support.wall_clock import WallClock, installed

ORDINARY = Settings(burst=0, runs_seconds=float("inf"))


@pytest.fixture
async def main() -> AsyncIterator[Simulator]:
    async with Simulator(ORDINARY) as portal:
        yield portal


@pytest.fixture
async def branch() -> AsyncIterator[Simulator]:
    async with Simulator(ORDINARY) as portal:
        yield portal


class Nights:
    """A person's folder with jobs that know their file."""

    def __init__(self, folder: Path, **portals: Simulator) -> None:
        self.desk = Desk.at(folder)
        self.folder = folder
        self.portals = portals
        self.jobs: list[str] = []

    def job(self, name: str, file: str, *more: str, portal: str = "main") -> None:
        """One more job in the configuration; `more`: its further lines."""
        lines = [f"  {name}:", "    template: 1", "    kind: lead", f"    portal: {portal}"]
        lines += ["    parameters: {Parameter1: {column: Manager}}", f"    file: {file}"]
        self.jobs.append("\n".join([*lines, *(f"    {line}" for line in more)]))
        entries = "\n".join(
            f"  {name}: {{webhook_url: '{portal.webhook_url}', limits: {{burst: 0}}, concurrency: 1}}"
            for name, portal in self.portals.items()
        )
        text = "portals:\n" + entries + "\njobs:\n" + "\n".join(self.jobs) + "\n"
        (self.folder / "config.yaml").write_text(text, encoding="utf-8")

    def write(self, name: str, ids: Sequence[int], manager: str = "Anna") -> Path:
        """The file, as if it had been written long ago."""
        path = self.folder / name
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([("ID", "Manager"), *((str(n), manager) for n in ids)])
        return aged(path)

    async def night(self, *names: str) -> tuple[Ended, dict[str, Any]]:
        """One night by the installed command, and its entries by job."""
        ended = await self.desk.run("nightly", *names, "--json")
        document = json.loads(ended.stdout)
        assert document["exit_code"] == ended.exit_code, ended.stderr
        return ended, {entry["job"]: entry for entry in document["jobs"]}


def started(portal: Simulator) -> Counter[str]:
    return Counter(start.document[2] for start in portal.started)


def once(ids: Sequence[int]) -> Counter[str]:
    return Counter(f"LEAD_{n}" for n in ids)


async def test_two_jobs_on_two_portals_and_a_second_night_with_nothing_new(
    tmp_path: Path, main: Simulator, branch: Simulator
) -> None:
    nights = Nights(tmp_path, main=main, branch=branch)
    nights.job("leads", "leads.csv")
    nights.job("others", "others.csv", portal="branch")
    nights.write("leads.csv", range(1, 121))
    nights.write("others.csv", range(500, 560))

    first, entries = await nights.night()
    assert first.exit_code == 0, first.stderr
    assert {entry["outcome"] for entry in entries.values()} == {"finished"}
    assert [run["started"] for run in entries["leads"]["runs"]] == [120]

    second, entries = await nights.night()
    assert second.exit_code == 0
    for entry in entries.values():
        assert (entry["outcome"], entry["runs"]) == ("nothing to do", [])
        assert "unchanged since run" in entry["notes"][0]
    assert started(main) == once(range(1, 121))
    assert started(branch) == once(range(500, 560))


async def test_a_mended_file_starts_what_is_new_in_it(tmp_path: Path, main: Simulator) -> None:
    nights = Nights(tmp_path, main=main)
    nights.job("leads", "leads.csv")
    path = nights.write("leads.csv", [1, 2, 3])
    path.write_text(path.read_text() + "abc,Anna\n")
    aged(path)
    ended, entries = await nights.night()
    assert (ended.exit_code, entries["leads"]["runs"][0]["invalid"]) == (1, 1)

    nights.write("leads.csv", [1, 2, 3, 4, 5])
    ended, entries = await nights.night()
    assert ended.exit_code == 0
    assert (entries["leads"]["runs"][0]["started"], entries["leads"]["runs"][0]["skipped"]) == (2, 3)
    assert started(main) == once(range(1, 6))


@pytest.mark.parametrize(("line", "code"), [("require_file: false", 0), ("require_file: true", 2)])
async def test_a_missing_file_is_said_and_keeps_no_other_job_from_running(
    tmp_path: Path, main: Simulator, line: str, code: int
) -> None:
    nights = Nights(tmp_path, main=main)
    nights.job("gone", "gone.csv", line)
    nights.job("leads", "leads.csv")
    nights.write("leads.csv", [1])

    ended, entries = await nights.night()

    assert ended.exit_code == entries["gone"]["exit_code"] == code
    assert (entries["gone"]["outcome"], entries["gone"]["notes"]) == (
        "nothing to do",
        ["there is no file gone.csv"],
    )
    assert started(main) == once([1])
    told = await nights.desk.run("run", "--job", "gone")
    assert (told.exit_code, told.stderr) == (code, "launcher: nothing to do: there is no file gone.csv\n")


async def test_a_job_that_fails_keeps_no_other_from_running(tmp_path: Path, main: Simulator) -> None:
    nights = Nights(tmp_path, main=main)
    nights.job("broken", "broken.csv")
    nights.job("leads", "leads.csv")
    (tmp_path / "broken.csv").write_text("Name\nAnna\n")
    aged(tmp_path / "broken.csv")
    nights.write("leads.csv", [1])

    ended, entries = await nights.night()

    assert (ended.exit_code, entries["broken"]["outcome"]) == (2, "could not begin")
    assert "broken.csv" in entries["broken"]["notes"][0]
    assert entries["leads"]["outcome"] == "finished"
    assert started(main) == once([1])
    table = await nights.desk.run("nightly")
    assert table.exit_code == 2
    assert "could not begin" in table.stdout
    assert "broken.csv" in table.stdout


async def test_a_portal_that_refuses_all_keeps_no_other_from_running(
    tmp_path: Path, main: Simulator, branch: Simulator
) -> None:
    nights = Nights(tmp_path, main=main, branch=branch)
    nights.job("leads", "leads.csv")
    nights.job("others", "others.csv", portal="branch")
    nights.write("leads.csv", [1, 2])
    nights.write("others.csv", [3, 4])
    main.script("no auth", times=1000)

    ended, entries = await nights.night()

    assert ended.exit_code == 3
    assert started(main) == Counter()
    assert started(branch) == once([3, 4])
    assert entries["leads"]["exit_code"] == 3
    assert entries["others"]["outcome"] == "finished"


async def test_outside_its_window_a_job_sends_nothing_and_says_so(tmp_path: Path, main: Simulator) -> None:
    now = datetime.now(UTC)
    window = f"{now + timedelta(hours=2):%H:%M}-{now + timedelta(hours=3):%H:%M}"
    nights = Nights(tmp_path, main=main)
    nights.job("leads", "leads.csv", f'window: "{window}"', "timezone: UTC")
    nights.write("leads.csv", [1])

    ended, entries = await nights.night()

    assert ended.exit_code == 0
    assert entries["leads"]["outcome"] == "continues next night"
    assert window in entries["leads"]["notes"][0]
    assert main.requests == []


@pytest.fixture
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WallClock:
    """For nights in this process, in that folder."""
    monkeypatch.chdir(tmp_path)
    return installed(monkeypatch)


async def one_night(clock: WallClock) -> JobResult:
    """A night of the one job, by that clock."""
    [result] = await night(clock)
    return result


async def cut(portal: Simulator, clock: WallClock, begins: str, ends: str) -> JobResult:
    """A night that begins then; once it has started some rows, it is so late that its time is over."""
    clock.set(begins)
    portal.settings = replace(ORDINARY, start_seconds=0.01)
    going = asyncio.create_task(one_night(clock))
    try:
        await until(lambda: going.done() or len(portal.started) > 20)
    finally:
        clock.set(ends)
    return await going


async def test_a_night_cut_by_its_window_goes_on_in_the_next(
    tmp_path: Path, main: Simulator, clock: WallClock
) -> None:
    """In this process, whose clock is the test's: the window closes once some rows have started."""
    nights = Nights(tmp_path, main=main)
    nights.job(
        "leads", "leads.csv", 'window: "22:00-06:00"', "timezone: Europe/Berlin", "after: {move_to: done}"
    )
    nights.write("leads.csv", range(1, 401))
    first = await cut(main, clock, "2026-11-24 22:00+01:00", "2026-11-25 06:00+01:00")
    assert (first.outcome, first.exit_code) == (Outcome.CONTINUES, 0)
    sent_by_six = len(main.started)
    assert 0 < sent_by_six < 400
    assert (tmp_path / "leads.csv").exists()
    clock.set("2026-11-25 06:01+01:00")
    closed = await one_night(clock)
    assert (closed.outcome, len(main.started)) == (Outcome.CONTINUES, sent_by_six)

    main.settings = ORDINARY
    clock.set("2026-11-25 22:00+01:00")
    second = await one_night(clock)
    assert (second.outcome, second.exit_code) == (Outcome.FINISHED, 0), second
    assert [step.way for step in second.steps] == [Way.RESUMED]
    assert started(main) == once(range(1, 401))
    assert sorted(path.name for path in (tmp_path / "done").iterdir()) == ["leads.csv", "leads.results.csv"]
    assert second.steps[0].summary.results == str(tmp_path / "done" / "leads.results.csv")


async def test_a_night_cut_by_its_duration_goes_on_with_the_file_mended_meanwhile(
    tmp_path: Path, main: Simulator, clock: WallClock
) -> None:
    """As above, with the duration that the job is given."""
    nights = Nights(tmp_path, main=main)
    nights.job("leads", "leads.csv", "max_duration: 2h")
    nights.write("leads.csv", range(1, 301))
    first = await cut(main, clock, "2026-11-24 22:00+01:00", "2026-11-25 00:00+01:00")
    assert (first.exit_code, first.outcome) == (0, Outcome.CONTINUES)
    assert 0 < len(main.started) < 300
    status = await nights.desk.run("status")
    assert "continues next night" in status.stdout

    main.settings = ORDINARY
    nights.write("leads.csv", range(1, 321))
    clock.set("2026-11-25 22:00+01:00")
    second = await one_night(clock)
    assert (second.exit_code, second.outcome) == (0, Outcome.FINISHED)
    assert started(main) == once(range(1, 321))


@pytest.mark.skipif(sys.platform == "win32", reason="no program can send another one this signal there")
async def test_sigterm_stops_all_portals_and_the_next_night_goes_on(
    tmp_path: Path, main: Simulator, branch: Simulator
) -> None:
    nights = Nights(tmp_path, main=main, branch=branch)
    nights.job("leads", "leads.csv")
    nights.job("later", "later.csv")
    nights.job("others", "others.csv", portal="branch")
    nights.write("leads.csv", range(1, 201))
    nights.write("later.csv", range(1001, 1011))
    nights.write("others.csv", range(1, 201))
    for portal in (main, branch):
        portal.settings = replace(ORDINARY, start_seconds=0.02)
    async with nights.desk.running("nightly", "--json") as command:
        await until(lambda: len(main.started) > 2 and len(branch.started) > 2, unless=command)
        command.signal(signal.SIGTERM)
        ended = await command.ended()
    entries = {entry["job"]: entry for entry in json.loads(ended.stdout)["jobs"]}
    assert ended.exit_code == 4, ended.stderr
    assert {entry["outcome"] for entry in entries.values()} == {"interrupted"}
    assert entries["later"]["runs"] == []
    assert sum(run["unknown"] for entry in entries.values() for run in entry["runs"]) == 0

    for portal in (main, branch):
        portal.settings = ORDINARY
    ended, entries = await nights.night()
    assert ended.exit_code == 0, ended.stderr
    assert started(main) == once([*range(1, 201), *range(1001, 1011)])
    assert started(branch) == once(range(1, 201))


async def test_a_killed_night_is_gone_on_with_and_its_unknown_rows_are_asked_about(
    tmp_path: Path, main: Simulator
) -> None:
    nights = Nights(tmp_path, main=main)
    nights.job("leads", "leads.csv")
    nights.write("leads.csv", range(1, 201))
    main.settings = replace(ORDINARY, start_seconds=0.05)
    async with nights.desk.running("nightly") as command:
        await until(lambda: len(main.started) > 10, unless=command)
        await command.kill()
    main.settings = ORDINARY

    await nights.night()
    await nights.night()

    assert started(main) == once(range(1, 201)), "each exactly once"


async def test_a_lost_answer_is_asked_about_the_next_night(tmp_path: Path, main: Simulator) -> None:
    """Its workflow ended before anybody asked, so nobody can tell; it is never sent again."""
    nights = Nights(tmp_path, main=main)
    nights.job("leads", "leads.csv")
    nights.write("leads.csv", [1])
    main.script("reset after", method="batch", times=1)
    main.script("reset after", method="bizproc.workflow.start", times=1)
    main.settings = replace(ORDINARY, runs_seconds=0.0)
    ended, entries = await nights.night()
    assert ended.exit_code == 5, ended.stdout

    ended, entries = await nights.night()
    assert [run["step"] for run in entries["leads"]["runs"]] == ["reconcile"]
    assert ended.exit_code == 5
    assert started(main) == once([1])


async def test_of_a_pattern_the_newest_file_or_all_are_run_and_put_away(
    tmp_path: Path, main: Simulator
) -> None:
    nights = Nights(tmp_path, main=main)
    nights.job("newest", "'new-*.csv'")
    nights.job("all", "'all-*.csv'", "choose: all", "after: {move_to: done/}")
    for age, name in enumerate(["new-b.csv", "new-a.csv", "all-1.csv", "all-2.csv"]):
        path = nights.write(name, [10 * age + 1, 10 * age + 2])
        os.utime(path, (1_700_000_000 + age, 1_700_000_000 + age))
    (tmp_path / "done").mkdir()
    (tmp_path / "done" / "all-2.csv").write_text("an older one")

    ended, _ = await nights.night()

    assert ended.exit_code == 0, ended.stderr
    assert started(main) == once([11, 12, 21, 22, 31, 32])
    assert sorted(path.name for path in (tmp_path / "done").iterdir()) == [
        "all-1.csv", "all-1.results.csv", "all-2-2.csv", "all-2-2.results.csv", "all-2.csv",
    ]  # fmt: skip
    assert (tmp_path / "done" / "all-2.csv").read_text() == "an older one"
    ended, entries = await nights.night()
    assert {entry["outcome"] for entry in entries.values()} == {"nothing to do"}


async def test_an_address_is_fetched_and_run_where_its_content_changed(tmp_path: Path, main: Simulator) -> None:
    content = ["ID,Manager\n1,Anna\n"]

    async def serve(_request: web.Request) -> web.Response:
        return web.Response(text=content[0])

    application = web.Application()
    application.router.add_get("/leads.csv", serve)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        nights = Nights(tmp_path, main=main)
        nights.job("web", f"http://127.0.0.1:{runner.addresses[0][1]}/leads.csv?key=a-long-secret-of-ours")
        assert [(await nights.night())[1]["web"]["outcome"] for _ in "12"] == ["finished", "nothing to do"]
        content[0] += "2,Boris\n"
        ended, entries = await nights.night()
    finally:
        await runner.cleanup()
    assert entries["web"]["outcome"] == "finished"
    assert started(main) == once([1, 2])
    assert "a-long-secret" not in ended.stdout + ended.stderr
    assert (tmp_path / "leads.results.csv").exists()


async def test_a_run_by_hand_of_a_few_rows_does_not_count_as_the_files_run(
    tmp_path: Path, main: Simulator
) -> None:
    nights = Nights(tmp_path, main=main)
    nights.job("leads", "leads.csv")
    nights.write("leads.csv", range(1, 11))
    assert (await nights.desk.run("run", "--job", "leads", "--limit", "3")).exit_code == 0
    assert len(main.started) == 3

    ended, _ = await nights.night()

    assert ended.exit_code == 0
    assert started(main) == once(range(1, 11))


async def test_a_job_without_a_file_is_refused_by_name(tmp_path: Path, main: Simulator) -> None:
    desk = Desk.at(tmp_path)
    desk.configure(main.webhook_url)
    assert "no job has a file:" in (await desk.run("nightly")).stderr
    ended = await desk.run("nightly", "followup")
    assert (ended.exit_code, "followup has no file:" in ended.stderr) == (2, True)


async def test_two_portals_side_by_side_with_their_ledger_on_postgresql(
    tmp_path: Path, main: Simulator, branch: Simulator, postgres_url: str
) -> None:
    nights = Nights(tmp_path, main=main, branch=branch)
    nights.job("leads", "leads.csv")
    nights.job("others", "others.csv", portal="branch")
    nights.write("leads.csv", range(1, 121))
    nights.write("others.csv", range(1, 121))

    for outcome in ("finished", "nothing to do"):
        ended = await nights.desk.run("nightly", "--json", "--ledger", postgres_url)
        assert ended.exit_code == 0, ended.stderr
        assert {entry["outcome"] for entry in json.loads(ended.stdout)["jobs"]} == {outcome}
    assert started(main) == started(branch) == once(range(1, 121))


async def test_with_wait_a_night_begins_when_the_run_that_holds_the_portal_has_ended(
    tmp_path: Path, main: Simulator
) -> None:
    nights = Nights(tmp_path, main=main)
    nights.job("leads", "leads.csv")
    nights.write("leads.csv", range(1, 11))
    nights.write("others.csv", range(101, 201))
    main.settings = replace(ORDINARY, start_seconds=HELD)
    async with nights.desk.running("run", "others.csv", "--job", "leads") as other:
        await until(lambda: len(main.started) > 0, unless=other)
        ended, _ = await nights.night()
        assert ended.exit_code == 6
        async with nights.desk.running("nightly", "--wait") as waiting:
            await until(lambda: "waiting for its end" in waiting.stderr, unless=waiting)
            waiting.signal(signal.SIGTERM)
            assert (await waiting.ended()).exit_code == 4
        async with nights.desk.running("nightly", "--wait") as waiting:
            await until(lambda: "waiting for its end" in waiting.stderr, unless=waiting)
            main.settings = ORDINARY
            assert (await other.ended()).exit_code == 0
            assert (await waiting.ended()).exit_code == 0
    assert started(main) == once([*range(1, 11), *range(101, 201)])
