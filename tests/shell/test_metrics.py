"""Figures for Prometheus, out of the ledger."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from pathlib import Path

import pytest

from launcher.errors import ResultsError
from launcher.ledger import Ledger
from launcher.ledger.pruning import prune
from launcher.report.metrics import Metric, alone, save_metrics, write_metrics
from tests.shell import test_ledger
from tests.shell.test_pruning import FAILED, STARTED, UNKNOWN, ended, old_run

LINE = re.compile(r'(\w+)\{((?:\w+="(?:[^"\\\n]|\\["\\n])*",?)*)\} (\S+)')
"""A sample as the format's page spells it."""


def samples(path: Path) -> dict[tuple[str, str], float]:
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("# "):
            sample = LINE.fullmatch(line)
            assert sample is not None, line
            found[sample[1], sample[2]] = float(sample[3])
    return found


OF = 'job="followup",portal="portal.example"'


async def test_the_figures_are_those_of_the_last_run_of_each_job(ledger: Ledger, tmp_path: Path) -> None:
    await old_run(ledger, STARTED, STARTED)
    await old_run(ledger, STARTED, FAILED, UNKNOWN, first=10)
    await save_metrics(ledger, tmp_path / "launcher.prom")

    found = samples(tmp_path / "launcher.prom")
    assert found["launcher_runs", f'{OF},ending="finished"'] == 2
    assert found["launcher_runs", f'{OF},ending="stopped"'] == 0
    assert found["launcher_last_run_rows", f'{OF},state="failed"'] == 1
    assert found["launcher_last_run_rows", f'{OF},state="unknown"'] == 1
    assert found["launcher_last_run_requests", OF] == 3
    assert found["launcher_last_run_seconds", OF] == 1
    assert found["launcher_last_run_exit_code", OF] == 5
    assert ("launcher_last_success_timestamp_seconds", OF) not in found


async def test_the_last_success_is_the_last_run_that_left_nothing_to_do(ledger: Ledger, tmp_path: Path) -> None:
    """A run with an invalid row is none, not even when that row was pruned."""
    one = test_ledger.start(3)
    good = await test_ledger.filled(ledger, one)
    await ledger.record([test_ledger.sent(good, 1, one)])
    await ledger.record([test_ledger.judged(good, 1, (one, STARTED))])
    await ended(ledger, good)
    bad = await old_run(ledger, STARTED, first=10)
    await prune(ledger, bad.id)
    await save_metrics(ledger, tmp_path / "launcher.prom")

    known = await ledger.run(good.id)
    assert known is not None
    at = samples(tmp_path / "launcher.prom")["launcher_last_success_timestamp_seconds", OF]
    assert at == pytest.approx(known.ended_at, abs=0.01)


async def test_requests_that_were_refused_or_lost_are_counted(ledger: Ledger, tmp_path: Path) -> None:
    for number, outcome in enumerate(("HTTP 503 QUERY_LIMIT_EXCEEDED", "HTTP 200", "lost: TimeoutError"), 1):
        one = test_ledger.start(10 + number)
        run = await test_ledger.filled(ledger, one)
        await ledger.record([test_ledger.sent(run, number, one)])
        await ledger.record([replace(test_ledger.judged(run, number, (one, FAILED)), outcome=outcome)])
        await ended(ledger, run)
        await save_metrics(ledger, tmp_path / "launcher.prom")
        found = samples(tmp_path / "launcher.prom")
        assert found["launcher_last_run_refused_requests", OF] == (number == 1)
        assert found["launcher_last_run_lost_requests", OF] == (number == 3)


def test_a_label_cannot_end_its_line_or_its_quotes(tmp_path: Path) -> None:
    write_metrics(tmp_path / "m", [Metric("a", "b", [({"job": 'say "x"\\\nb'}, 1.5)])])

    assert (tmp_path / "m").read_text() == '# HELP a b\n# TYPE a gauge\na{job="say \\"x\\"\\\\\\nb"} 1.5\n'
    assert (tmp_path / "m").stat().st_mode & 0o777 == 0o644
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_figures_that_cannot_be_written_leave_the_old_ones(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match=r"--metrics-file .*nowhere.*cannot be written"):
        write_metrics(tmp_path / "nowhere" / "m", [])
    (tmp_path / "folder").mkdir()
    with pytest.raises(ResultsError, match="cannot be written"):
        write_metrics(tmp_path / "folder", [])
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


async def test_runs_that_end_together_leave_the_figures_of_them_all(ledger: Ledger, tmp_path: Path) -> None:
    """Whoever writes last has read last."""
    path = tmp_path / "launcher.prom"

    async def run_ends(number: int) -> None:
        await old_run(ledger, STARTED, first=10 * number)
        await save_metrics(ledger, path)

    await asyncio.gather(*(run_ends(number) for number in range(1, 13)))

    assert samples(path)["launcher_runs", f'{OF},ending="finished"'] == 12


async def test_figures_are_not_read_before_whoever_writes_them_now_is_done(
    ledger: Ledger, tmp_path: Path
) -> None:
    path = tmp_path / "launcher.prom"
    async with alone(path):
        saving = asyncio.create_task(save_metrics(ledger, path))
        await old_run(ledger, STARTED)
        write_metrics(path, [])
    await saving
    assert samples(path)["launcher_runs", f'{OF},ending="finished"'] == 1
