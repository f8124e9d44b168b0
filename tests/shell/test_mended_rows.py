"""Rows that a person has mended start in their run; those that started already are left as they were."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from launcher.core.model import State
from launcher.engine import mend
from launcher.ledger import Ledger, RunRecord
from launcher.sheets import open_table
from launcher.simulator import Settings, Simulator
from tests.support.runs import LEADS, Runs


@pytest.fixture
async def run(ledger: Ledger, tmp_path: Path) -> AsyncIterator[Runs]:
    async with Simulator(Settings(burst=0, documents=1000)) as portal:
        yield Runs(ledger, portal, tmp_path)


async def the_run(ledger: Ledger) -> RunRecord:
    found = await ledger.run(1)
    assert found is not None
    return found


async def test_mended_rows_of_the_failed_file_are_to_be_sent_and_nothing_else(
    run: Runs, ledger: Ledger
) -> None:
    await run.start_all([("1", "A"), ("5000", "B"), ("abc", "C"), ("2", "D")])
    mended = run.folder / "leads.failed.csv"
    mended.write_text(mended.read_text().replace("5000,B", "5,B").replace("abc,C", "1,A"), encoding="utf-8")

    lines = await mend(ledger, await the_run(ledger), LEADS, open_table(mended))

    assert 'row 3: ID: "5000" → "5"' in lines
    assert lines[-1] == "2 rows of run r1 mended"
    states = await run.states(1)
    assert states == {2: State.STARTED, 3: State.PENDING, 4: State.SKIPPED, 5: State.STARTED}
    assert [start.row_number for start in await ledger.sendable(1, State.PENDING, after_row=0, limit=9)] == [3]


async def test_a_row_that_started_is_left_whatever_the_mended_file_says(run: Runs, ledger: Ledger) -> None:
    await run.start_all([("1", "A"), ("5000", "B")])
    mended = run.file([("77", "changed"), ("5", "B")])

    lines = await mend(ledger, await the_run(ledger), LEADS, open_table(mended))

    assert lines[-1].startswith("1 row changed too, but started")
    assert await run.states(1) == {2: State.STARTED, 3: State.PENDING}
    assert [row.cells for row in await ledger.recorded_rows(1)] == [("1", "A"), ("5", "B")]
