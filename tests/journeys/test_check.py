"""`launcher check`: all that is wrong in one go, by row, and nothing started."""

from __future__ import annotations

import json
import math
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from launcher.simulator import Settings, Simulator
from tests.journeys.conftest import Ended, Launcher

EVERY_TYPE = (
    *("--param", "Text1=Title", "--param", "Count=Number", "--param", "Day=Day", "--param", "Channel=Channel"),
    *("--param", "Responsible=Manager"),
)
"""Of the template "All types": those that it requires."""


@pytest.fixture
async def portal() -> AsyncIterator[Simulator]:
    """A portal without a rate limit, on which workflows go on."""
    async with Simulator(Settings(burst=0, runs_seconds=math.inf, missing=frozenset({"LEAD_13"}))) as simulator:
        yield simulator


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the person works."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


async def check(
    launcher: Launcher, portal: Simulator, folder: Path, *said: str
) -> tuple[Ended, dict[str, Any]]:
    """What `check FILE --json` says."""
    ended = await launcher(
        "check", *said, "--json", cwd=folder, env={"BITRIX24_WEBHOOK_URL": portal.webhook_url}
    )
    return ended, json.loads(ended.stdout)


def by_code(document: dict[str, Any], severity: str) -> dict[str, list[int]]:
    return {
        found["code"]: found["row_numbers"] for found in document["findings"] if found["severity"] == severity
    }


def words(document: dict[str, Any], severity: str) -> str:
    return "\n".join(found["text"] for found in document["findings"] if found["severity"] == severity)


async def test_a_file_with_one_of_each_problem_has_all_of_them_named_by_row(
    launcher: Launcher, portal: Simulator, folder: Path
) -> None:
    rows = {
        2: "5,Right,7,2026-05-04,E-mail,1",
        3: ",Blank,7,2026-05-04,E-mail,1",
        4: "x5,No ID,7,2026-05-04,E-mail,1",
        5: "D_5,A deal,7,2026-05-04,E-mail,1",
        6: "https://other.example/crm/lead/details/5/,Elsewhere,7,2026-05-04,E-mail,1",
        7: "13,Does not exist,7,2026-05-04,E-mail,1",
        8: "6,,7,2026-05-04,E-mail,1",
        9: "7,Bad number,seven,2026-05-04,E-mail,1",
        10: "8,Bad date,7,03/04/2026,E-mail,1",
        11: "9,Bad option,7,2026-05-04,Pigeon,1",
        12: "10,Nobody,7,2026-05-04,E-mail,Nemo Nobody",
        13: "5,Right,7,2026-05-04,E-mail,1",
        14: "5,Other values,7,2026-05-04,E-mail,1",
        15: "21,Busy,7,2026-05-04,E-mail,1",
    }
    text = "ID,Title,Number,Day,Channel,Manager\n" + "\n".join(rows.values()) + "\n"
    (folder / "leads.csv").write_text(text, encoding="utf-8")
    busy = folder / "busy.csv"
    busy.write_text("ID,Manager\n21,a\n21,b\n", encoding="utf-8")
    env = {"BITRIX24_WEBHOOK_URL": portal.webhook_url}
    said = ("--template", "1", "--kind", "lead", "--param", "Parameter1=Manager")
    await launcher("run", busy, *said, cwd=folder, env=env)
    before = len(portal.started)

    ended, document = await check(
        launcher, portal, folder, "leads.csv", "--template", "All types", "--kind", "lead", *EVERY_TYPE
    )

    assert ended.exit_code == document["exit_code"] == 1, ended.stderr
    assert len(portal.started) == before == 2, "check has started something"
    bad = [row_number for found in by_code(document, "rows").values() for row_number in found]
    assert sorted(bad) == [3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
    assert by_code(document, "rows")["no document"] == [7]
    assert by_code(document, "warning") == {"duplicate": [13], "same document": [14], "item busy": [15]}
    assert (document["rows"], document["would_start"]) == (14, 3)
    assert document["forecast"]["requests"] >= 1


async def test_a_good_file_says_how_long_its_run_takes_and_ends_with_0(
    launcher: Launcher, portal: Simulator, folder: Path
) -> None:
    (folder / "leads.csv").write_text("ID\n" + "".join(f"{n}\n" for n in range(100, 400)), encoding="utf-8")

    ended = await launcher(
        "check", "leads.csv", "--template", "1", "--kind", "lead", cwd=folder,
        env={"BITRIX24_WEBHOOK_URL": portal.webhook_url},
    )  # fmt: skip

    assert ended.exit_code == 0, ended.stderr
    assert "300 rows checked" in ended.stdout
    assert "Nothing was started." in ended.stdout
    assert "A run would start 300 rows, in about" in ended.stdout
    assert portal.started == []
    assert not (folder / "leads.results.csv").exists()


@pytest.mark.parametrize(
    ("changes", "said", "code", "told"),
    [
        ({"admin": False}, (), 3, "administrator"),
        ({"scopes": ("crm",)}, (), 3, "Business processes (bizproc)"),
        ({"license": "ru_basic"}, (), 3, "plan"),
        ({}, ("--template", "999"), 2, "no template 999"),
        ({}, ("--template", "Lead folow-up"), 2, 'did you mean "Lead follow-up"'),
        ({}, ("--template", "2"), 2, "is for the kind deal, not lead; say --kind deal"),
        ({}, ("--param", "Parameter2=Name"), 2, "Parameter1"),
        ({}, ("--param", "Parameter1=Nmae"), 2, 'did you mean "Name"'),
        ({}, ("--template", "All types"), 2, "Text1"),
    ],
)
async def test_what_would_stop_a_run_is_told_before_it_with_the_mend_and_beside_what_is_wrong_with_rows(
    launcher: Launcher, portal: Simulator, folder: Path, changes: dict[str, Any], said: tuple[str, ...],
    code: int, told: str,
) -> None:  # fmt: skip
    portal.settings = replace(portal.settings, **changes)
    (folder / "leads.csv").write_text("ID,Name\n5,Anna\nnone,Boris\n", encoding="utf-8")

    ended, document = await check(
        launcher,
        portal,
        folder,
        "leads.csv",
        "--kind",
        "lead",
        *(("--template", "1") if "--template" not in said else ()),
        *said,
    )

    assert ended.exit_code == document["exit_code"] == code, ended.stdout
    assert told in words(document, "stops")
    assert portal.started == []
    if "--param" not in said and said != ("--template", "All types"):
        assert by_code(document, "rows")["bad ID"] == [3]


async def test_without_the_crm_permission_it_says_that_documents_were_not_checked(
    launcher: Launcher, portal: Simulator, folder: Path
) -> None:
    portal.settings = replace(portal.settings, scopes=("bizproc",))
    (folder / "leads.csv").write_text("ID\n13\n", encoding="utf-8")

    ended, document = await check(launcher, portal, folder, "leads.csv", "--template", "1", "--kind", "lead")

    assert ended.exit_code == 0
    assert "whether the documents exist was not checked" in words(document, "note")


async def test_a_portal_that_is_not_there_and_a_file_that_is_broken_are_told_together(
    launcher: Launcher, folder: Path
) -> None:
    (folder / "leads.csv").write_text('ID\n5\n"6\n', encoding="utf-8")
    env = {"BITRIX24_WEBHOOK_URL": "http://127.0.0.1:9/rest/1/abcdefgh/"}

    ended = await launcher(
        "check", "leads.csv", "--template", "1", "--kind", "lead", "--json", cwd=folder, env=env
    )

    document = json.loads(ended.stdout)
    assert ended.exit_code == 3
    assert "a quote is opened and never closed" in words(document, "stops")
    assert "could not be reached" in words(document, "stops")
