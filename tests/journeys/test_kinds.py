"""A run on each of the ten kinds of documents; the simulator's list of what it started is the judge."""

from __future__ import annotations

import csv
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from launcher.simulator import Settings, Simulator
from tests.core.kind_table import NAMES, TABLE
from tests.journeys.conftest import Ended, Launcher

OWN_TEMPLATE = {
    "lead": 1,
    "deal": 2,
    "contact": 3,
    "company": 4,
    "quote": 5,
    "smart-invoice": 6,
    "dynamic:147": 7,
    "drive-file": 8,
    "feed-process": 9,
    "list-element": 10,
}
"""Kind → the simulator's template for it."""
PAGES = {
    "lead": "/crm/lead/details/{}/",
    "deal": "/crm/deal/details/{}/",
    "contact": "/crm/contact/details/{}/",
    "company": "/crm/company/details/{}/",
    "quote": "/crm/type/7/details/{}/",
    "smart-invoice": "/crm/type/31/details/{}/",
    "dynamic:147": "/page/sales/orders/type/147/details/{}/",
    "feed-process": "/bizproc/processes/31/element/0/{}/",
    "list-element": "/company/lists/32/element/0/{}/",
}
ROWS = {name: row for name, *row in TABLE}


@pytest.fixture
async def portal() -> AsyncIterator[Simulator]:
    """A portal without a rate limit."""
    async with Simulator(Settings(burst=0)) as simulator:
        yield simulator


def document(kind: str, number: int) -> tuple[str, str, str]:
    """The element of that kind, as the portal is to be told of it."""
    module, entity, example, *_ = ROWS[kind]
    return module, entity, example.replace("777", str(number))


def written(kind: str) -> dict[int, str]:
    """Element number → its ID, in each of the ways in which people write it."""
    _, _, example, _, short_code = ROWS[kind]
    cells = {3: "3", 14: " 14.0 ", 159: "00159"}
    if example != "777":
        cells |= {2653: example.replace("777", "2653"), 58: example.lower().replace("777", "58")}
    if short_code:
        cells |= {97: f"{short_code}_97", 932: f"{short_code.lower()}_0932"}
    if kind in PAGES:
        cells[384] = PAGES[kind].format(384)
    return cells


def started(portal: Simulator) -> list[tuple[int, tuple[str, str, str]]]:
    """Template and document of each start, in order of their documents."""
    return sorted((start.template_id, start.document) for start in portal.started)


def results(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


async def run(launcher: Launcher, portal: Simulator, folder: Path, *arguments: str) -> Ended:
    env = {"BITRIX24_WEBHOOK_URL": portal.webhook_url}
    return await launcher("run", "items.csv", *arguments, "--json", cwd=folder, env=env)


@pytest.mark.parametrize("kind", NAMES)
async def test_its_own_template_starts_on_exactly_its_documents(
    kind: str, launcher: Launcher, portal: Simulator, tmp_path: Path
) -> None:
    cells = written(kind)
    (tmp_path / "items.csv").write_text("\n".join(["ID", *cells.values()]) + "\n", encoding="utf-8")

    ended = await run(launcher, portal, tmp_path, "--template", str(OWN_TEMPLATE[kind]), "--kind", kind)

    assert (ended.exit_code, ended.messages) == (0, [])
    assert started(portal) == sorted((OWN_TEMPLATE[kind], document(kind, number)) for number in cells)
    given = {start.document: start.workflow_id for start in portal.started}
    assert [
        (row["launch_status"], row["launch_workflow_id"]) for row in results(tmp_path / "items.results.csv")
    ] == [("started", given[document(kind, number)]) for number in cells]


async def test_one_file_can_hold_them_all(launcher: Launcher, portal: Simulator, tmp_path: Path) -> None:
    """Each row says its kind and its template; the same number is another document with each of them."""
    (tmp_path / "items.csv").write_text(
        "Kind,Process,ID\n" + "".join(f"{kind},{OWN_TEMPLATE[kind]},7\n" for kind in NAMES), encoding="utf-8"
    )
    columns = {"document": "ID", "kind": "Kind", "template": "Process"}
    configuration: dict[str, Any] = {
        "portal": {"webhook_url": "${BITRIX24_WEBHOOK_URL}"},
        "jobs": {"all-kinds": {"columns": columns}},
    }
    (tmp_path / "config.yaml").write_text(json.dumps(configuration), encoding="utf-8")

    ended = await run(launcher, portal, tmp_path, "--job", "all-kinds")

    assert (ended.exit_code, ended.messages) == (0, [])
    assert started(portal) == sorted((OWN_TEMPLATE[kind], document(kind, 7)) for kind in NAMES)


async def test_another_kinds_template_starts_nothing(
    launcher: Launcher, portal: Simulator, tmp_path: Path
) -> None:
    (tmp_path / "items.csv").write_text("ID\n7\n8\n", encoding="utf-8")

    ended = await run(launcher, portal, tmp_path, "--template", str(OWN_TEMPLATE["deal"]), "--kind", "lead")

    assert ended.exit_code != 0
    assert portal.started == []
