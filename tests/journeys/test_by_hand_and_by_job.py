"""What was started by hand, without a job, does not start again by a job, nor the other way round."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from launcher.simulator import Settings, Simulator
from tests.journeys.conftest import Launcher

BY_HAND = ("--template", "1", "--kind", "lead", "--param", "Parameter1=Manager")
JOB = """\
portal: {{webhook_url: '{webhook_url}'}}
{more}jobs:
  follow-up: {{template: 1, kind: lead, parameters: {{Parameter1: {{column: Manager}}}}}}
  reminder: {{template: 1, kind: lead, parameters: {{Parameter1: {{column: Manager}}}}}}
"""


@pytest.fixture
async def portal() -> AsyncIterator[Simulator]:
    async with Simulator(Settings(burst=0)) as simulator:
        yield simulator


def write_rows(folder: Path, *numbers: int) -> None:
    (folder / "leads.csv").write_text("ID,Manager\n" + "".join(f"{number},Anna\n" for number in numbers))


def configure(folder: Path, portal: Simulator, more: str = "") -> None:
    (folder / "config.yaml").write_text(JOB.format(webhook_url=portal.webhook_url, more=more))


async def test_a_job_skips_what_was_started_by_hand_and_by_hand_nothing_of_a_job_starts_again(
    launcher: Launcher, portal: Simulator, tmp_path: Path
) -> None:
    configure(tmp_path, portal)
    write_rows(tmp_path, 1, 2)
    assert (await launcher("run", "leads.csv", *BY_HAND, cwd=tmp_path)).exit_code == 0

    write_rows(tmp_path, 1, 2, 3)
    by_job = await launcher("run", "leads.csv", "--job", "follow-up", cwd=tmp_path)
    write_rows(tmp_path, 1, 2, 3, 4)
    by_hand = await launcher("run", "leads.csv", *BY_HAND, cwd=tmp_path)

    assert (by_job.exit_code, by_hand.exit_code) == (0, 0)
    assert len(portal.started) == 4
    results = (tmp_path / "leads.results.csv").read_text("utf-8-sig").splitlines()
    assert "in run r1, row 2, as " in results[1]
    assert "in run r2 of the job follow-up, row 4, as " in results[3]


async def test_two_jobs_may_start_the_same(launcher: Launcher, portal: Simulator, tmp_path: Path) -> None:
    configure(tmp_path, portal)
    write_rows(tmp_path, 1, 2)

    for job in ("follow-up", "reminder", "follow-up"):
        assert (await launcher("run", "leads.csv", "--job", job, cwd=tmp_path)).exit_code == 0

    assert len(portal.started) == 4


@pytest.mark.parametrize("command", [("run",), ("check",), ("run", "--dry-run")])
async def test_a_first_config_does_not_begin_a_second_ledger_unasked(
    launcher: Launcher, portal: Simulator, tmp_path: Path, command: tuple[str, ...]
) -> None:
    write_rows(tmp_path, 1, 2)
    webhook = {"BITRIX24_WEBHOOK_URL": portal.webhook_url}
    assert (await launcher("run", "leads.csv", *BY_HAND, cwd=tmp_path, env=webhook)).exit_code == 0
    configure(tmp_path, portal)

    refused = await launcher(*command, "leads.csv", "--job", "follow-up", cwd=tmp_path)

    assert refused.exit_code == 2
    ways = re.findall(r" {3}(ledger: \S+)", refused.stderr)
    assert len(ways) == 2, refused.stderr
    starts = []
    for number, way in enumerate(ways):
        configure(tmp_path, portal, more=f"{way}\n")
        results = ("--results", f"leads{number}.csv")
        by_job = await launcher("run", "leads.csv", "--job", "follow-up", *results, cwd=tmp_path)
        assert by_job.exit_code == 0
        starts.append(len(portal.started))
    assert starts == [2, 4]


async def test_a_ledger_that_was_named_or_knows_the_portal_is_taken_as_it_is(
    launcher: Launcher, portal: Simulator, tmp_path: Path
) -> None:
    write_rows(tmp_path, 1)
    configure(tmp_path, portal)
    job = ("run", "leads.csv", "--job", "follow-up")
    assert (await launcher(*job, cwd=tmp_path)).exit_code == 0
    (tmp_path / "config.yaml").rename(tmp_path / "aside.yaml")
    webhook = {"BITRIX24_WEBHOOK_URL": portal.webhook_url}
    by_hand = ("run", "leads.csv", *BY_HAND, "--results", "by_hand.csv")
    assert (await launcher(*by_hand, cwd=tmp_path, env=webhook)).exit_code == 0

    configure(tmp_path, portal)
    known = await launcher(*job, cwd=tmp_path)
    named = await launcher(*job, "--ledger", "new.db", "--results", "new.csv", cwd=tmp_path)

    assert (known.exit_code, named.exit_code) == (0, 0)
    assert len(portal.started) == 3
