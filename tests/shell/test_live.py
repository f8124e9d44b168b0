"""The rows so far: what the ledger has of settled rows, in a file beside the results, while a run goes."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from launcher.core.model import Document, Start, State
from launcher.core.plan import Planned
from launcher.core.verdict import BatchOutcome, Verdict
from launcher.engine import live
from launcher.engine.live import forget_live, shown_live
from launcher.engine.results import save_results
from launcher.ledger import Ledger, NewRow, NewRun, RunRecord, open_ledger
from launcher.ledger.records import Judged, Sent
from tests.support.clocks import until

STARTED = Verdict(State.STARTED, workflow_id="66a")


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "EVERY_S", 0.01)
    monkeypatch.setattr(live, "REST", 0)


@pytest.fixture
async def run(ledger: Ledger, tmp_path: Path) -> RunRecord:
    """A run without rows, of a workbook."""
    new = NewRun(
        job="followup",
        file=str(tmp_path / "deals.xlsx"),
        portal="portal.example",
        plan={},
        header=("ID", "Имя"),
        dialect={"format": "xlsx", "sheet": "Deals"},
        fingerprint="",
        results=str(tmp_path / "deals.results.xlsx"),
    )
    return await ledger.begin_run(new)


def start(number: int) -> Start:
    return Start(
        row_number=number,
        template_id=1,
        document=Document("crm", "CCrmDocumentDeal", f"DEAL_{number}"),
        parameters={},
        start_key=f"key{number}",
    )


async def add(ledger: Ledger, run: RunRecord, numbers: Iterable[int]) -> None:
    """Rows that wait to be sent, but for every tenth, which is invalid."""
    planned = [
        Planned(number, State.PENDING, start(number)) if number % 10 else Planned(number, State.INVALID)
        for number in numbers
    ]
    await ledger.add_rows(run.id, [NewRow(plan, (str(plan.row_number), "=Анна"), "nt") for plan in planned])


async def judge(ledger: Ledger, run: RunRecord, number: int, verdict: Verdict = STARTED) -> None:
    if verdict is STARTED:
        verdict = replace(STARTED, workflow_id=f"66a.{number}")
    await ledger.record([Sent(run_id=run.id, request_number=number, starts=(start(number),), at=time.time())])
    judged = Judged(
        run_id=run.id,
        request_number=number,
        starts=(start(number),),
        judgement=BatchOutcome((verdict,)),
        outcome="",
        at=time.time(),
    )
    await ledger.record([judged])


def shown(run: RunRecord) -> list[tuple[str, str]]:
    """Number and status of each row so far."""
    path = Path(run.results).with_name("deals.results.partial.csv")
    if not path.exists():
        return []
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        return [(row["launch_row"], row["launch_status"]) for row in csv.DictReader(stream)]


async def test_settled_rows_are_shown_as_the_ledger_has_them_and_others_are_not(
    ledger: Ledger, run: RunRecord
) -> None:
    async with shown_live(ledger, run) as settled:
        await add(ledger, run, range(2, 12))
        settled([10])
        await judge(ledger, run, 7)
        settled([7, 8])
        await judge(ledger, run, 9, Verdict(State.FAILED, text="=нет"))
        await judge(ledger, run, 11, Verdict(State.DEFERRED))
        settled([11, 9])
        await until(lambda: len(shown(run)) == 3)

    assert sorted(shown(run)) == [("10", "invalid"), ("7", "started"), ("9", "failed")]


async def test_the_columns_are_those_of_the_results_in_the_same_dialect(
    ledger: Ledger, run: RunRecord, tmp_path: Path
) -> None:
    async with shown_live(ledger, run) as settled:
        await add(ledger, run, range(2, 4))
        await judge(ledger, run, 2)
        await judge(ledger, run, 3)
        settled([2, 3])
        await until(lambda: len(shown(run)) == 2)

    await save_results(ledger, run, tmp_path / "whole.csv")
    assert (tmp_path / "deals.results.partial.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


async def test_each_sitting_begins_anew_with_what_earlier_ones_have_settled(
    ledger: Ledger, run: RunRecord, tmp_path: Path
) -> None:
    (tmp_path / "deals.results.partial.csv").write_text("left by a crash,in the middle of a li")
    await add(ledger, run, range(2, 3002))
    await judge(ledger, run, 5)
    await judge(ledger, run, 2999)

    async with shown_live(ledger, run) as settled:
        await judge(ledger, run, 2)
        settled([2])
        await until(lambda: len(shown(run)) == 303)

    rows = shown(run)
    assert len(set(rows)) == len(rows)
    assert {("5", "started"), ("2999", "started"), ("2", "started"), ("3000", "invalid")} < set(rows)
    forget_live(run)
    assert shown(run) == []


async def test_a_run_that_settles_nothing_leaves_no_file(
    ledger: Ledger, run: RunRecord, tmp_path: Path
) -> None:
    async with shown_live(ledger, run):
        await add(ledger, run, range(2, 4))

    assert [path.name for path in tmp_path.glob("deals*")] == []


async def test_a_full_disk_is_one_warning_and_what_was_shown_stays(tmp_path: Path, run: RunRecord) -> None:
    """On SQLite alone: the limit is this process's, in which a server would not feel it."""
    resource = pytest.importorskip("resource", reason="a size limit for files is a POSIX matter")
    async with open_ledger(str(tmp_path / "other.db")) as ledger:
        run = await ledger.begin_run(run)
        await add(ledger, run, range(10, 30_000, 10))
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        with capture_logs() as logs:
            async with shown_live(ledger, run) as settled:
                resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, before[1]))
                try:
                    settled(range(10, 30_000, 10))
                    await until(lambda: bool(logs))
                    settled([10])
                finally:
                    resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert [(log["log_level"], log["event"]) for log in logs] == [
        ("warning", "the rows so far cannot be shown while the run goes")
    ]
    assert 0 < len(shown(run)) < 2_999, "how many fit depends on the size of Python's buffer"


async def test_results_for_standard_output_have_no_rows_so_far(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    new = NewRun(
        job="", file="leads.csv", portal="p", plan={}, header=("ID",), dialect={"format": "csv"},
        fingerprint="", results="-",
    )  # fmt: skip
    run = await ledger.begin_run(new)

    async with shown_live(ledger, run) as settled:
        settled([2])
    forget_live(run)

    assert list(tmp_path.glob("*.csv")) == []
