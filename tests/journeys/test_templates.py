"""`launcher templates`: what there is, and a job for it that runs as it was printed."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from launcher.simulator import Settings, Simulator
from tests.journeys.conftest import Ended, Launcher


@pytest_asyncio.fixture
async def portal() -> AsyncIterator[Simulator]:
    async with Simulator(Settings(burst=0)) as simulator:
        yield simulator


async def called(launcher: Launcher, portal: Simulator, cwd: Path, *arguments: str) -> Ended:
    return await launcher(*arguments, cwd=cwd, env={"BITRIX24_WEBHOOK_URL": portal.webhook_url})


async def test_templates_are_listed_with_what_one_must_know_to_use_them(
    launcher: Launcher, portal: Simulator, tmp_path: Path
) -> None:
    done = await called(launcher, portal, tmp_path, "templates")

    assert (done.exit_code, done.messages) == (0, [])
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert '1 Lead follow-up lead Parameter1 "Parameter 1": string' in lines
    assert "7 Equipment request dynamic:147 Equipment requests Floor: int, required, default 1" in lines
    assert "Responsible: user, required" in lines


@pytest.mark.parametrize(("kind", "ids"), [("lead", [1, 11]), ("DYNAMIC_147", [7]), ("list-element", [10])])
async def test_templates_of_one_kind(
    launcher: Launcher, portal: Simulator, tmp_path: Path, kind: str, ids: list[int]
) -> None:
    done = await called(launcher, portal, tmp_path, "templates", "--kind", kind, "--json")

    listed = json.loads(done.stdout)
    assert [template["id"] for template in listed] == ids
    assert all(isinstance(template["parameters"], list) for template in listed)


async def test_a_portal_that_names_no_smart_processes_still_lists_templates(
    launcher: Launcher, portal: Simulator, tmp_path: Path
) -> None:
    portal.settings = Settings(burst=0, scopes=("bizproc",))

    done = await called(launcher, portal, tmp_path, "templates", "--kind", "dynamic:147")

    assert done.exit_code == 0
    assert "dynamic:147" in done.stdout


async def test_a_printed_job_runs_on_a_file_with_a_cell_of_every_type(
    launcher: Launcher, portal: Simulator, tmp_path: Path
) -> None:
    done = await called(launcher, portal, tmp_path, "templates", "--as-job", "All types")
    # What is not required stands in comments.
    job = re.sub(r"^( +)# (\w+: \{column:)", r"\1\2", done.stdout, flags=re.MULTILINE)
    (tmp_path / "config.yaml").write_text(job, encoding="utf-8")
    row = {
        "ID": "777",
        "A line": "a; b",
        "Notes": "",
        "Count": "1 000",
        "Share": "1.234,5",
        "Urgent": "да",
        "Day": "05.01.2026",
        "Moment": "2026-01-05 10:30:00",
        "Channel": "telephone",
        "Tags": "Hot; cold",
        "Responsible": "Vera Orlova",
        "Observers": "2; user3@portal.example",
        "Lines": "one;two",
        "Client": "LEAD_5",
        "Clients": "6;C_7",
    }
    with (tmp_path / "leads.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([row.keys(), row.values()])

    ran = await called(launcher, portal, tmp_path, "run", "leads.csv")

    assert ran.exit_code == 0, ran.stderr + ran.stdout
    (started,) = portal.started
    assert started.parameters == {
        "Text1": "a; b",
        "Notes": "",
        "Count": "1000",
        "Share": "1234.5",
        "Urgent": "Y",
        "Day": "2026-01-05T00:00:00+03:00",
        "Moment": "2026-01-05T10:30:00+03:00",
        "Channel": "phone",
        "Tags": ["hot", "cold"],
        "Responsible": "user_1",
        "Observers": ["user_2", "user_3"],
        "Lines": ["one", "two"],
        "Client": "L_5",
        "Clients": ["C_6", "C_7"],
    }


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--as-job", "99"), ("no template 99", "launcher templates")),
        (("--as-job", "Al types"), ('did you mean "All types"?',)),
        (("--as-job", "1", "--json"), ("--json",)),
        (("--kind", "leed"), ('did you mean "lead"?',)),
        (("--portal", "branch"), ('no portal "branch"',)),
    ],
)
async def test_what_is_not_there_is_said(
    launcher: Launcher, portal: Simulator, tmp_path: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    done = await called(launcher, portal, tmp_path, "templates", *arguments)

    assert done.exit_code == 2
    assert all(word in done.stderr for word in words), done.stderr
