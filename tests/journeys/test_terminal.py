"""Nothing that a file, its name or the portal holds commands the terminal of whoever reads the output."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from launcher.simulator import Settings, Simulator
from launcher.simulator import templates as portal_templates
from tests.journeys.conftest import Ended, Launcher
from tests.journeys.terminal import answered

OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")

HOSTILE = "\x1b[31m\x1b]0;owned\x07\x9b2J\x9d0;x\x9c\x7f\u202egnp\u2066\u200f"
"""Colour, a window's title in both ways, an erased screen, DEL, and text turned around."""
FILE = f"leads{HOSTILE}.csv"
HEADING = f"Manager{HOSTILE}"
NEWLINE = "Boris\nlauncher: all is well"
"""A cell that would stand as a message of ours."""
JOB = ("--template", "1", "--kind", "lead", "--column", "ID", "--param", f"Parameter1={HEADING}")


@pytest.fixture
async def portal(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Simulator]:
    templates = portal_templates.TEMPLATES
    monkeypatch.setitem(templates, 1, replace(templates[1], name=f"Lead {HOSTILE}"))
    refused = {"LEAD_2": f"refused {HOSTILE} it", "LEAD_3": "no\nlauncher: all is well"}
    async with Simulator(Settings(burst=0, refused=refused)) as simulator:
        yield simulator


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / FILE, "Anna")
    return tmp_path


def write(path: Path, manager: str) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        rows = [("1", manager), ("2", HOSTILE), ("3", NEWLINE), (f"no {HOSTILE}", "Dora"), ("", "")]
        # Enough of plain text beside them for a CSV file to be one.
        csv.writer(stream).writerows([("ID", HEADING, "Notes"), *((*row, "plain text " * 9) for row in rows)])


def environment(portal: Simulator) -> dict[str, str]:
    return {"BITRIX24_WEBHOOK_URL": portal.webhook_url}


def shown(ended: Ended) -> str:
    return ended.stdout + ended.stderr


COMMANDS = [
    ("check", FILE, *JOB),
    ("run", FILE, *JOB, "--dry-run"),
    ("run", FILE, *JOB),
    ("run", FILE, *JOB, "--json"),
    ("status",),
    ("status", "--json"),
    ("runs",),
    ("runs", "--json"),
    ("results",),
    ("report",),
    ("retry",),
    ("templates",),
    ("templates", "--json"),
    ("templates", "--as-job", "1"),
    ("doctor",),
    ("explain", f"refused {HOSTILE} it"),
    ("run", f"none{HOSTILE}.csv", *JOB),
    ("run", FILE, "--template", f"Leed {HOSTILE}", "--kind", "lead"),
    ("run", FILE, *JOB, "--param", f"Parameter1=Manger{HOSTILE}"),
    ("run", FILE, *JOB, f"--bogus{HOSTILE}"),
    ("run", FILE, *JOB, "--limit", HOSTILE),
    (f"stat{HOSTILE}",),
    ("status", f"r1{HOSTILE}"),
    ("--json", f"stat{HOSTILE}"),
    ("status", "--config", f"none{HOSTILE}.yaml"),
]


async def test_no_command_passes_on_what_a_terminal_obeys(
    launcher: Launcher, portal: Simulator, folder: Path
) -> None:
    found: dict[tuple[str, ...], list[str]] = {}
    for words in COMMANDS:
        ended = await launcher(*words, "--ledger", "l.db", cwd=folder, env=environment(portal))
        assert "Traceback" not in ended.stderr, words
        if obeyed := OBEYED.findall(shown(ended)):
            found[words] = obeyed

    assert found == {}
    assert len(portal.started) == 1


async def test_what_is_not_obeyed_is_shown(launcher: Launcher, portal: Simulator, folder: Path) -> None:
    ran = await launcher("run", FILE, *JOB, cwd=folder, env=environment(portal))
    assert "\\x1b" in ran.stdout
    assert "\\x9b" in ran.stdout
    assert "\\u202e" in ran.stdout


async def test_a_json_document_says_the_same_as_before(
    launcher: Launcher, portal: Simulator, folder: Path
) -> None:
    ran = await launcher("run", FILE, *JOB, "--json", cwd=folder, env=environment(portal))
    assert Path(json.loads(ran.stdout)["file"]).name == FILE


async def test_results_in_a_file_or_a_pipe_are_the_cells_as_they_were(
    launcher: Launcher, portal: Simulator, folder: Path
) -> None:
    await launcher("run", FILE, *JOB, cwd=folder, env=environment(portal))
    piped = await launcher("results", "-o", "-", cwd=folder)
    assert HEADING in piped.stdout
    [written] = folder.glob("leads*.results.csv")
    assert HEADING in written.read_text(encoding="utf-8")


async def test_a_newline_in_a_cell_begins_no_line_of_ours(
    launcher: Launcher, portal: Simulator, folder: Path
) -> None:
    told = ""
    for words in (("run", FILE, *JOB, "--dry-run"), ("run", FILE, *JOB), ("status",)):
        told += shown(await launcher(*words, cwd=folder, env=environment(portal)))
    write(folder / "again.csv", "Anna")
    rows = (
        (folder / "again.csv")
        .read_text(encoding="utf-8")
        .replace("Boris\nlauncher", "Boris\nlauncher: so\nlauncher")
    )
    (folder / "again.csv").write_text(rows, encoding="utf-8")
    mended = await launcher("retry", "--file", "again.csv", cwd=folder, env=environment(portal))
    told += shown(mended)

    assert "row 4" in mended.stderr
    assert [line for line in told.splitlines() if line.startswith("launcher: all is well")] == []


async def test_a_log_on_stderr_or_in_a_file_has_no_such_character(
    launcher: Launcher, portal: Simulator, folder: Path
) -> None:
    ran = await launcher("run", FILE, *JOB, "--log-file", "l.log", cwd=folder, env=environment(portal))
    assert OBEYED.findall(ran.stderr) == []
    lines = (folder / "l.log").read_text(encoding="utf-8")
    assert OBEYED.findall(lines) == []
    assert any(FILE in json.loads(line).get("file", "") for line in lines.splitlines())


async def test_on_a_terminal_results_and_progress_have_none_either(portal: Simulator, folder: Path) -> None:
    """The terminal's own sequences, of rich and of colours, are no part of what is looked at."""
    env = environment(portal)
    _, ran = await answered("run", FILE, *JOB, "--ledger", "l.db", answers=[], cwd=folder, env=env)
    _, rows = await answered("results", "-o", "-", "--ledger", "l.db", answers=[], cwd=folder, env=env)
    for text in (ran, rows):
        assert "]0;" not in text.replace("\\x1b]0;", "")
        assert not re.findall("[\x07\x7f-\x9f\u200f\u202e\u2066]", text)
