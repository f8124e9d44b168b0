"""Portals behind servers that repeat, refuse and shorten: what the results say is what really started."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.journeys.chaos import Desk
from tests.journeys.conftest import Launcher
from tests.support.raw_portal import RawPortal, Request, raw_portal, response


def desk_at(folder: Path, portal: RawPortal, rows: list[tuple[str, str]], *, concurrency: int = 4) -> Desk:
    desk = Desk.at(folder)
    desk.configure(portal.webhook_url, concurrency=concurrency)
    desk.write(rows)
    return desk


def states(desk: Desk) -> Mapping[str, int]:
    return Counter(row["launch_status"] for row in desk.results())


def assert_ids_are_true(desk: Desk, portal: RawPortal) -> None:
    """A row has the ID of the one workflow that was started on its document, or none."""
    for row in desk.results():
        really = [workflow for document, workflow in portal.started if document == f"LEAD_{row['ID']}"]
        if row["launch_status"] == "started":
            assert [row["launch_workflow_id"]] == really
        else:
            assert row["launch_workflow_id"] == ""


class Repeating:
    """Refuses even documents. What it answered to a start it says once more when the next request is here."""

    def __init__(self) -> None:
        self._said: dict[int, bytes] = {}

    def __call__(self, portal: RawPortal, request: Request) -> bytes:
        surplus = self._said.pop(request.on_connection - 1, b"")
        if not request.number:
            return surplus + portal.execute(request)
        document = str(request.body["DOCUMENT_ID"][2])
        refused = int(document.removeprefix("LEAD_")) % 2 == 0
        wrong = response(400, {"error": "", "error_description": "Wrong DOCUMENT_ID!"})
        self._said[request.on_connection] = wrong if refused else portal.execute(request)
        return surplus + self._said[request.on_connection]


async def test_an_answer_said_twice_is_no_answer_to_the_next_request(tmp_path: Path) -> None:
    """A server in front repeats an answer on a connection that was kept: the next row would have its ID."""
    async with raw_portal(Repeating()) as portal:
        # Cells that a batch would damage, so that each row goes alone.
        rows = [(str(number), f"$result[{number}]") for number in range(1, 13)]
        desk = desk_at(tmp_path / "desk", portal, rows, concurrency=1)
        ran = await desk.run("run", desk.file, "--job", "followup")

    assert ran.exit_code == 1
    assert states(desk) == {"started": 6, "failed": 6}
    assert len(portal.started) == 6
    assert_ids_are_true(desk, portal)


@dataclass
class Confusing:
    """Starts what is asked for, and tells the first workflow's ID of some documents, too."""

    told: Collection[str]
    """Those documents."""
    refuses_from: int = 0
    """From that request on it knows the webhook no longer; 0: it always does."""
    numbers: dict[str, int] = field(default_factory=dict)
    """In which request each document was."""

    def __call__(self, portal: RawPortal, request: Request) -> bytes:
        if request.number and 0 < self.refuses_from <= request.number:
            return response(403, {"error": "ACCESS_DENIED", "error_description": "no"})
        before = len(portal.started)
        answer = portal.execute(request)
        for document, workflow in portal.started[before:]:
            self.numbers[document] = request.number
            if document in self.told:
                answer = answer.replace(workflow.encode(), portal.started[0][1].encode())
        return answer


async def test_one_workflow_id_for_rows_of_several_requests_is_believed_of_none(tmp_path: Path) -> None:
    confusing = Confusing(told=("LEAD_60", "LEAD_110"))
    async with raw_portal(confusing) as portal:
        desk = desk_at(tmp_path / "desk", portal, [(str(n), "Anna") for n in range(1, 121)], concurrency=1)
        ran = await desk.run("run", desk.file, "--job", "followup", "--json")
        rows = desk.results()
        status = await desk.status()
        assert_ids_are_true(desk, portal)
        # Each workflow runs on its own document, which says whose it is.
        portal.lists_running = True
        asked = await desk.run("reconcile")

    assert len({confusing.numbers[document] for document in ("LEAD_1", "LEAD_60", "LEAD_110")}) == 3
    assert ran.exit_code == 5
    unknown = [row for row in rows if row["launch_status"] == "unknown"]
    assert [row["ID"] for row in unknown] == ["1", "60", "110"]
    assert {row["launch_error_code"] for row in unknown} == {"same workflow ID"}
    for counts in (json.loads(ran.stdout), status):
        assert (counts["started"], counts["unknown"]) == (117, 3)
    assert asked.exit_code == 0
    assert states(desk) == {"started": 120}
    assert_ids_are_true(desk, portal)


async def test_the_same_workflow_id_counts_for_rows_that_go_alone_and_after_resume(tmp_path: Path) -> None:
    confusing = Confusing(told=("LEAD_8",), refuses_from=5)
    async with raw_portal(confusing) as portal:
        rows = [(str(number), f"$result[{number}]") for number in range(1, 11)]
        desk = desk_at(tmp_path / "desk", portal, rows, concurrency=1)
        stopped = await desk.run("run", desk.file, "--job", "followup")
        before = states(desk)
        confusing.refuses_from = 0
        resumed = await desk.run("resume", "--json")

    assert (stopped.exit_code, before) == (3, {"started": 4, "pending": 6})
    assert resumed.exit_code == 5
    assert [row["ID"] for row in desk.results() if row["launch_status"] == "unknown"] == ["1", "8"]
    assert states(desk) == {"started": 8, "unknown": 2}
    assert json.loads(resumed.stdout)["started"] == 8
    assert len(portal.started) == 10
    assert_ids_are_true(desk, portal)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "authorization_error"),
        (401, "METHOD_CONFIRM_WAITING"),
        (403, "ALLOWED_ONLY_INTRANET_USER"),
    ],
)
async def test_a_caller_whom_the_portal_no_longer_lets_in_stops_the_run(
    tmp_path: Path, status: int, code: str
) -> None:
    """The webhook's owner is dismissed in mid-run, say: who calls is looked at before anything is started."""
    lets_in = False

    def refuse(portal: RawPortal, request: Request) -> bytes:
        if request.number > 3 and not lets_in:
            return response(status, {"error": code, "error_description": "Unable to authorize user"})
        return portal.execute(request)

    async with raw_portal(refuse) as portal:
        desk = desk_at(tmp_path / "desk", portal, [(str(n), "Anna") for n in range(1, 301)])
        stopped = await desk.run("run", desk.file, "--job", "followup")
        before = states(desk)
        started, sent = len(portal.started), len(portal.requests)
        lets_in = True
        resumed = await desk.run("resume")

    assert stopped.exit_code == 3
    assert before == {"started": started, "pending": 300 - started}
    assert sent <= 3 + 4
    for words in (code, "Unable to authorize user", "launcher resume"):
        assert words in stopped.stdout
    assert resumed.exit_code == 0
    assert states(desk) == {"started": 300}
    assert len(portal.started) == len({document for document, _ in portal.started}) == 300
    assert_ids_are_true(desk, portal)


async def test_a_code_of_such_a_refusal_is_explained(launcher: Launcher, tmp_path: Path) -> None:
    explained = await launcher("explain", "authorization_error", "--json", cwd=tmp_path)
    told = json.loads(explained.stdout)

    assert (explained.exit_code, told["started"]) == (0, "no")
    assert "launcher resume" in told["mend"]


async def test_requests_too_long_for_a_server_in_front_go_again_in_shorter_ones(tmp_path: Path) -> None:
    """HTTP 413 of a proxy, as ModSecurity sends it by default: the portal has not seen the request."""
    most, refused = 131_072, 0

    def limited(portal: RawPortal, request: Request) -> bytes:
        nonlocal refused
        if request.length > most:
            refused += 1
            return response(413, "<html><h1>413 Request Entity Too Large</h1></html>")
        return portal.execute(request)

    async with raw_portal(limited) as portal:
        rows = [(str(number), "Анна " * 5_000 if number == 150 else "Anna " * 800) for number in range(1, 301)]
        desk = desk_at(tmp_path / "desk", portal, rows)
        ran = await desk.run("run", desk.file, "--job", "followup")

    assert ran.exit_code == 1
    assert states(desk) == {"started": 299, "failed": 1}
    [failed] = [row for row in desk.results() if row["launch_status"] == "failed"]
    assert (failed["ID"], failed["launch_error_code"]) == ("150", "request too long")
    assert "client_max_body_size" in failed["launch_error"]
    assert len(portal.started) == len({document for document, _ in portal.started}) == 299
    assert_ids_are_true(desk, portal)
    # The four that are in flight at first, and the long row by itself; hardly any after these.
    assert refused <= 8
