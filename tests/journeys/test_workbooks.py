"""Workbooks whose cells are easily misread: what the installed command sends is what the file says."""

from __future__ import annotations

import shutil
import struct
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from launcher.simulator import Settings, Simulator
from tests.journeys.chaos import Desk
from tests.journeys.conftest import Ended, Launcher

SAMPLES = Path(__file__).parents[1] / "samples"
OPTIONS = ("--template", "1", "--kind", "lead")
MEMORY_BYTES = 3 << 30
"""Address space, of which the libraries take a third."""


@pytest.fixture
async def portal() -> AsyncIterator[Simulator]:
    """A portal without a rate limit."""
    async with Simulator(Settings(burst=0)) as simulator:
        yield simulator


def words(ended: Ended) -> str:
    """All that it said: a check says it in its report, whose lines are broken."""
    return " ".join((ended.stdout + ended.stderr).split())


@pytest.mark.parametrize("command", ["check", "run"])
@pytest.mark.parametrize(
    ("name", "row"),
    [("old-formula.xls", "row 3"), ("code-page.xls", "row 1"), ("cut-text.xls", "row 2")],
    ids=["a row would vanish", "texts would be garbled", "a text would be cut"],
)
async def test_an_xls_that_is_not_read_reliably_starts_nothing(
    launcher: Launcher, portal: Simulator, tmp_path: Path, command: str, name: str, row: str
) -> None:
    shutil.copy(SAMPLES / name, tmp_path)

    done = await launcher(
        command, name, *OPTIONS, cwd=tmp_path, env={"BITRIX24_WEBHOOK_URL": portal.webhook_url}
    )

    told = words(done)
    assert (done.exit_code, portal.started) == (2, [])
    assert f"{name}, {row}" in told
    assert ".xlsx" in told
    assert [path.name for path in tmp_path.iterdir() if ".results." in path.name] == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit of memory")
@pytest.mark.parametrize("command", ["check", "run"])
async def test_an_xls_whose_sectors_loop_is_refused_with_bounded_memory(
    portal: Simulator, tmp_path: Path, command: str
) -> None:
    """Its directory, in the second sector, goes on in the second sector."""
    import resource

    desk = Desk.at(tmp_path / "desk")
    desk.configure(portal.webhook_url)
    data = bytearray((SAMPLES / "records.xls").read_bytes())
    struct.pack_into("<I", data, 512 + 4, 1)
    (desk.folder / "loop.xls").write_bytes(data)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))

    async with desk.running(command, "loop.xls", "--job", "followup", preexec=limit) as running:
        ended = await running.ended()

    told = words(ended)
    assert (ended.exit_code, portal.started) == (2, [])
    assert "loop.xls" in told
    assert "damaged" in told


async def test_every_row_of_an_xls_with_all_usual_records_starts(
    launcher: Launcher, portal: Simulator, tmp_path: Path
) -> None:
    shutil.copy(SAMPLES / "records.xls", tmp_path)

    done = await launcher(
        *("run", "records.xls", *OPTIONS, "--param", "Comment=Название"),
        cwd=tmp_path,
        env={"BITRIX24_WEBHOOK_URL": portal.webhook_url},
    )

    assert done.exit_code == 0, done.stderr
    sent = {start.document[2]: start.parameters["Comment"] for start in portal.started}
    assert sent == {
        "LEAD_15": "Ромашка" * 3 + "abc",
        "LEAD_16": "語 and ж",
        "LEAD_17": "пять",
        "LEAD_18": "rich",
    }


@pytest.mark.parametrize(
    "name",
    ["extended-1904.xlsx", "conditional-format.xlsx"],
    ids=["the 1904 date system of Excel 2016", "a format of conditional formatting"],
)
async def test_a_date_of_an_xlsx_is_sent_as_that_date(
    launcher: Launcher, portal: Simulator, tmp_path: Path, name: str
) -> None:
    shutil.copy(SAMPLES / name, tmp_path)

    done = await launcher(
        *("run", name, *OPTIONS, "--param", "Comment=Дата"),
        cwd=tmp_path,
        env={"BITRIX24_WEBHOOK_URL": portal.webhook_url},
    )

    assert done.exit_code == 0, done.stderr
    sent = [(start.document[2], start.parameters["Comment"]) for start in portal.started]
    assert sent == [("LEAD_15", "2026-11-05")]
