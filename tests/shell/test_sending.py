"""Between the ledger and the portal: only what the ledger has let go is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from launcher.core.model import Start, State
from launcher.ledger import Ledger, PortalLease
from launcher.ledger.records import Judged, Record, Sent
from launcher.simulator import Settings, Simulator
from tests.support.runs import Runs


@pytest.fixture
async def portal() -> AsyncIterator[Simulator]:
    async with Simulator(Settings(burst=0)) as simulator:
        yield simulator


@pytest.mark.timeout(60)  # a run that lost count of its rows never ends
async def test_rows_that_another_process_has_sent_are_not_sent_by_this_one(
    ledger: Ledger, portal: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are in this process's queue already: the ledger alone can say that they are taken."""
    run, record = Runs(ledger, portal, tmp_path), ledger.record
    by_another: list[Start] = []

    async def recorded(records: Sequence[Record], lease: PortalLease | None = None) -> list[tuple[Start, ...]]:
        if not by_another and any(isinstance(one, Judged) for one in records):
            by_another.extend(await ledger.sendable(1, State.PENDING, after_row=3, limit=2))
            await record([Sent(run_id=1, request_number=99, starts=tuple(by_another), at=0.0)])
        return await record(records, lease)

    monkeypatch.setattr(ledger, "record", recorded)
    await run.start_all([(str(number), "Anna") for number in range(1, 11)])

    assert [start.document.element_id for start in by_another] == ["LEAD_3", "LEAD_4"]
    assert set(run.started_documents()) == {f"LEAD_{number}" for number in (1, 2, *range(5, 11))}
    assert len(run.started_documents()) == 8
    assert {row: state for row, state in (await run.states(1)).items() if state is not State.STARTED} == {
        4: State.UNKNOWN,
        5: State.UNKNOWN,
    }
