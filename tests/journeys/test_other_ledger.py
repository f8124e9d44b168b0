"""What another ledger has started is not started again, nor is the file overwritten that proves it."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from launcher.simulator import Settings, Simulator
from tests.journeys.chaos import Desk, truth, until
from tests.journeys.conftest import Ended, Launcher
from tests.support.files import aged

SAID = ("--template", "1", "--kind", "lead", "--param", "Parameter1=Manager")
ROWS = [("ID", "Manager"), ("1", "Anna"), ("2", "Boris"), ("abc", "x")]


@pytest.fixture
async def portal() -> AsyncIterator[Simulator]:
    """A portal without a rate limit."""
    async with Simulator(Settings(burst=0, runs_seconds=float("inf"))) as simulator:
        yield simulator


class Person:
    """Starts files with the installed command, each time from a folder or home as a test says."""

    def __init__(self, launcher: Launcher, portal: Simulator, folder: Path) -> None:
        self.launcher, self.portal, self.folder = launcher, portal, folder
        self.results = folder / "leads.results.csv"

    async def __call__(self, *arguments: str | Path, home: str = "first", stdin: str = "") -> Ended:
        home_folder = str(self.folder / home)
        env = {
            "BITRIX24_WEBHOOK_URL": self.portal.webhook_url,
            "HOME": home_folder,
            "USERPROFILE": home_folder,
            "LOCALAPPDATA": home_folder,
        }
        return await self.launcher(*arguments, cwd=self.folder, env=env, stdin=stdin)

    async def run(self, file: str | Path = "leads.csv", *more: str, home: str = "first") -> Ended:
        return await self("run", file, *SAID, *more, home=home)

    def write(self, *rows: tuple[str, ...], name: str = "leads.csv") -> Path:
        path = self.folder / name
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows(rows or ROWS)
        return path

    def rows(self, path: Path | None = None) -> list[dict[str, str]]:
        with (path or self.results).open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))


@pytest.fixture
def person(launcher: Launcher, portal: Simulator, tmp_path: Path) -> Person:
    made = Person(launcher, portal, tmp_path)
    made.write()
    return made


class TestTheResultsFile:
    """It stands where the results of this run would go."""

    async def test_a_run_with_another_ledger_starts_and_overwrites_nothing(
        self, person: Person, portal: Simulator
    ) -> None:
        assert (await person.run()).exit_code == 1
        before = person.results.read_bytes()

        ended = await person.run(home="another")

        assert (ended.exit_code, len(portal.started)) == (2, 2)
        assert person.results.read_bytes() == before
        for word in ("leads.results.csv", "launcher.db", "another", "--ledger", "--results"):
            assert word in ended.stderr

    async def test_check_says_that_a_run_would_be_refused(self, person: Person, portal: Simulator) -> None:
        await person.run()

        ended = await person("check", "leads.csv", *SAID, home="another")

        assert (ended.exit_code, len(portal.started)) == (2, 2)
        assert "leads.results.csv" in ended.stdout

    async def test_both_ways_on_that_the_message_names_work(self, person: Person, portal: Simulator) -> None:
        await person.run()
        [ledger] = (person.folder / "first").rglob("launcher.db")

        named = await person.run("leads.csv", "--ledger", str(ledger), home="another")
        assert (named.exit_code, len(portal.started)) == (1, 2)
        elsewhere = await person.run("leads.csv", "--results", "again.csv", home="another")

        assert (elsewhere.exit_code, len(portal.started)) == (1, 4)
        assert {row["launch_run"] for row in person.rows()} == {"r2"}

    async def test_a_workbook_proves_its_starts_too(self, person: Person, portal: Simulator) -> None:
        book = openpyxl.Workbook()
        assert book.active is not None
        for row in ROWS:
            book.active.append(row)
        book.save(person.folder / "leads.xlsx")
        assert (await person.run("leads.xlsx")).exit_code == 1

        ended = await person.run("leads.xlsx", home="another")

        assert (ended.exit_code, len(portal.started)) == (2, 2)
        assert "leads.results.xlsx" in ended.stderr

    async def test_a_lost_start_at_the_end_of_a_long_file_is_found(
        self, person: Person, portal: Simulator
    ) -> None:
        """As after a ledger was put back from an older copy: it knows the first rows only."""
        person.write(("ID", "Manager"), *((str(number), "Anna") for number in range(1, 4_500)))
        await person.run("leads.csv", "--limit", "1")
        rows = person.rows()
        rows[-1].update(launch_status="started", launch_workflow_id="66e81a641752f8.56521481")
        with person.results.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)

        ended = await person.run()

        assert (ended.exit_code, len(portal.started)) == (2, 1)
        assert "row 4500" in ended.stderr

    async def test_a_pruned_ledger_still_knows_what_it_started(self, person: Person, portal: Simulator) -> None:
        await person.run()
        pruned = await person("prune", "--older-than", "0d", "--yes")
        assert pruned.exit_code == 0, pruned.stderr

        ended = await person.run()

        assert (ended.exit_code, len(portal.started)) == (1, 2)
        assert {row["launch_run"] for row in person.rows()} == {"r2"}

    async def test_an_id_that_excel_made_a_number_of_is_still_known(
        self, person: Person, portal: Simulator
    ) -> None:
        await person.run()
        told = "66241752123456.56521481"
        [ledger] = (person.folder / "first").rglob("launcher.db")
        change_id(ledger, person.rows()[0]["launch_workflow_id"], told)
        text = person.results.read_text("utf-8")
        person.results.write_text(
            text.replace(person.rows()[0]["launch_workflow_id"], "6.62418E+13"), "utf-8", newline=""
        )

        own = await person.run()

        assert (own.exit_code, len(portal.started)) == (1, 2)

    async def test_a_file_that_is_no_results_file_of_ours_is_as_before(self, person: Person) -> None:
        person.results.write_text("ID,launch_status\n1,started\n")
        assert (await person.run()).exit_code == 1
        person.results.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
        assert (await person.run()).exit_code == 1


class TestTheRowsSoFar:
    """They stand in `….partial.csv` where a run was killed, and are the only proof that a person has then."""

    async def test_a_killed_run_is_not_begun_anew_by_another_ledger(
        self, portal: Simulator, tmp_path: Path
    ) -> None:
        desk = Desk.at(tmp_path)
        desk.configure(portal.webhook_url, concurrency=1)
        desk.write([(str(number), "Anna") for number in range(1, 250)])
        partial = tmp_path / "leads.results.partial.csv"
        portal.settings = replace(portal.settings, start_seconds=0.02)
        async with desk.running("run", desk.file) as command:
            await until(lambda: partial.exists() and partial.stat().st_size > 500, unless=command)
            await command.kill()
        portal.settings = replace(portal.settings, start_seconds=0.0)

        ended = await desk.run("run", desk.file, "--ledger", "another.db")

        assert ended.exit_code == 2
        assert not [ids for ids in truth(portal).values() if len(ids) > 1]
        assert "leads.results.partial.csv" in ended.stderr
        # Its own ledger knows them, also where the last line was cut in the middle of an ID.
        whole = partial.read_text("utf-8").rstrip("\r\n")
        head, comma, _ = whole.rpartition(",started,")
        partial.write_text(f"{head}{comma}66e8", "utf-8", newline="")
        own = await desk.run("run", desk.file)
        assert own.exit_code != 2, own.stderr


class TestTheInput:
    """It is a results file that another ledger wrote."""

    @pytest.fixture
    async def given(self, person: Person) -> Path:
        """The file: the last row of many was started by another ledger."""
        await person.run()
        start = person.rows()[0]
        rows = [("9", "Vera", "pending", "")] * 2_100
        rows += [("1", "Anna", "started", start["launch_workflow_id"])]
        return person.write(("ID", "Manager", "launch_status", "launch_workflow_id"), *rows, name="given.csv")

    @pytest.mark.parametrize("command", [("run",), ("run", "--dry-run"), ("check",)])
    async def test_its_starts_are_not_sent_again(
        self, person: Person, portal: Simulator, given: Path, command: tuple[str, ...]
    ) -> None:
        ended = await person(*command, given, *SAID, home="another")

        assert (ended.exit_code, len(portal.started)) == (2, 2)
        told = ended.stdout + ended.stderr
        for word in ("given.csv", "2102", "launcher.db", "--ledger", "--ignore-launch-columns"):
            assert word in told

    async def test_both_ways_on_that_the_message_names_work(
        self, person: Person, portal: Simulator, given: Path
    ) -> None:
        [ledger] = (person.folder / "first").rglob("launcher.db")
        own = await person.run(given, "--ledger", str(ledger), home="another")
        assert (own.exit_code, len(portal.started)) == (0, 3)
        (person.folder / "given.results.csv").unlink()

        checked = await person("check", given, *SAID, "--ignore-launch-columns", home="another")
        ended = await person.run(given, "--ignore-launch-columns", home="another")

        assert (checked.exit_code, ended.exit_code, len(portal.started)) == (0, 0, 5)

    async def test_standard_input_is_looked_at_too(
        self, person: Person, portal: Simulator, given: Path
    ) -> None:
        ended = await person("run", "-", *SAID, home="another", stdin=given.read_text("utf-8"))

        assert (ended.exit_code, len(portal.started)) == (2, 2)

    async def test_a_results_file_of_its_own_ledger_is_run_and_retried_as_before(
        self, person: Person, portal: Simulator
    ) -> None:
        portal.settings = replace(portal.settings, refused={"LEAD_2": "no"})
        await person.run()
        portal.settings = replace(portal.settings, refused={})

        again = await person.run("leads.results.csv")
        retried = await person("retry", "r1", "--file", "leads.results.csv")

        assert (again.exit_code, len(portal.started)) == (1, 2)
        assert [row["launch_status"] for row in person.rows(person.folder / "leads.results.results.csv")] == [
            "skipped",
            "started",
            "invalid",
        ]
        assert (retried.exit_code, len(portal.started)) == (1, 2)

    async def test_a_night_refuses_that_job_and_says_why(
        self, person: Person, portal: Simulator, given: Path
    ) -> None:
        job = (
            f"{{template: 1, kind: lead, file: {given.name}, parameters: {{Parameter1: {{column: Manager}}}}}}"
        )
        portals = f"portal: {{webhook_url: '{portal.webhook_url}'}}"
        config = f"{portals}\nledger: new.db\njobs: {{night: {job}}}\n"
        (person.folder / "config.yaml").write_text(config)
        aged(given)

        ended = await person("nightly")

        assert (ended.exit_code, len(portal.started)) == (2, 2)
        assert "given.csv: row 2102" in ended.stdout


def change_id(ledger: Path, before: str, after: str) -> None:
    with closing(sqlite3.connect(ledger)) as connection, connection:
        connection.execute("update rows set workflow_id = ? where workflow_id = ?", (after, before))
