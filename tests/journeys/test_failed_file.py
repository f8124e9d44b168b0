"""The file of the rows to fix is where a person works: what was changed there is never overwritten."""

from __future__ import annotations

import csv
import json
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from launcher.simulator import Settings, Simulator
from tests.journeys.chaos import Desk, until
from tests.support.held import HELD

ROWS = [("1", "Anna"), ("2", "Boris"), ("3", "Vera"), ("abc", "x")]
BY_HAND = "my own notes\n"


@pytest.fixture
async def portal() -> AsyncIterator[Simulator]:
    """A portal that refuses one lead."""
    settings = Settings(burst=0, runs_seconds=float("inf"), refused={"LEAD_2": "no"})
    async with Simulator(settings) as simulator:
        yield simulator


@pytest.fixture
def desk(tmp_path: Path, portal: Simulator) -> Desk:
    desk = Desk.at(tmp_path / "desk")
    desk.configure(portal.webhook_url, concurrency=2)
    desk.write(ROWS)
    return desk


def failed(desk: Desk, name: str = "leads.failed.csv") -> Path:
    return desk.folder / name


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def edit(path: Path, change: Callable[[list[dict[str, str]]], object]) -> bytes:
    """Change the table as a person does; what stands in the file then."""
    found = rows(path)
    headings = list(found[0])
    change(found)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, headings)
        writer.writeheader()
        writer.writerows(found)
    return path.read_bytes()


def files(desk: Desk) -> list[str]:
    return sorted(path.name for path in desk.folder.glob("*failed*"))


async def test_what_nobody_changed_is_written_anew_and_goes_with_the_last_row_to_mend(
    desk: Desk, portal: Simulator
) -> None:
    await desk.run("run", desk.file)
    await desk.run("run", desk.file)
    assert files(desk) == ["leads.failed.csv"]
    assert {row["launch_run"] for row in rows(failed(desk))} == {"r2"}

    portal.settings = replace(portal.settings, refused={})
    desk.write(ROWS[:3])
    await desk.run("run", desk.file)

    assert files(desk) == []


@pytest.mark.parametrize(
    "command",
    [("run", "leads.csv"), ("results", "r1"), ("reconcile", "r1"), ("resume", "r1"), ("retry", "r1")],
    ids=lambda command: command[0],
)
async def test_what_a_person_changed_stays_and_the_new_file_stands_beside_it(
    desk: Desk, command: tuple[str, ...]
) -> None:
    await desk.run("run", desk.file)
    failed(desk).write_text(BY_HAND)

    ended = await desk.run(*command)

    assert failed(desk).read_text() == BY_HAND
    run = "r2" if command[0] == "run" else "r1"
    beside = f"leads.failed.{run}.csv"
    assert files(desk) == ["leads.failed.csv", beside]
    assert {row["launch_run"] for row in rows(failed(desk, beside))} == {run}
    assert "leads.failed.csv" in ended.stderr
    assert beside in ended.stderr
    if command[0] != "results":
        assert f"launcher retry {run} --file {beside}" in ended.stdout
    # From then on it is said where the rows to fix are.
    assert f"launcher retry {run} --file {beside}" in (await desk.run("status", run)).stdout


async def test_what_a_person_changed_is_not_removed_either(desk: Desk, portal: Simulator) -> None:
    await desk.run("run", desk.file)
    failed(desk).write_text(BY_HAND)
    portal.settings = replace(portal.settings, refused={})
    desk.write(ROWS[:3])

    ended = await desk.run("run", desk.file)

    assert ended.exit_code == 0
    assert failed(desk).read_text() == BY_HAND
    assert files(desk) == ["leads.failed.csv"]
    assert "leads.failed.csv" in ended.stderr


async def test_the_new_file_is_written_anew_too_unless_it_was_changed(desk: Desk) -> None:
    await desk.run("run", desk.file)
    failed(desk).write_text(BY_HAND)
    await desk.run("retry", "r1")
    await desk.run("retry", "r1")
    assert files(desk) == ["leads.failed.csv", "leads.failed.r1.csv"]
    failed(desk, "leads.failed.r1.csv").write_text(BY_HAND)

    await desk.run("retry", "r1")
    assert files(desk) == ["leads.failed.csv", "leads.failed.r1-2.csv", "leads.failed.r1.csv"]
    assert failed(desk, "leads.failed.r1.csv").read_text() == BY_HAND

    failed(desk).unlink()
    await desk.run("retry", "r1")
    assert files(desk) == ["leads.failed.csv", "leads.failed.r1.csv"]


async def test_a_file_of_another_ledger_counts_as_changed(desk: Desk) -> None:
    await desk.run("run", desk.file)
    before = failed(desk).read_bytes()
    (desk.folder / "leads.results.csv").unlink()

    await desk.run("run", desk.file, "--ledger", "another.db")

    assert failed(desk).read_bytes() == before
    assert files(desk) == ["leads.failed.csv", "leads.failed.r1.csv"]


async def test_a_workbook_that_a_person_changed_stays(desk: Desk) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in [("ID", "Manager"), *ROWS]:
        book.active.append(row)
    book.save(desk.folder / "leads.xlsx")
    await desk.run("run", "leads.xlsx")
    path = failed(desk, "leads.failed.xlsx")
    book = openpyxl.load_workbook(path)
    book.create_sheet("Notes")
    book.save(path)
    before = path.read_bytes()

    await desk.run("retry")

    assert path.read_bytes() == before
    assert files(desk) == ["leads.failed.r1.xlsx", "leads.failed.xlsx"]


class TestGivenToRetry:
    """`launcher retry --file leads.failed.csv`, again and again: the way that the README shows."""

    async def test_rows_that_were_all_taken_over_are_written_anew_in_place(
        self, desk: Desk, portal: Simulator
    ) -> None:
        portal.settings = replace(portal.settings, refused={"LEAD_2": "no", "LEAD_9": "no"})
        await desk.run("run", desk.file)
        edit(failed(desk), lambda found: found[0].update(ID="9"))

        await desk.run("retry", "--file", "leads.failed.csv")
        assert files(desk) == ["leads.failed.csv"]
        assert [(row["ID"], row["launch_status"]) for row in rows(failed(desk))] == [
            ("9", "failed"),
            ("abc", "invalid"),
        ]

        edit(failed(desk), lambda found: [row.update(ID=str(n)) for n, row in enumerate(found, 10)])
        ended = await desk.run("retry", "--file", "leads.failed.csv")
        assert (ended.exit_code, files(desk)) == (0, [])
        assert sorted(start.document[2] for start in portal.started) == [
            "LEAD_1",
            "LEAD_10",
            "LEAD_11",
            "LEAD_3",
        ]

    @pytest.mark.parametrize(
        "more",
        [{"launch_row": "2", "ID": "77"}, {"launch_row": "900", "ID": "78"}, {"launch_row": "", "ID": "79"}],
        ids=["of a started row", "of no row", "without a number"],
    )
    async def test_a_change_that_was_not_taken_over_stays(self, desk: Desk, more: dict[str, str]) -> None:
        await desk.run("run", desk.file)
        before = edit(failed(desk), lambda found: found.append({**found[0], **more}))

        ended = await desk.run("retry", "--file", "leads.failed.csv")

        assert failed(desk).read_bytes() == before
        assert files(desk) == ["leads.failed.csv", "leads.failed.r1.csv"]
        assert "leads.failed.r1.csv" in ended.stderr

    async def test_what_is_changed_while_the_retry_goes_stays(self, desk: Desk, portal: Simulator) -> None:
        await desk.run("run", desk.file)
        edit(failed(desk), lambda found: found[1].update(ID="5"))
        portal.settings = replace(portal.settings, start_seconds=HELD)
        before = len(portal.started)
        async with desk.running("retry", "--file", "leads.failed.csv") as command:
            await until(lambda: len(portal.started) > before, unless=command)
            failed(desk).write_text(BY_HAND)
            portal.settings = replace(portal.settings, start_seconds=0.0)
            await command.ended()

        assert failed(desk).read_text() == BY_HAND
        assert files(desk) == ["leads.failed.csv", "leads.failed.r1.csv"]

    async def test_a_retry_that_was_killed_knows_at_its_resume_what_it_had_taken_over(
        self, desk: Desk, portal: Simulator
    ) -> None:
        await desk.run("run", desk.file)
        edit(failed(desk), lambda found: found[1].update(ID="5"))
        portal.settings = replace(portal.settings, start_seconds=HELD)
        before = len(portal.started)
        async with desk.running("retry", "--file", "leads.failed.csv") as command:
            await until(lambda: len(portal.started) > before, unless=command)
            command.signal(signal.SIGKILL)
            await command.ended()
        portal.settings = replace(portal.settings, start_seconds=0.0)

        await desk.run("resume")

        assert files(desk) == ["leads.failed.csv"]
        assert [row["ID"] for row in rows(failed(desk))] == ["2"]


async def test_a_night_moves_away_its_own_file_and_leaves_the_changed_one(
    desk: Desk, portal: Simulator
) -> None:
    config = desk.folder / "config.yaml"
    more = "    file: leads.csv\n    after: {move_to: done/}\n"
    config.write_text(config.read_text() + more)
    failed(desk).write_text(BY_HAND)

    ended = await desk.run("nightly", "--json")

    assert ended.exit_code == 1, ended.stderr
    done = desk.folder / "done"
    assert failed(desk).read_text() == BY_HAND
    assert sorted(path.name for path in done.iterdir()) == [
        "leads.csv",
        "leads.failed.r1.csv",
        "leads.results.csv",
    ]
    assert json.loads((await desk.run("results", "r1", "--json")).stdout)["run_id"] == "r1"
    assert len(list(done.iterdir())) == 3
