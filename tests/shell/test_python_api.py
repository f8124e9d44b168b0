"""What a Python program calls: the examples of docs/python.md, and what they promise."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections import Counter
from pathlib import Path

import pandas
import pytest

import launcher
from launcher import CancelToken, Launcher, RunRequest, State
from launcher.testing import SimulatedPortal, portal, simulated_portal

__all__ = ["portal"]  # a fixture

DOCS = Path(__file__).parents[2] / "docs" / "python.md"
EXAMPLES = re.findall(r"^```python\n(.*?)^```", DOCS.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)

LEADS = pandas.DataFrame({"ID": range(1, 301), "Manager": "Anna"})


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def request(rows: object = LEADS, **more: object) -> RunRequest:
    return RunRequest(rows=rows, template="1", kind="lead", **more)  # type: ignore[arg-type]


def test_the_exported_names_are_these() -> None:
    assert launcher.__all__ == sorted(launcher._MODULES)
    assert len(launcher.__all__) < 30
    for name in launcher.__all__:
        assert getattr(launcher, name) is not None


def test_the_example_starts_the_rows_of_a_data_frame(
    portal: SimulatedPortal, capsys: pytest.CaptureFixture[str]
) -> None:
    exec(EXAMPLES[0], {})

    assert capsys.readouterr().out == "300 started, exit code 0\n"
    assert portal.started_documents() == [f"LEAD_{number}" for number in range(1, 301)]


def test_the_example_is_cancelled_resumed_and_reads_its_rows(
    portal: SimulatedPortal, capsys: pytest.CaptureFixture[str]
) -> None:
    # One request at a time: else all of them have left before the first is answered.
    Path("config.yaml").write_text(
        "portal: {webhook_url: '${BITRIX24_WEBHOOK_URL}', limits: {burst: 1, per_second: 5}}\n"
    )

    exec(EXAMPLES[1], {})

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "r1 interrupted"
    assert "left to start" not in lines[1]
    assert lines[1] == "r1 finished"
    assert len(lines) == 302
    assert all(" started " in line for line in lines[2:])
    assert Counter(portal.started_documents()) == {f"LEAD_{number}": 1 for number in range(1, 301)}


def test_the_example_serves_a_portal(capsys: pytest.CaptureFixture[str]) -> None:
    exec(EXAMPLES[2], {})

    assert "/rest/1/" in capsys.readouterr().out


def test_the_same_rows_are_started_once(portal: SimulatedPortal) -> None:
    first = launcher.run_sync(request(), ledger="launcher.db")
    second = launcher.run_sync(request(LEADS.to_dict("records")), ledger="launcher.db")

    assert (first.counts[State.STARTED], second.counts[State.SKIPPED]) == (300, 300)
    assert len(portal.started_documents()) == 300
    assert not list(Path().glob("*.csv")), "no results file is written for them"


def test_cells_are_read_as_from_a_workbook(portal: SimulatedPortal) -> None:
    frame = pandas.DataFrame(
        {
            "ID": [7.0, 8.0, None],
            "On": [dt.date(2026, 11, 26), None, None],
            "At": pandas.to_datetime(["2026-11-26 10:30:00", None, None]),
            "Yes": [True, False, None],
        }
    )

    async def cells() -> list[tuple[str, ...]]:
        async with Launcher.open(ledger="launcher.db") as opened:
            await opened.run(request(frame, column="ID"))
            return [row.cells async for row in opened.rows()]

    assert asyncio.run(cells()) == [("7", "2026-11-26", "2026-11-26 10:30:00", "TRUE"), ("8", "", "", "FALSE")]
    assert portal.started_documents() == ["LEAD_7", "LEAD_8"]


@pytest.mark.parametrize("rows", [[], [{}], [{"ID": object()}], [{"ID": ["1"]}]])
def test_rows_that_are_no_table_are_refused(portal: SimulatedPortal, rows: list[dict[str, object]]) -> None:
    with pytest.raises(launcher.InputError, match="rows from Python"):
        launcher.run_sync(request(rows), ledger="launcher.db")

    assert not portal.started_documents()


async def test_two_launchers_in_one_loop_and_cancelling_one_leaves_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with simulated_portal(start_seconds=0.002) as one, simulated_portal(start_seconds=0.002) as other:
        cancel, heard = CancelToken(), Counter[str]()
        Path("config.yaml").write_text(
            "portals:\n"
            f"  one: {{webhook_url: '{one.webhook_url}'}}\n"
            f"  other: {{webhook_url: '{other.webhook_url}'}}\n"
            "jobs:\n"
            "  a: {template: 1, kind: lead, portal: one}\n"
            "  b: {template: 1, kind: lead, portal: other}\n"
        )

        def hear(event: launcher.Event) -> None:
            heard[type(event).__name__] += 1
            if isinstance(event, launcher.RunBegan) and event.cancel is cancel:
                cancel.cancel("at once")

        async with Launcher.open(on_event=hear) as first, Launcher.open(on_event=hear) as second:
            stopped, finished = await asyncio.gather(
                first.run(RunRequest(rows=LEADS, job="a"), cancel), second.run(RunRequest(rows=LEADS, job="b"))
            )

    assert stopped.ending is launcher.Ending.INTERRUPTED
    assert finished.counts[State.STARTED] == 300
    assert heard["RunBegan"] == heard["RunEnded"] == 2


async def test_a_task_that_is_cancelled_leaves_a_run_to_resume(portal: SimulatedPortal) -> None:
    portal.change(start_seconds=0.005)
    began: asyncio.Future[launcher.RunBegan] = asyncio.get_running_loop().create_future()

    def hear(event: launcher.Event) -> None:
        if isinstance(event, launcher.RunBegan) and not began.done():
            began.set_result(event)

    async with Launcher.open(ledger="launcher.db", on_event=hear) as opened:
        task = asyncio.create_task(opened.run(request()))
        progress = (await began).progress
        while progress.done < 20 or progress.rows < 300:  # noqa: ASYNC110  progress sets no event
            await asyncio.sleep(0.002)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        before = await opened.status()
        summary = await opened.resume()

    assert before.summary.ending is launcher.Ending.INTERRUPTED
    assert summary.counts[State.STARTED] + summary.counts[State.UNKNOWN] == 300
    assert max(Counter(portal.started_documents()).values()) == 1


async def test_a_plan_is_refused_once_its_rows_are_settled_or_were_sent_meanwhile(
    portal: SimulatedPortal,
) -> None:
    """As many rows are unknown after somebody else's retry; they have been sent once more since."""
    portal.script("reset after", method="batch", skip=1)
    async with Launcher.open(ledger="launcher.db") as opened:
        await opened.run(request(LEADS[:4]))
        portal.end_workflows()
        stale, of_another = [await opened.plan_retry(launcher.RetryRequest(unknown=True)) for _ in range(2)]
        assert stale.needs_confirmation
        portal.script("reset after", method="batch", times=None)
        again = await opened.retry(of_another)
        assert again.counts[State.UNKNOWN] == len(stale.unknown)
        sent = len(portal.started_documents())

        with pytest.raises(launcher.ConfirmationError, match="nothing was sent"):
            await opened.retry(stale)

    assert len(portal.started_documents()) == sent
