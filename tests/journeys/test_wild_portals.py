"""Portals behind servers that repeat, refuse and shorten: what the results say is what really started."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from tests.journeys.chaos import Desk
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
