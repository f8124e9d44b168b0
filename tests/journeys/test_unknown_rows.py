"""Unknown rows stay in sight, and only those that a person chose are sent again; the portal's list judges."""

from __future__ import annotations

import csv
import json
import math
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from launcher.simulator import Settings, Simulator
from tests.journeys.chaos import Desk
from tests.support import held
from tests.support.files import aged

ROWS = [(str(n), f"Manager {n}") for n in range(101, 154)]
"""Rows 2 to 54 of a file: the first goes alone and starts, the answer to the next 50 is lost, two start."""
LOST = [f"LEAD_{n}" for n in range(102, 152)]


@pytest.fixture
async def portal() -> AsyncIterator[Simulator]:
    async with Simulator(Settings(burst=0)) as simulator:
        yield simulator


@pytest.fixture
async def desk(portal: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk whose run r1 has 50 unknown rows, each of which really started once."""
    held.accounted_as_nothing(monkeypatch)
    desk = Desk.at(tmp_path / "desk")
    desk.configure(portal.webhook_url, concurrency=1)
    desk.write(ROWS)
    portal.script("reset after", method="batch", skip=1)
    ran = await desk.run("run", desk.file)
    assert ran.exit_code == 5, ran.stderr
    assert unknown(desk) == list(range(3, 53))
    return desk


def unknown(desk: Desk) -> list[int]:
    return [int(row["launch_row"]) for row in desk.results() if row["launch_status"] == "unknown"]


def twice(portal: Simulator) -> list[str]:
    """The documents that the portal has started on more than once."""
    return [name for name, times in Counter(one.document[2] for one in portal.started).items() if times > 1]


def write(desk: Desk, name: str, rows: Sequence[dict[str, str]]) -> str:
    with (desk.folder / name).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return name


async def listed(desk: Desk, states: str) -> list[dict[str, str]]:
    """Those rows as `launcher results --only` writes them."""
    wrote = await desk.run("results", "-o", "all.csv", "--only", states)
    assert wrote.exit_code == 0, wrote.stderr
    with (desk.folder / "all.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


class TestRetryUnknownWithAFile:
    async def test_only_the_unknown_rows_of_the_file_are_sent(self, portal: Simulator, desk: Desk) -> None:
        rows = await listed(desk, "unknown,started")
        few = write(desk, "few.csv", [row for row in rows if row["launch_row"] in ("2", "4", "7", "9")])

        asked = await desk.run("retry", "--unknown", "--file", few)
        assert (asked.exit_code, len(portal.started)) == (2, 53)
        assert "3 rows" in asked.stderr

        retried = await desk.run("retry", "--unknown", "--file", few, "--yes")
        assert retried.exit_code == 5
        assert twice(portal) == ["LEAD_103", "LEAD_106", "LEAD_108"]
        assert unknown(desk) == [n for n in range(3, 53) if n not in (4, 7, 9)]

    async def test_rows_of_an_own_file_are_known_by_their_place(self, portal: Simulator, desk: Desk) -> None:
        """As without --unknown. Rows that stand elsewhere than in the run's file are other rows."""
        desk.write(ROWS[:4])
        assert (await desk.run("retry", "--unknown", "--file", desk.file, "--yes")).exit_code == 5
        assert twice(portal) == ["LEAD_102", "LEAD_103", "LEAD_104"]

        desk.write(ROWS[20:23])
        assert (await desk.run("retry", "--unknown", "--file", desk.file, "--yes")).exit_code == 5
        assert len(portal.started) == 56

    async def test_an_unknown_row_that_changed_in_the_file_stays(self, portal: Simulator, desk: Desk) -> None:
        rows = (await listed(desk, "unknown"))[:3]
        rows[1]["Manager"] = "Somebody else"
        few = write(desk, "few.csv", rows)

        retried = await desk.run("retry", "--unknown", "--file", few, "--yes")
        assert retried.exit_code == 5
        assert twice(portal) == ["LEAD_102", "LEAD_104"]
        assert "4" in retried.stderr
        assert "Somebody else" not in {one.parameters["Parameter1"] for one in portal.started}

    async def test_of_a_row_that_stands_twice_a_change_counts(self, portal: Simulator, desk: Desk) -> None:
        row = (await listed(desk, "unknown"))[0]
        few = write(desk, "few.csv", [row | {"ID": "7"}, row])
        await desk.run("retry", "--unknown", "--file", few, "--yes")
        assert len(portal.started) == 53

    async def test_a_file_without_unknown_rows_sends_none(self, portal: Simulator, desk: Desk) -> None:
        few = write(desk, "few.csv", await listed(desk, "started"))
        retried = await desk.run("retry", "--unknown", "--file", few)
        assert (retried.exit_code, len(portal.started)) == (5, 53)

    async def test_without_a_file_all_unknown_rows_are_sent(self, portal: Simulator, desk: Desk) -> None:
        assert "50 rows" in (await desk.run("retry", "--unknown")).stderr
        retried = await desk.run("retry", "--unknown", "--yes")
        assert (retried.exit_code, twice(portal)) == (0, LOST)


async def test_failed_rows_of_the_file_are_mended_beside_the_unknown(tmp_path: Path) -> None:
    async with Simulator(Settings(burst=0, refused={"LEAD_101": "no"})) as portal:
        desk = Desk.at(tmp_path / "desk")
        desk.configure(portal.webhook_url, concurrency=1)
        desk.write(ROWS[:5])
        portal.script("reset after", method="batch", skip=1)
        await desk.run("run", desk.file)
        rows = {row["launch_row"]: row for row in await listed(desk, "failed,unknown")}
        assert list(rows) == ["2", "3", "4", "5", "6"]
        rows["2"]["ID"] = "900"
        few = write(desk, "few.csv", [rows["2"], rows["3"]])

        refused = await desk.run("retry", "--unknown", "--file", few)
        assert (refused.exit_code, (await desk.status())["failed"]) == (2, 1)

        await desk.run("retry", "--unknown", "--file", few, "--yes")
        assert (twice(portal), portal.started[-1].document[2]) == (["LEAD_102"], "LEAD_102")
        assert [one.document[2] for one in portal.started].count("LEAD_900") == 1
        assert unknown(desk) == [4, 5, 6]


def code(shown: str) -> int:
    """The exit code that a JSON document tells."""
    told = json.loads(shown)["exit_code"]
    assert isinstance(told, int)
    return told


class TestRowsThatAnEarlierRunDoesNotKnow:
    async def test_a_run_that_skips_them_ends_with_5(self, portal: Simulator, desk: Desk) -> None:
        again = await desk.run("run", desk.file, "--json")
        assert (again.exit_code, code(again.stdout), len(portal.started)) == (5, 5, 53)
        assert {row["launch_status"] for row in desk.results()} == {"skipped"}

        status, told = await desk.run("status"), await desk.run("status", "--json")
        assert "50 rows" in status.stdout
        assert "launcher reconcile r1" in status.stdout
        assert "launcher retry r1 --unknown" in status.stdout
        assert code(told.stdout) == 5
        assert (await desk.run("run", desk.file, "--quiet")).stdout, "quiet tells of what may not have started"

    async def test_once_they_are_settled_it_is_as_if_they_had_never_been(self, desk: Desk) -> None:
        await desk.run("run", desk.file)
        assert (await desk.run("retry", "r1", "--unknown", "--yes")).exit_code == 0
        assert code((await desk.run("status", "r2", "--json")).stdout) == 0
        assert (await desk.run("run", desk.file)).exit_code == 0

    async def test_while_some_are_left_the_code_stays(self, desk: Desk) -> None:
        few = write(desk, "few.csv", (await listed(desk, "unknown"))[:49])
        await desk.run("run", desk.file)
        await desk.run("retry", "r1", "--unknown", "--file", few, "--yes")
        status = await desk.run("status", "r2")
        assert "1 row may have started in run r1" in status.stdout
        assert code((await desk.run("status", "r2", "--json")).stdout) == 5

    async def test_a_run_without_a_job_that_skips_them_tells_too(self, desk: Desk) -> None:
        plain = ("--template", "1", "--kind", "lead", "--param", "Parameter1=Manager")
        assert (await desk.run("run", desk.file, *plain)).exit_code == 5

    async def test_a_night_and_the_metrics_tell_it(self, desk: Desk) -> None:
        config = desk.folder / "config.yaml"
        text = config.read_text(encoding="utf-8")
        config.write_text(f"metrics_file: m.prom\n{text}    file: leads.csv\n", encoding="utf-8")
        desk.write([*ROWS, ("999", "New")])
        aged(desk.folder / desk.file)

        night = await desk.run("nightly", "--json")
        [job] = json.loads(night.stdout)["jobs"]
        assert night.exit_code == 5
        assert [(one["run_id"], one["exit_code"]) for one in job["runs"]] == [("r1", 5), ("r2", 5)]
        metrics = (desk.folder / "m.prom").read_text(encoding="utf-8")
        assert [
            line.split()[-1] for line in metrics.splitlines() if line.startswith("launcher_last_run_exit")
        ] == ["5"]
        assert "launcher_last_success_timestamp_seconds{" not in metrics


class TestReconcileWhereThePortalDoesNotTellWhoStarted:
    async def test_it_says_so_and_not_that_nothing_fits(self, portal: Simulator, desk: Desk) -> None:
        portal.settings = replace(portal.settings, runs_seconds=math.inf, tells_starter=False)
        portal.script("reset after", method="batch", skip=1)
        desk.write([(str(n), "Anna") for n in range(201, 211)])
        assert (await desk.run("run", desk.file)).exit_code == 5

        asked = await desk.run("reconcile")
        assert (asked.exit_code, len(portal.started)) == (5, 63)
        assert "who started" in asked.stdout
        assert "who started" in asked.stderr
        assert "no running workflow" not in asked.stdout
        lost = {
            f"LEAD_{row['ID']}": row["launch_error"]
            for row in desk.results()
            if row["launch_status"] == "unknown"
        }
        assert len(lost) == 9
        ids = {one.document[2]: one.workflow_id for one in portal.started}
        assert [name for name, reason in lost.items() if ids[name] not in reason] == []

        portal.settings = replace(portal.settings, tells_starter=True)
        assert (await desk.run("reconcile")).exit_code == 0

    async def test_where_none_runs_it_says_that_none_fits(self, portal: Simulator, desk: Desk) -> None:
        portal.settings = replace(portal.settings, tells_starter=False)
        asked = await desk.run("reconcile")
        assert asked.exit_code == 5
        assert "no running workflow that fits" in asked.stdout
