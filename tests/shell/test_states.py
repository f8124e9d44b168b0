"""What core's table refuses, the ledger's SQL does not do: every event is tried on a row in every state."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import pytest
from sqlalchemy import Table, select, update

from launcher.core.model import Invalid, State
from launcher.core.plan import Planned
from launcher.core.reconcile import Settled
from launcher.core.states import ANSWERS, CORRECTIONS, TRANSITIONS, Event
from launcher.core.verdict import Verdict
from launcher.ledger import Ledger, LedgerError, NewRow, RunRecord
from launcher.ledger.schema import attempts, claims, rows
from launcher.ledger.statements import own_claims
from tests.shell.test_ledger import filled, judged, sent, start, states

STATES = {
    2: State.PENDING,
    3: State.SENT,
    4: State.DEFERRED,
    5: State.STARTED,
    6: State.FAILED,
    7: State.UNKNOWN,
    8: State.INVALID,
    9: State.SKIPPED,
}
WITNESS = 10
"""One more row, which is in flight."""


async def in_every_state(ledger: Ledger) -> RunRecord:
    """A run with a row in each state, which differ in nothing else by which a change could pass one over."""
    starts = [start(number) for number in range(2, 8)]
    same, witness = start(9, "key2"), start(WITNESS)
    run = await filled(ledger, *starts, Invalid(8, "blank ID", "blank"), same, witness)
    await ledger.record([sent(run, 1, *starts[1:], witness)])
    verdicts = [Verdict(STATES[one.row_number], text="so") for one in starts[2:]]
    await ledger.record([judged(run, 1, *zip(starts[2:], verdicts, strict=True))])
    of_run = update(rows).where(rows.c.run_id == run.id)
    await ledger.database.execute(of_run.values(request_number=1))
    for number in STATES:
        this = of_run.where(rows.c.row_number == number)
        await ledger.database.execute(this.values(workflow_id=f"66e.{number}", start_key=f"key{number}"))
    await ledger.database.write(lambda connection: own_claims(connection, run.id, [start(n) for n in STATES]))
    assert await states(ledger, run) == STATES | {WITNESS: State.SENT}
    return run


TABLES = (rows, attempts, claims)


async def snapshot(
    ledger: Ledger, run: RunRecord, tables: Sequence[Table] = TABLES
) -> dict[int, list[tuple[object, ...]]]:
    """All that the ledger has of each row."""
    found: dict[int, list[tuple[object, ...]]] = {}
    for table in tables:
        of_run = select(table).where(table.c.run_id == run.id).order_by(*table.primary_key.columns)
        for row in await ledger.database.fetch(of_run):
            found.setdefault(row.row_number, []).append(tuple(row))
    return found


async def be_sent(ledger: Ledger, run: RunRecord, number: int) -> None:
    await ledger.record([sent(run, 20 + number, start(number))])


async def be_taken_over(ledger: Ledger, run: RunRecord, number: int) -> None:
    """By a row that its plan does not know: the next one of a run of its own."""
    own_claim = [start(number)]
    await ledger.database.write(lambda connection: own_claims(connection, run.id + 1, own_claim))
    await be_sent(ledger, run, number)


def be_answered(state: State) -> Callable[[Ledger, RunRecord, int], Awaitable[object]]:
    async def answer(ledger: Ledger, run: RunRecord, number: int) -> None:
        workflow_id = f"88.{number}" if state is State.STARTED else ""
        verdict = Verdict(state, workflow_id, code="c", text="an answer")
        with suppress(LedgerError):
            await ledger.record([judged(run, 1, (start(number), verdict))])

    return answer


async def be_doubted(ledger: Ledger, run: RunRecord, number: int) -> None:
    """Another row gets its workflow ID."""
    again = update(rows).where(rows.c.run_id == run.id, rows.c.row_number == WITNESS)
    await ledger.database.execute(again.values(state=State.SENT, attempts=rows.c.attempts + 1))
    await ledger.record([judged(run, 1, (start(WITNESS), Verdict(State.STARTED, f"66e.{number}")))])


def be_corrected(state: State) -> Callable[[Ledger, RunRecord, int], Awaitable[object]]:
    async def correct(ledger: Ledger, run: RunRecord, number: int) -> None:
        new = start(number, f"new key {number}") if state is State.PENDING else None
        planned = Planned(number, state, start=new, code="c", reason="a plan")
        await ledger.replace_rows(run.id, [NewRow(planned, ("new", "Анна"), "")])

    return correct


HAPPEN: dict[Event, Callable[[Ledger, RunRecord, int], Awaitable[object]]] = {
    Event.SENT: be_sent,
    Event.TAKEN_OVER: be_taken_over,
    **{event: be_answered(state) for state, event in ANSWERS.items()},
    Event.DOUBTED: be_doubted,
    Event.INTERRUPTED: lambda ledger, run, _: ledger.mark_in_flight_unknown(run.id),
    Event.RECONCILED: lambda ledger, run, number: ledger.settle(
        run.id, [Settled(number, workflow_id=f"77.{number}")]
    ),
    Event.NOT_FOUND: lambda ledger, run, number: ledger.settle(run.id, [Settled(number, reason="not listed")]),
    Event.RETRIED: lambda ledger, run, _: ledger.retry_failed(run.id),
    Event.RETRIED_UNKNOWN: lambda ledger, run, number: ledger.retry_unknown(run.id, only=[number]),
    **{event: be_corrected(state) for state, event in CORRECTIONS.items()},
}


@pytest.mark.parametrize("event", Event)
async def test_an_event_changes_the_rows_that_the_table_names_and_no_others(
    ledger: Ledger, event: Event
) -> None:
    # Whoever takes rows over has their claims before they are to be sent.
    tables = TABLES[:-1] if event is Event.TAKEN_OVER else TABLES
    run = await in_every_state(ledger)
    before = await snapshot(ledger, run, tables)

    for number in STATES:
        await HAPPEN[event](ledger, run, number)

    after, now = await snapshot(ledger, run, tables), await states(ledger, run)
    for number, state in STATES.items():
        assert now[number] == TRANSITIONS.get((state, event), state)
        assert (after[number] != before[number]) == ((state, event) in TRANSITIONS), state


async def test_an_answer_to_rows_that_another_process_has_changed_is_written_for_none(ledger: Ledger) -> None:
    """That one took this process for dead: what it wrote of the rows stays, and no more is sent here."""
    run = await filled(ledger, start(2), start(3))
    await ledger.record([sent(run, 1, start(2), start(3))])
    assert await ledger.mark_in_flight_unknown(run.id) == 2
    assert await ledger.retry_unknown(run.id, only=[3]) == 1
    assert await ledger.record([sent(run, 2, start(3))]) == [(start(3),)]
    before = await snapshot(ledger, run)

    answer = judged(run, 1, *((start(n), Verdict(State.STARTED, f"66e.{n}")) for n in (2, 3)))
    with pytest.raises(LedgerError, match=r"^run r1: another process .* launcher resume r1$"):
        await ledger.record([answer])

    assert await snapshot(ledger, run) == before


async def test_a_row_that_cannot_be_corrected_claims_no_start(ledger: Ledger) -> None:
    """Else a later run would take the start for started, and leave it out."""
    run = await in_every_state(ledger)

    await HAPPEN[Event.CORRECTED](ledger, run, 5)

    again = await filled(ledger, start(2, "new key 5"))
    assert await states(ledger, again) == {2: State.PENDING}


def test_every_event_is_tried() -> None:
    assert set(HAPPEN) == set(Event)
    assert set(STATES.values()) == set(State)
