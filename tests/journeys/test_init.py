"""`launcher init` asks, writes config.yaml and .env, and what it wrote runs."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from launcher.simulator import Settings, Simulator
from tests.journeys.conftest import Launcher
from tests.journeys.terminal import answered

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a terminal of Unix")

LEADS = "Lead ID;Manager;Deadline;Notes\n1;Vera Orlova;05.01.2026;first\n2;2;06.01.2026;second\n"


@pytest_asyncio.fixture
async def portal() -> AsyncIterator[Simulator]:
    async with Simulator(Settings(burst=0)) as simulator:
        yield simulator


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "deals.csv").write_text(LEADS.replace("Lead ID", "Deal ID"), encoding="utf-8")
    return folder


def conversation(portal: Simulator) -> list[tuple[str, str | None]]:
    return [
        ("Webhook's address", portal.webhook_url),
        ("Workflow template", "Deal hand-over"),
        ("A file with the rows", "deals.csv"),
        ("Column with the deal's ID [Deal ID]", ""),
        ('Column for "Manager" (user), - for none [Manager]', ""),
        ('Column for "Deadline" (date), - for none [Deadline]', ""),
        ("The job's name [deal-hand-over]", ""),
    ]


async def test_what_it_wrote_runs(portal: Simulator, folder: Path, launcher: Launcher) -> None:
    code, shown = await answered("init", answers=conversation(portal), cwd=folder)

    assert code == 0, shown
    assert portal.webhook_url not in shown
    assert "simulated0secret" not in shown
    assert "simulated0secret" not in (folder / "config.yaml").read_text()
    assert (folder / ".env").stat().st_mode & 0o777 == 0o600
    assert "launcher check deals.csv --job deal-hand-over" in " ".join(shown.split())
    assert portal.started == []
    ran = await launcher("run", "deals.csv", "--job", "deal-hand-over", cwd=folder)
    assert ran.exit_code == 0, ran.stderr
    assert [dict(start.parameters) for start in portal.started] == [
        {"Manager": "user_1", "Deadline": "2026-01-05T00:00:00+03:00"},
        {"Manager": "user_2", "Deadline": "2026-01-06T00:00:00+03:00"},
    ]


async def test_an_answer_that_cannot_be_used_is_asked_for_again(portal: Simulator, folder: Path) -> None:
    answers: list[tuple[str, str | None]] = [
        ("Webhook's address", "https://portal.example/"),
        ("no incoming webhook", None),
        ("Webhook's address", portal.webhook_url.replace("simulated0secret", "wrong0secret")),
        ("does not know this webhook", None),
        ("Webhook's address", portal.webhook_url),
        ("Workflow template", "Deal handover"),
        ("did you mean", None),
        ("Workflow template", "2"),
        ("A file with the rows", "none.csv"),
        ("no such file", None),
        ("A file with the rows", "deals.csv"),
        ("Column with the deal's ID", "Deels"),
        ("no column", None),
        ("Column with the deal's ID", "Deal ID"),
        ('Column for "Manager"', "-"),
        ('Column for "Deadline"', "-"),
        ("The job's name", "weekly deals"),
    ]

    code, shown = await answered("init", answers=answers, cwd=folder)

    assert code == 0, shown
    assert "weekly deals:" in (folder / "config.yaml").read_text()
    assert '--job "weekly deals"' in " ".join(shown.split())
    assert "wrong0secret" not in shown


async def test_nothing_is_overwritten_without_asking(portal: Simulator, folder: Path) -> None:
    (folder / "config.yaml").write_text("jobs: {}\n")
    (folder / ".env").write_text("OTHER=1\nBITRIX24_WEBHOOK_URL=https://old.example/rest/1/oldsecret/\n")
    answers = [
        ("old.example that is configured already", "n"),
        *conversation(portal),
        (".env has another webhook already", "n"),
        ("config.yaml is there already", "n"),
    ]

    code, shown = await answered("init", answers=answers, cwd=folder)

    assert code == 0, shown
    assert (folder / "config.yaml").read_text() == "jobs: {}\n"
    assert "oldsecret" in (folder / ".env").read_text()
    assert "deal-hand-over:" in shown
    code, shown = await answered(
        "init", answers=[*answers[:-2], (".env has", "y"), ("config.yaml is there", "y")], cwd=folder
    )
    assert code == 0, shown
    assert (folder / ".env").read_text() == f"OTHER=1\nBITRIX24_WEBHOOK_URL={portal.webhook_url}\n"
    assert (folder / ".env").stat().st_mode & 0o777 == 0o600
    assert "deal-hand-over:" in (folder / "config.yaml").read_text()


async def test_without_a_terminal_it_asks_nothing_and_says_what_to_do(launcher: Launcher, folder: Path) -> None:
    done = await launcher("init", cwd=folder)

    assert done.exit_code == 2
    assert "terminal" in done.stderr
    assert not (folder / "config.yaml").exists()
