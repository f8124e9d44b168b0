"""Old runs lose what nobody needs, and never what protects against starting twice."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.util import await_only

from launcher.core.model import Invalid, State
from launcher.core.summary import Ending
from launcher.core.verdict import Verdict
from launcher.engine.summary import summarise
from launcher.ledger import Ledger, RunRecord, open_ledger
from launcher.ledger import pruning as steps
from launcher.ledger.pruning import compact, prunable, prune
from tests.shell.test_ledger import filled, judged, sent, start, states

LATER = 1e12
STARTED = Verdict(State.STARTED, "66e.1")
FAILED = Verdict(State.FAILED, text="Wrong DOCUMENT_ID!")
UNKNOWN = Verdict(State.UNKNOWN, code="lost", text="no answer")


async def ended(ledger: Ledger, run: RunRecord, ending: Ending = Ending.FINISHED) -> None:
    await ledger.loaded(run.id)
    await ledger.end_run(run.id, ending, reason="", active_s=1.0)


async def old_run(ledger: Ledger, *verdicts: Verdict, first: int = 3) -> RunRecord:
    """A finished run: an invalid row 2, and from row 3 on one for each verdict, in requests of their own."""
    starts = [start(number) for number in range(first, first + len(verdicts))]
    run = await filled(ledger, Invalid(2, "blank ID", "blank"), *starts)
    for number, (one, verdict) in enumerate(zip(starts, verdicts, strict=True), 1):
        await ledger.record([sent(run, number, one)])
        await ledger.record([judged(run, number, (one, verdict))])
    await ended(ledger, run)
    return run


async def count(ledger: Ledger, table: str) -> int:
    return int(await ledger.database.scalar(text(f"select count(*) from {table}")))


async def test_rows_that_did_not_start_are_dropped_and_still_counted(ledger: Ledger) -> None:
    run = await old_run(ledger, STARTED, FAILED)
    before = await ledger.counts(run.id)

    assert await prune(ledger, run.id)

    assert await states(ledger, run) == {3: State.STARTED}
    assert await ledger.counts(run.id) == before
    assert (await summarise(ledger, run.id)).pruned
    assert await ledger.requests(run.id) == 2, "a later request of the run has a number of its own"


async def test_after_pruning_what_started_or_may_have_is_skipped_and_what_failed_is_planned(
    ledger: Ledger,
) -> None:
    """The row that matters most: the same file again starts nothing twice."""
    run = await old_run(ledger, STARTED, FAILED, UNKNOWN)
    await prune(ledger, run.id)

    again = await filled(ledger, start(3), start(4), start(5))

    assert await states(ledger, again) == {3: State.SKIPPED, 4: State.PENDING, 5: State.SKIPPED}
    first = (await ledger.recorded_rows(again.id))[0]
    assert first.error.endswith(f"in run {run.name}, row 3, as 66e.1")


async def test_a_started_row_loses_its_cells_and_keeps_its_workflow(ledger: Ledger) -> None:
    run = await old_run(ledger, STARTED)
    await prune(ledger, run.id)

    [row] = await ledger.recorded_rows(run.id)
    assert (row.cells, row.workflow_id, row.row_number) == ((), "66e.1", 3)
    assert await ledger.owned(["66e.1", "66e.2"]) == {"66e.1"}
    assert await count(ledger, "attempts") == 0


async def test_an_unknown_row_stays_whole_and_can_be_reconciled_and_sent_again(ledger: Ledger) -> None:
    run = await old_run(ledger, STARTED, UNKNOWN, FAILED)
    await prune(ledger, run.id)

    [lost] = await ledger.lost_rows(run.id)
    assert (lost.row_number, lost.sent_at) == (4, 1000.0)
    assert await ledger.retry_unknown(run.id) == 1
    assert await ledger.sendable(run.id, State.PENDING, after_row=0, limit=9) == [start(4)]
    assert [row.cells for row in await ledger.recorded_rows(run.id, only=[State.PENDING])] == [("4", "Анна")]


@pytest.mark.parametrize("ending", [Ending.INTERRUPTED, Ending.STOPPED, Ending.RUNNING])
async def test_a_run_that_can_go_on_is_left_as_it_is(ledger: Ledger, ending: Ending) -> None:
    run = await old_run(ledger, STARTED, FAILED)
    await ended(ledger, run, ending)

    [one] = await prunable(ledger, before=LATER)
    assert (one.not_over, one.dropped, one.kept) == ("it is not finished", 0, 3)
    assert not await prune(ledger, run.id)
    assert len(await states(ledger, run)) == 3


async def test_a_finished_run_with_deferred_rows_is_left_as_it_is(ledger: Ledger) -> None:
    await old_run(ledger, STARTED, Verdict(State.DEFERRED, text="two run already"))

    [one] = await prunable(ledger, before=LATER)
    assert one.not_over == "it is not finished, 1 row to send"


async def test_only_old_runs_are_found_and_each_once(ledger: Ledger) -> None:
    run = await old_run(ledger, STARTED, FAILED, UNKNOWN)

    assert await prunable(ledger, before=0) == []
    [one] = await prunable(ledger, before=LATER)
    assert (one.run.id, one.dropped, one.emptied, one.kept) == (run.id, 2, 1, 1)
    await prune(ledger, run.id)
    assert await prunable(ledger, before=LATER) == []


async def test_a_run_that_goes_on_again_in_the_middle_is_left_alone_from_there_on(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def resumed(_taken_s: float) -> None:
        await ledger.resumed(run.id)

    monkeypatch.setattr(steps, "_AT_ONCE", 1)
    monkeypatch.setattr(steps, "_pause", resumed)
    run = await old_run(ledger, FAILED, STARTED, FAILED)

    assert not await prune(ledger, run.id)
    assert await states(ledger, run) == {3: State.FAILED, 4: State.STARTED, 5: State.FAILED}
    assert (await ledger.counts(run.id)).total == 4, "what is gone is counted, whenever pruning stops"

    monkeypatch.undo()
    await ended(ledger, run)
    assert [one.run.id for one in await prunable(ledger, before=LATER)] == [run.id]
    assert await prune(ledger, run.id)
    assert await states(ledger, run) == {4: State.STARTED}
    assert (await ledger.counts(run.id)).total == 4


async def test_claims_of_dropped_rows_go_and_those_of_later_runs_stay(ledger: Ledger) -> None:
    old = await old_run(ledger, FAILED)
    later = await filled(ledger, start(3))
    await prune(ledger, old.id)

    claims = await ledger.claims(["key3"])
    assert claims["key3"].run_id == later.id
    assert await ledger.record([sent(later, 1, start(3))]) == [(start(3),)]


async def test_a_pruned_ledger_gives_its_room_back(ledger: Ledger) -> None:
    run = await old_run(ledger, STARTED, FAILED)
    await prune(ledger, run.id)

    await compact(ledger)

    assert await states(ledger, run) == {3: State.STARTED}
    if ledger.database.file is not None:
        assert await ledger.database.scalar(text("pragma freelist_count")) == 0


async def test_a_row_that_is_to_be_sent_again_by_then_is_not_dropped(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between looking for the rows and dropping them somebody says `retry`; SQLite has no such moment."""
    drop = steps._drop

    async with open_ledger(postgres_url) as ledger:
        run = await old_run(ledger, FAILED)

        def after_a_retry(connection: Connection, run_id: int, some: Sequence[int]) -> None:
            assert await_only(ledger.retry_failed(run_id)) == 1
            drop(connection, run_id, some)

        monkeypatch.setattr(steps, "_drop", after_a_retry)
        await prune(ledger, run.id)

        assert await ledger.sendable(run.id, State.PENDING, after_row=0, limit=9) == [start(3)]
        assert await ledger.record([sent(run, 9, start(3))]) == [(start(3),)]
