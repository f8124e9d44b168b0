"""Results as a person gets them: on standard output, while the run goes, as a workbook given back."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from launcher.simulator import Settings, Simulator
from tests.journeys.chaos import Desk, truth, until
from tests.support.held import HELD

ROWS = 250


@pytest.fixture
async def portal() -> AsyncIterator[Simulator]:
    """A portal without a rate limit."""
    async with Simulator(Settings(burst=0, runs_seconds=float("inf"))) as simulator:
        yield simulator


@pytest.fixture
def desk(tmp_path: Path, portal: Simulator) -> Desk:
    desk = Desk.at(tmp_path / "desk")
    desk.configure(portal.webhook_url, concurrency=2)
    desk.write([*((str(7 * number + 3), "Анна, мл.") for number in range(1, ROWS)), ("abc", "x")])
    return desk


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def partial(desk: Desk) -> Path:
    return desk.folder / "leads.results.partial.csv"


def shown_so_far(desk: Desk) -> list[dict[str, str]]:
    return table(partial(desk).read_text("utf-8")) if partial(desk).exists() else []


async def test_results_on_stdout_are_the_whole_table_and_the_summary_stands_elsewhere(
    desk: Desk, portal: Simulator
) -> None:
    ended = await desk.run("run", desk.file, "--results", "-")

    assert ended.exit_code == 1, ended.stderr
    rows = table(ended.stdout)
    assert [row["launch_row"] for row in rows] == [str(number) for number in range(2, ROWS + 2)]
    given = truth(portal)
    assert all(given[f"LEAD_{row['ID']}", row["Manager"]] == [row["launch_workflow_id"]] for row in rows[:-1])
    assert "249 started" in ended.stderr
    assert "launcher results r1 -o to-fix.csv --only failed,invalid" in ended.stderr
    assert sorted(path.name for path in desk.folder.glob("leads*")) == ["leads.csv"]

    again = await desk.run("results", "-o", "-", "--only", "invalid")
    assert (again.exit_code, table(again.stdout)) == (0, rows[-1:])
    as_the_run_did = await desk.run("results")
    assert table(as_the_run_did.stdout) == rows


async def test_two_documents_on_stdout_are_refused_before_anything_is_started(
    desk: Desk, portal: Simulator
) -> None:
    for arguments in (("run", desk.file, "--results", "-"), ("results", "-o", "-")):
        if arguments[0] == "results":
            await desk.run("run", desk.file, "--limit", "1")
        before = len(portal.started)
        ended = await desk.run(*arguments, "--json")

        assert json.loads(ended.stdout)["exit_code"] == ended.exit_code == 2
        assert "--json" in ended.stderr
        assert "standard output holds one" in ended.stderr
        assert len(portal.started) == before


async def test_a_run_whose_results_went_to_stdout_may_be_resumed_with_json(
    desk: Desk, portal: Simulator
) -> None:
    await desk.run("run", desk.file, "--results", "-", "--limit", "1")

    ended = await desk.run("resume", "--json")

    assert json.loads(ended.stdout)["rows"] == ROWS
    assert "launcher results r1" in ended.stderr


async def test_a_reader_that_goes_away_leaves_a_message_and_the_ledger_whole(
    desk: Desk, portal: Simulator
) -> None:
    desk.write([(str(number), "x" * 1_000) for number in range(1, 500)])
    async with desk.typing(f"launcher run {desk.file} --results - | head -c 10") as command:
        ended = await command.ended()

    assert len(ended.stdout) == 10
    assert "Traceback" not in ended.stderr
    assert "Exception ignored" not in ended.stderr
    assert "standard output: cannot be written" in ended.stderr
    assert (await desk.status())["started"] == 499


async def test_rows_so_far_can_be_read_in_the_middle_a_kill_leaves_them_and_the_results_replace_them(
    desk: Desk, portal: Simulator
) -> None:
    portal.settings = replace(portal.settings, start_seconds=0.02)
    async with desk.running("run", desk.file) as command:
        # Two requests of 50 rows are open at most, so that the answers of 50 rows have come; then the portal is
        # held, else the run may end before they are seen.
        await until(lambda: len(portal.started) > 150, unless=command)
        portal.settings = replace(portal.settings, start_seconds=HELD)
        await until(lambda: len(shown_so_far(desk)) > 50, unless=command)
        seen = shown_so_far(desk)
        await command.kill()
    portal.settings = replace(portal.settings, start_seconds=0.02)

    given = truth(portal)
    for row in seen:
        if row["launch_status"] == "started":
            assert given[f"LEAD_{row['ID']}", row["Manager"]] == [row["launch_workflow_id"]]
    assert {row["launch_status"] for row in seen} == {"started", "invalid"}
    assert not (desk.folder / "leads.results.csv").exists()

    async with desk.running("resume") as command:
        # The first page of this sitting: what the one before has settled, its last rows too.
        await until(lambda: {"unknown", "invalid"} <= {row["launch_status"] for row in shown_so_far(desk)})
        numbers = [row["launch_row"] for row in shown_so_far(desk)]
        assert len(set(numbers)) == len(numbers)
        assert {row["launch_row"] for row in seen} <= set(numbers)
        portal.settings = replace(portal.settings, start_seconds=0.0)
        ended = await command.ended()

    assert list(desk.results()[0]) == list(seen[0])
    assert len(desk.results()) == ROWS, ended.stderr
    assert not partial(desk).exists()


async def test_results_that_are_not_there_are_not_said_to_be(desk: Desk) -> None:
    """A full disk kept them from being written, or somebody moved them."""
    await desk.run("run", desk.file)
    assert (await desk.run("status")).stdout.count("Results: ") == 1
    (desk.folder / "leads.results.csv").unlink()

    ended = await desk.run("status")

    assert "leads.results.csv, which is not there. To write it: launcher results r1" in " ".join(
        ended.stdout.split()
    )
    await desk.run("results", "r1")
    assert "not there" not in (await desk.run("status")).stdout


@pytest.mark.parametrize("command", ["run", "results"])
async def test_what_a_killed_run_left_goes_once_results_are_in_place(
    command: str, desk: Desk, portal: Simulator
) -> None:
    await desk.run("run", desk.file, "--limit", "1")
    partial(desk).write_text("left")

    await desk.run(command, *([desk.file] if command == "run" else []))

    assert not partial(desk).exists()


async def test_where_the_rows_so_far_cannot_be_shown_there_is_one_warning_and_the_run_goes_on(
    desk: Desk, portal: Simulator
) -> None:
    portal.settings = replace(portal.settings, start_seconds=0.008)
    partial(desk).mkdir()
    (partial(desk) / "a file").touch()

    ended = await desk.run("run", desk.file)

    assert ended.exit_code == 1
    assert ended.stderr.count("the rows so far cannot be shown") == 1
    assert len(desk.results()) == ROWS


async def test_a_results_workbook_is_summed_up_on_its_first_sheet_and_can_be_given_back(
    desk: Desk, portal: Simulator
) -> None:
    path = desk.folder / "leads.xlsx"
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.title = "Лиды"
    for row in [("ID", "Manager"), *((number, "Анна") for number in range(1, 60)), ("DEAL_7", "Борис")]:
        book.active.append(row)
    book.save(path)
    portal.settings = replace(portal.settings, refused={"LEAD_5": "=Нет прав", "LEAD_6": "=Нет прав"})

    first = await desk.run("run", "leads.xlsx")

    results = openpyxl.load_workbook(desk.folder / "leads.results.xlsx")
    assert results.sheetnames == ["Summary", "Лиды"]
    said = [[cell for cell in row if cell is not None] for row in results["Summary"].values]
    assert ["Run", "r1"] in said
    assert ["Job", "followup"] in said
    assert ["started", 57] in said
    assert any(line[:2] == ["failed", 2] and line[-1] == 6 for line in said), said
    assert any(line[:2] == ["invalid", 1] and line[-1] == 61 for line in said), said
    secret = portal.webhook_url.rstrip("/").rpartition("/")[2]
    assert secret not in str(said)
    assert openpyxl.load_workbook(desk.folder / "leads.failed.xlsx").sheetnames == ["Лиды"]
    assert first.exit_code == 1

    portal.settings = replace(portal.settings, refused={})
    again = await desk.run("run", "leads.results.xlsx")
    mended = await desk.run("retry", "r1", "--file", "leads.results.xlsx", "--json")

    assert again.exit_code == 1, again.stderr
    assert len(portal.started) == 59
    twice = openpyxl.load_workbook(desk.folder / "leads.results.results.xlsx")
    assert twice.sheetnames == results.sheetnames
    assert next(twice["Лиды"].values) == next(results["Лиды"].values)
    assert json.loads(mended.stdout)["rows"] == 60
