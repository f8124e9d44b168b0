"""The ledger keeps the truth, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, MetaData, bindparam, insert, select, text, update

from launcher.core.model import Document, Invalid, Start, State
from launcher.core.plan import SKIP, Planned, Planner, keys_of
from launcher.core.reconcile import Settled
from launcher.core.summary import Ending
from launcher.core.timeline import Wait
from launcher.core.verdict import BatchOutcome, Verdict, given_twice
from launcher.ledger import (
    Ledger,
    LedgerError,
    LedgerGoneError,
    NewRow,
    NewRun,
    PortalInUseError,
    RunRecord,
    hold_portal,
    is_held,
    open_ledger,
    run_number,
    who_holds,
)
from launcher.ledger.database import upgrade
from launcher.ledger.records import Judged, Recorded, Sent
from launcher.ledger.schema import addresses, attempts, requests
from launcher.ledger.statements import Prepared

NEW_RUN = NewRun(
    job="followup",
    file="/data/leads.csv",
    portal="portal.example",
    plan={"template_id": 1},
    header=("ID", "Имя"),
    dialect={"format": "csv"},
    fingerprint="1 byte",
    results="/data/leads.results.csv",
)


def start(row_number: int, key: str = "") -> Start:
    return Start(
        row_number=row_number,
        template_id=1,
        document=Document("crm", "CCrmDocumentLead", f"LEAD_{row_number}"),
        parameters={"Имя": 'Анна; "О\'Нил"', "Теги": ("а", "б")},
        start_key=key or f"key{row_number}",
    )


async def filled(ledger: Ledger, *candidates: Start | Invalid) -> RunRecord:
    """A run that has those rows, planned as a run plans them."""
    run = await ledger.begin_run(NEW_RUN)
    planner = Planner(run_id=run.id, started_before=SKIP, now=0.0)
    planned = planner.plan(candidates, await ledger.claims(keys_of(candidates)))
    await ledger.add_rows(run.id, [NewRow(plan, (str(plan.row_number), "Анна"), "") for plan in planned])
    return run


def sent(run: RunRecord, request: int, *starts: Start) -> Sent:
    return Sent(run_id=run.id, request_number=request, starts=starts, at=1000.0)


def judged(run: RunRecord, request: int, *pairs: tuple[Start, Verdict]) -> Judged:
    return Judged(
        run_id=run.id,
        request_number=request,
        starts=tuple(one for one, _ in pairs),
        judgement=BatchOutcome(tuple(verdict for _, verdict in pairs)),
        outcome="HTTP 200",
        at=1001.0,
    )


async def states(ledger: Ledger, run: RunRecord) -> dict[int, State]:
    return {row.row_number: row.state for row in await ledger.recorded_rows(run.id)}


async def test_a_start_comes_back_from_the_ledger_as_it_went_in(ledger: Ledger) -> None:
    run = await filled(ledger, start(2), start(3))

    assert await ledger.sendable(run.id, State.PENDING, after_row=2, limit=10) == [start(3)]


async def test_a_run_comes_back_as_it_began(ledger: Ledger) -> None:
    run = await ledger.begin_run(NEW_RUN)
    again = await ledger.run(run.id)

    assert again == run
    assert (run.name, run.header, run.ending, run.loaded) == ("r1", ("ID", "Имя"), Ending.RUNNING, False)


async def test_a_row_is_sent_before_its_verdict_and_both_are_kept(ledger: Ledger) -> None:
    run = await filled(ledger, start(2), start(3))
    await ledger.record([sent(run, 1, start(2), start(3))])
    assert await states(ledger, run) == {2: State.SENT, 3: State.SENT}

    refused = Verdict(State.FAILED, code="", text="Не найдено")
    await ledger.record([judged(run, 1, (start(2), Verdict(State.STARTED, "66e.1")), (start(3), refused))])

    rows = await ledger.recorded_rows(run.id)
    assert [(row.state, row.workflow_id, row.error, row.attempts) for row in rows] == [
        (State.STARTED, "66e.1", "", 1),
        (State.FAILED, "", "Не найдено", 1),
    ]
    assert await ledger.requests(run.id) == 1


async def test_rows_of_one_run_that_have_the_same_workflow_id_are_unknown(ledger: Ledger) -> None:
    started = Verdict(State.STARTED, "66e.1")
    elsewhere = await filled(ledger, start(2, "elsewhere"))
    await ledger.record([sent(elsewhere, 1, start(2, "elsewhere"))])
    await ledger.record([judged(elsewhere, 1, (start(2, "elsewhere"), started))])
    run = await filled(ledger, start(2), start(3), start(4), start(5), start(6))
    for number in (2, 3, 4, 5, 6):
        await ledger.record([sent(run, number, start(number))])

    assert await ledger.record([judged(run, 2, (start(2), started))]) == [
        Recorded(BatchOutcome((started,))),
    ]
    # In one transaction, as requests that end together are.
    other = Verdict(State.STARTED, "66e.2")
    assert await ledger.record([judged(run, 3, (start(3), other)), judged(run, 4, (start(4), started))]) == [
        Recorded(BatchOutcome((other,))),
        Recorded(BatchOutcome((given_twice("66e.1"),), lost=True), doubted=(2,)),
    ]
    assert await ledger.record([judged(run, 5, (start(5), started))]) == [
        Recorded(BatchOutcome((given_twice("66e.1"),), lost=True)),
    ]

    assert await states(ledger, run) == {
        2: State.UNKNOWN,
        3: State.STARTED,
        4: State.UNKNOWN,
        5: State.UNKNOWN,
        6: State.SENT,
    }
    assert await states(ledger, elsewhere) == {2: State.STARTED}
    rows = await ledger.recorded_rows(run.id)
    assert {row.error_code for row in rows if row.state is State.UNKNOWN} == {"same workflow ID"}


async def test_a_row_that_has_started_keeps_its_workflow_from_others(ledger: Ledger) -> None:
    """The portal was asked twice at once, say, about rows that cannot be told apart."""
    run = await filled(ledger, start(2), start(3), start(4))
    lost = Verdict(State.UNKNOWN, code="TimeoutError", text="lost")
    await ledger.record([sent(run, 1, start(2), start(3), start(4))])
    await ledger.record(
        [judged(run, 1, (start(2), Verdict(State.STARTED, "66e.1")), (start(3), lost), (start(4), lost))]
    )

    found = [Settled(3, workflow_id="66e.1"), Settled(4, workflow_id="66e.2")]
    assert await ledger.settle(run.id, found) == 1
    assert await states(ledger, run) == {2: State.STARTED, 3: State.UNKNOWN, 4: State.STARTED}


async def test_rows_in_the_air_when_the_process_ended_become_unknown_and_no_others(ledger: Ledger) -> None:
    run = await filled(ledger, start(2), start(3), start(4))
    await ledger.record([sent(run, 1, start(2)), sent(run, 2, start(3))])
    await ledger.record([judged(run, 1, (start(2), Verdict(State.STARTED, "66e.1")))])

    assert await ledger.mark_in_flight_unknown(run.id) == 1
    assert await states(ledger, run) == {2: State.STARTED, 3: State.UNKNOWN, 4: State.PENDING}


async def test_records_are_written_all_or_not_at_all(ledger: Ledger) -> None:
    run = await filled(ledger, start(2), start(3))
    with pytest.raises(Exception, match=r"(?i)unique|duplicate"):
        await ledger.record([sent(run, 1, start(2)), sent(run, 1, start(3))])

    assert await states(ledger, run) == {2: State.PENDING, 3: State.PENDING}


async def test_a_start_that_a_later_run_has_taken_over_is_not_sent_by_the_earlier_one(ledger: Ledger) -> None:
    """An interrupted run is followed by a new one of the same file, and then resumed all the same."""
    first = await filled(ledger, start(2, "k"))
    second = await filled(ledger, start(2, "k"))
    assert await states(ledger, second) == {2: State.PENDING}

    assert await ledger.record([sent(second, 1, start(2, "k"))]) == [(start(2, "k"),)]
    assert await ledger.record([sent(first, 1, start(2, "k"))]) == [()]
    assert await states(ledger, first) == {2: State.SKIPPED}
    assert [await ledger.requests(run.id) for run in (first, second)] == [0, 1]
    [skipped] = await ledger.recorded_rows(first.id)
    assert (skipped.error_code, skipped.attempts) == ("taken over", 0)
    assert "another row" in skipped.error


async def test_of_two_rows_of_a_run_with_one_start_key_only_its_owner_is_sent(ledger: Ledger) -> None:
    """No plan makes such rows; the ledger does not rely on that."""
    run = await ledger.begin_run(NEW_RUN)
    twins = start(2, "k"), start(3, "k")
    pending = [Planned(twin.row_number, State.PENDING, start=twin) for twin in twins]
    await ledger.add_rows(run.id, [NewRow(planned, ("1", "Анна"), "") for planned in pending])

    assert await ledger.record([sent(run, 1, *twins)]) == [(twins[1],)]
    assert await states(ledger, run) == {2: State.SKIPPED, 3: State.SENT}


async def test_what_waits_without_a_job_is_not_sent_any_more_once_a_job_has_planned_it(ledger: Ledger) -> None:
    by_hand = await filled(ledger, start(2, "without a job"), start(3, "another"))
    await filled(ledger, replace(start(2, "of a job"), equivalent_keys=(("", "without a job"),)))

    leaving = sent(by_hand, 1, start(2, "without a job"), start(3, "another"))
    assert await ledger.record([leaving]) == [(start(3, "another"),)]
    assert await states(ledger, by_hand) == {2: State.SKIPPED, 3: State.SENT}


async def test_runs_without_a_job_count_for_every_job_and_every_jobs_for_them(ledger: Ledger) -> None:
    for job, portal in (("a", "p"), ("b", "p"), ("a", "p"), ("c", "elsewhere"), ("", "elsewhere")):
        await ledger.begin_run(replace(NEW_RUN, job=job, portal=portal))

    assert await ledger.equivalents("p", "") == ["a", "b"]
    assert await ledger.equivalents("p", "a") == []
    await ledger.begin_run(replace(NEW_RUN, job="", portal="p"))
    assert await ledger.equivalents("p", "a") == [""]


async def test_a_row_that_another_process_has_sent_is_not_sent_again(ledger: Ledger) -> None:
    """Two processes go on with the same run: the database, not the lock, has the last word."""
    run = await filled(ledger, start(2), start(3))
    await ledger.record([sent(run, 1, start(2))])

    assert await ledger.record([sent(run, 2, start(2), start(3))]) == [(start(3),)]
    rows = await ledger.recorded_rows(run.id)
    assert [(row.state, row.attempts) for row in rows] == [(State.SENT, 1), (State.SENT, 1)]


@pytest.mark.parametrize(
    ("verdict", "then"),
    [
        (Verdict(State.STARTED, "66e.1"), State.SKIPPED),
        (Verdict(State.UNKNOWN, text="lost"), State.SKIPPED),
        (Verdict(State.FAILED, text="no"), State.PENDING),
    ],
)
async def test_a_later_run_skips_what_may_have_started_and_starts_what_failed(
    ledger: Ledger, verdict: Verdict, then: State
) -> None:
    first = await filled(ledger, start(2, "k"))
    await ledger.record([sent(first, 1, start(2, "k"))])
    await ledger.record([judged(first, 1, (start(2, "k"), verdict))])

    second = await filled(ledger, start(9, "k"))

    assert await states(ledger, second) == {9: then}


async def test_a_duplicate_and_an_invalid_row_are_kept_with_their_reasons(ledger: Ledger) -> None:
    run = await filled(ledger, start(2, "k"), start(3, "k"), Invalid(4, "blank ID", "the ID is blank"))

    rows = await ledger.recorded_rows(run.id)
    assert [(row.state, row.error_code, row.error) for row in rows] == [
        (State.PENDING, "", ""),
        (State.SKIPPED, "duplicate", "the same as row 2"),
        (State.INVALID, "blank ID", "the ID is blank"),
    ]
    assert (await ledger.counts(run.id)).total == 3


async def test_causes_are_counted_the_most_frequent_first(ledger: Ledger) -> None:
    run = await filled(ledger, start(2), start(3), start(4), Invalid(5, "blank ID", "blank"))
    await ledger.record([sent(run, 1, start(2), start(3), start(4))])
    no = Verdict(State.FAILED, text="Wrong DOCUMENT_ID!")
    await ledger.record(
        [judged(run, 1, (start(2), Verdict(State.STARTED, "66e.1")), (start(3), no), (start(4), no))]
    )

    causes = await ledger.causes(run.id)
    assert [(cause.text, cause.rows, cause.first_row) for cause in causes] == [
        ("Wrong DOCUMENT_ID!", 2, 3),
        ("blank", 1, 5),
    ]


async def test_one_portal_has_one_run_at_a_time_and_another_portal_its_own(
    ledger_location: str, ledger: Ledger
) -> None:
    async with open_ledger(ledger_location) as second, hold_portal(ledger, "portal.example"):
        await ledger.begin_run(NEW_RUN)
        with pytest.raises(PortalInUseError, match="run r1"):
            async with hold_portal(second, "portal.example"):
                pass
        async with hold_portal(second, "other.example"):
            pass
    async with open_ledger(ledger_location) as third, hold_portal(third, "portal.example"):
        pass


async def test_looking_who_holds_a_portal_refuses_it_to_nobody(ledger_location: str) -> None:
    """Two that look in a loop, and a third that takes it again and again, as beside a daemon."""
    over = threading.Event()

    async def look() -> int:
        looks = 0
        async with open_ledger(ledger_location) as ledger:
            while not over.is_set():
                await is_held(ledger, "portal.example")
                looks += 1
        return looks

    async with open_ledger(ledger_location) as ledger:
        with ThreadPoolExecutor(2) as threads:
            looking = [threads.submit(asyncio.run, look()) for _ in range(2)]
            try:
                for _ in range(50):
                    async with hold_portal(ledger, "portal.example"):
                        assert await is_held(ledger, "portal.example")
            finally:
                over.set()
    assert all(each.result() > 0 for each in looking)


async def test_who_holds_a_portal_is_known_while_it_is_held_and_not_after(ledger_location: str) -> None:
    async with open_ledger(ledger_location) as ledger, open_ledger(ledger_location) as other:
        assert await who_holds(other, "portal.example") == ""
        async with hold_portal(ledger, "portal.example") as lease:
            assert "portal.example" in await who_holds(other, "portal.example")
            assert not await is_held(other, "other.example")
            assert (lease.portal, lease.owner) == ("portal.example", os.getpid())
        assert not await is_held(other, "portal.example")


async def test_nothing_is_let_go_once_the_lock_is_gone_with_its_session(postgres_url: str) -> None:
    """The server was restarted, and another run may hold the portal by now."""
    async with open_ledger(postgres_url) as ledger, hold_portal(ledger, NEW_RUN.portal) as lease:
        run = await filled(ledger, start(2), start(3))
        assert await ledger.record([sent(run, 1, start(2))], lease) == [(start(2),)]
        assert lease.session is not None
        ended = text("select pg_terminate_backend(:pid, 60000)")  # waits until it has ended
        assert await ledger.database.scalar(ended, {"pid": lease.session[0]})

        with pytest.raises(LedgerError, match="launcher resume"):
            await ledger.record([sent(run, 2, start(3))], lease)

        assert await states(ledger, run) == {2: State.SENT, 3: State.PENDING}


async def test_a_write_that_is_cancelled_is_over_before_the_next_one_can_begin(tmp_path: Path) -> None:
    """Else rows of a run that was told to end could become `sent` after its last word about them."""
    begun, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def rename(connection: Connection) -> None:
        loop.call_soon_threadsafe(begun.set)
        go_on.wait()
        connection.exec_driver_sql("update runs set job = 'written'")

    async with open_ledger(str(tmp_path / "ledger.db")) as ledger:
        run = await ledger.begin_run(NEW_RUN)
        writing = asyncio.create_task(ledger.database.write(rename))
        await begun.wait()
        writing.cancel()
        loop.call_soon(go_on.set)
        with pytest.raises(asyncio.CancelledError):
            await writing
        found = await ledger.run(run.id)

    assert found is not None
    assert found.job == "written"


async def test_a_value_that_a_statement_for_many_rows_does_not_take_is_found_at_once(tmp_path: Path) -> None:
    unknown = Prepared(insert(addresses), ("address", "run_id"))
    missing = Prepared(
        update(addresses)
        .where(addresses.c.address == bindparam("b_address"))
        .values(portal=bindparam("b_portal")),
        ("b_address",),
    )
    async with open_ledger(str(tmp_path / "ledger.db")) as ledger:
        with pytest.raises(ValueError, match="run_id"):
            await ledger.database.write(lambda connection: unknown.executemany(connection, [("here", "there")]))
        with pytest.raises(ValueError, match="b_portal"):
            await ledger.database.write(lambda connection: missing.execute(connection, ("here",)))


def test_a_ledger_in_a_file_imports_nothing_of_a_servers(tmp_path: Path) -> None:
    """Its driver, and SQLAlchemy's half for it, would be a third of what a command takes to open one."""
    begin = (
        "import asyncio, sys\n"
        "from launcher.ledger import open_ledger\n"
        "async def main():\n"
        "    async with open_ledger('ledger.db') as ledger:\n"
        "        await ledger.last_runs(1)\n"
        "asyncio.run(main())\n"
        "theirs = 'asyncpg', 'greenlet', 'sqlalchemy.orm', 'sqlalchemy.dialects.postgresql'\n"
        "print([name for name in theirs if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", begin], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert done.stdout == "[]\n"


async def test_the_migrations_lead_to_the_tables_that_a_new_ledger_has(ledger: Ledger) -> None:
    new = await ledger.database.read(reflected)
    await ledger.database.write(new.drop_all)
    await ledger.database.write(upgrade)
    migrated = await ledger.database.read(reflected)

    assert shape(migrated) == shape(new)
    assert {"runs", "rows", "requests", "attempts", "claims"} < set(shape(new))


def reflected(connection: Connection) -> MetaData:
    found = MetaData()
    found.reflect(connection)
    return found


def shape(tables: MetaData) -> dict[str, object]:
    return {
        name: (
            {
                column.name: (
                    str(column.type),
                    column.nullable,
                    column.primary_key,
                    column.server_default is None,
                )
                for column in table.columns
            },
            {(index.name, tuple(column.name for column in index.columns)) for index in table.indexes},
        )
        for name, table in tables.tables.items()
    }


async def test_the_ledger_is_opened_again_without_a_migration(ledger_location: str, ledger: Ledger) -> None:
    run = await filled(ledger, start(2))
    async with open_ledger(ledger_location) as again:
        assert await states(again, run) == {2: State.PENDING}


async def test_a_ledger_of_a_newer_launcher_is_refused(tmp_path: Path) -> None:
    location = tmp_path / "ledger.db"
    async with open_ledger(str(location)):
        pass
    with sqlite3.connect(location) as connection:
        connection.execute("update alembic_version set version_num = '9999'")
    connection.close()

    with pytest.raises(LedgerError, match="newer launcher"):
        async with open_ledger(str(location)):
            pass


async def test_a_damaged_ledger_says_who_knows_what_to_do(tmp_path: Path) -> None:
    location = tmp_path / "ledger.db"
    async with open_ledger(str(location)):
        pass
    content = bytearray(location.read_bytes())
    content[200:4096] = b"\xff" * 3896  # the page with the names of all tables
    location.write_bytes(content)

    with pytest.raises(LedgerError, match=r"malformed.*; it is damaged; launcher doctor says what to do"):
        async with open_ledger(str(location)):
            pass


async def test_a_database_that_is_none_of_ours_is_named_as_what_it_is() -> None:
    with pytest.raises(LedgerError, match=r"^the ledger: mysql is not supported; use SQLite or PostgreSQL"):
        async with open_ledger("mysql://host/database"):
            pass


async def test_a_file_that_is_no_ledger_is_refused_in_words(tmp_path: Path) -> None:
    location = tmp_path / "ledger.db"
    location.write_text("not a database, but long enough to look at" * 50)

    with pytest.raises(LedgerError, match="not a database"):
        async with open_ledger(str(location)):
            pass


async def test_sqlite_waits_for_the_disk_and_begins_with_its_lock(tmp_path: Path) -> None:
    """Each of its two kinds of connections."""

    def settings(connection: Connection) -> tuple[object, ...]:
        pragmas = ("synchronous", "journal_mode", "busy_timeout")
        return tuple(connection.exec_driver_sql(f"pragma {pragma}").scalar() for pragma in pragmas)

    location = tmp_path / "ledger.db"
    async with open_ledger(str(location)) as ledger:
        assert await ledger.database.read(settings) == (2, "wal", 30_000)
        assert await ledger.database.write(settings) == (2, "wal", 30_000)
        with closing(sqlite3.connect(location, timeout=0, check_same_thread=False)) as other:
            await ledger.database.write(lambda _: refused(other))


def refused(other: sqlite3.Connection) -> None:
    """Nobody else can write now."""
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("begin immediate")


@pytest.mark.parametrize(("text", "number"), [("r12", 12), ("12", 12), (" R3 ", 3), ("x", None), ("r", None)])
def test_a_run_is_named_with_or_without_its_letter(text: str, number: int | None) -> None:
    assert run_number(text) == number


async def test_a_ledger_of_the_first_version_keeps_its_runs_and_can_take_waits(ledger_location: str) -> None:
    async with open_ledger(ledger_location) as old:
        run = await filled(old, start(2), start(3))
        await old.record([sent(run, 1, start(2))])
        await old.record([judged(run, 1, (start(2), Verdict(State.STARTED, workflow_id="66e.1")))])
        first = await old.database.write(as_the_first_version)
    assert "waits" not in first

    async with open_ledger(ledger_location) as migrated:
        assert await states(migrated, run) == {2: State.STARTED, 3: State.PENDING}
        assert await migrated.run(run.id) == run
        assert await migrated.waits(run.id) == []
        await migrated.add_waits(run.id, [Wait("rate limit", 1000.5, 2.0)])
        assert await migrated.waits(run.id) == [Wait("rate limit", 1000.5, 2.0)]
        (owner,) = (await migrated.claims(["key2"])).values()
        assert owner.workflow_id == "66e.1"


def as_the_first_version(connection: Connection) -> set[str]:
    """Bring the tables to what version 0001 made of them, with the data in them; their names."""
    data = reflected(connection)
    kept = {
        name: [dict(row._mapping) for row in connection.execute(data.tables[name].select())]
        for name in ("runs", "rows", "requests", "attempts", "claims")
    }
    data.drop_all(connection)
    upgrade(connection, "0001")
    first = reflected(connection)
    for name, found in kept.items():
        known = first.tables[name].columns.keys()
        for row in found:
            connection.execute(first.tables[name].insert(), {key: row[key] for key in known})
    return set(first.tables)


async def test_answers_are_counted_by_slot_and_state(ledger: Ledger) -> None:
    run = await filled(ledger, *(start(number) for number in range(2, 6)))
    refused, accepted = Verdict(State.FAILED, text="no"), Verdict(State.STARTED, workflow_id="66e.1")
    await ledger.record([sent(run, 1, start(2), start(3)), sent(run, 2, start(4), start(5))])
    early = judged(run, 1, (start(2), accepted), (start(3), refused))
    others = (replace(accepted, workflow_id=f"66e.{number}") for number in (4, 5))
    late = judged(run, 2, *zip((start(4), start(5)), others, strict=True))
    await ledger.record([replace(early, at=1079.9), replace(late, at=1080.0)])

    assert await ledger.answered_between(run.id) == (1079.9, 1080.0)
    found = {(one.at, one.state): one.rows for one in await ledger.answers(run.id, slot_s=60)}
    assert found == {(1020.0, State.FAILED): 1, (1020.0, State.STARTED): 1, (1080.0, State.STARTED): 2}
    assert await ledger.answered_between(99) is None


async def test_no_connection_makes_a_file_where_the_ledger_was_removed(tmp_path: Path) -> None:
    location, begun, go_on = tmp_path / "ledger.db", threading.Event(), threading.Event()

    def until_told(_: Connection) -> bool:
        begun.set()
        return go_on.wait(60)

    async with open_ledger(str(location)):
        pass
    async with open_ledger(str(location)) as ledger:
        location.unlink()
        reading = asyncio.create_task(ledger.database.read(until_told))
        await asyncio.to_thread(begun.wait)  # a connection that is open reads on
        with pytest.raises(LedgerGoneError):
            await ledger.database.read(lambda _: None)
        with pytest.raises(LedgerGoneError):
            await ledger.database.write(lambda _: None)
        go_on.set()
        assert await reading
    with pytest.raises(LedgerGoneError):
        async with open_ledger(str(location)):
            pass

    assert not location.exists()


async def with_every_fate(ledger: Ledger, name: str) -> RunRecord:
    """A run whose rows 2 to 8 have started, failed, become unknown (two), are in flight, wait, are invalid."""
    starts = [start(number, f"{name} {number}") for number in range(2, 8)]
    run = await filled(ledger, *starts, Invalid(8, "blank ID", "blank"))
    await ledger.record([sent(run, 1, *starts[:4]), sent(run, 2, starts[4])])
    lost = Verdict(State.UNKNOWN, code="TimeoutError", text="lost")
    started, failed = Verdict(State.STARTED, f"66e.{name}"), Verdict(State.FAILED, code="no", text="no lead")
    await ledger.record([judged(run, 1, *zip(starts[:4], (started, failed, lost, lost), strict=True))])
    return run


EVERY_FATE = {
    2: State.STARTED,
    3: State.FAILED,
    4: State.UNKNOWN,
    5: State.UNKNOWN,
    6: State.SENT,
    7: State.PENDING,
    8: State.INVALID,
}


WERE_ANSWERED = [(2, 1, 1, "started"), (3, 1, 1, "failed"), (4, 1, 1, "unknown"), (5, 1, 1, "unknown")]
"""The first attempts of these rows, in the first request."""


async def attempts_of(ledger: Ledger, run: RunRecord) -> list[tuple[object, ...]]:
    """Row, attempt, request, state, code and text of every attempt that has ended."""
    kept = attempts.c
    query = (
        select(kept.row_number, kept.attempt, kept.request_number, kept.state, kept.code, kept.text)
        .where(kept.run_id == run.id)
        .order_by(kept.row_number, kept.attempt)
    )
    return [tuple(row) for row in await ledger.database.fetch(query)]


async def test_every_attempt_is_kept_with_its_request_and_what_became_of_it(ledger: Ledger) -> None:
    run = await with_every_fate(ledger, "a")
    await ledger.retry_failed(run.id)
    again = start(3, "a 3")
    await ledger.record([sent(run, 3, again)])
    await ledger.record([judged(run, 3, (again, Verdict(State.FAILED, code="", text="still no lead")))])

    assert [row[:4] for row in await attempts_of(ledger, run)] == [
        *WERE_ANSWERED[:2],
        (3, 2, 3, "failed"),
        *WERE_ANSWERED[2:],
    ]
    assert [row[4:] for row in await attempts_of(ledger, run)][:3] == [
        ("", ""),
        ("no", "no lead"),
        ("", "still no lead"),
    ]


async def test_an_answer_is_written_to_its_own_request(ledger: Ledger) -> None:
    """By what lies between the two a later run foresees how long its starts take."""
    first, second = await filled(ledger, start(2), start(3)), await filled(ledger, start(2, "b"))
    await ledger.record([sent(first, 1, start(2)), sent(first, 2, start(3)), sent(second, 1, start(2, "b"))])
    await ledger.record([judged(first, 1, (start(2), Verdict(State.STARTED, "66e.1")))])

    kept = requests.c
    query = select(kept.run_id, kept.number, kept.rows, kept.sent_at, kept.answered_at, kept.outcome)
    found = await ledger.database.fetch(query.order_by(kept.run_id, kept.number))
    assert [tuple(row) for row in found] == [
        (first.id, 1, 1, 1000.0, 1001.0, "HTTP 200"),
        (first.id, 2, 1, 1000.0, None, None),
        (second.id, 1, 1, 1000.0, None, None),
    ]


async def test_a_retry_takes_the_rows_of_its_run_and_states_and_no_others(ledger: Ledger) -> None:
    run, other = await with_every_fate(ledger, "a"), await with_every_fate(ledger, "b")

    assert await ledger.retry_failed(run.id) == 1

    assert await states(ledger, run) == EVERY_FATE | {3: State.PENDING}
    assert await states(ledger, other) == EVERY_FATE
    [again] = await ledger.rows_numbered(run.id, [3])
    assert (again.error_code, again.error, again.attempts) == ("", "", 1)
    assert again.changed_at > 1001.0


async def test_rows_of_another_run_stay_in_the_air_where_one_has_ended(ledger: Ledger) -> None:
    run, other = await with_every_fate(ledger, "a"), await with_every_fate(ledger, "b")

    assert await ledger.mark_in_flight_unknown(run.id) == 1

    assert await states(ledger, run) == EVERY_FATE | {6: State.UNKNOWN}
    assert await states(ledger, other) == EVERY_FATE
    [lost] = await ledger.rows_numbered(run.id, [6])
    assert (lost.error_code, lost.workflow_id) == ("interrupted", "")
    assert "may have started" in lost.error
    assert lost.changed_at > 1000.0
    assert [row[:4] for row in await attempts_of(ledger, other)] == WERE_ANSWERED
    *answered, (*where, code, text) = await attempts_of(ledger, run)
    assert [row[:4] for row in answered] == WERE_ANSWERED
    assert (where, code, text) == ([6, 1, 2, "unknown"], lost.error_code, lost.error)


async def test_what_the_portal_taught_is_for_the_unknown_rows_it_names_alone(ledger: Ledger) -> None:
    run, other = await with_every_fate(ledger, "a"), await with_every_fate(ledger, "b")
    before = {row.row_number: row for row in await ledger.recorded_rows(run.id)}
    elsewhere = await ledger.recorded_rows(other.id)

    taught = [Settled(number, workflow_id=f"77.{number}") for number in (2, 3, 4, 6, 7, 8)]
    await ledger.settle(run.id, [*taught, Settled(5, reason="not listed"), Settled(3, reason="not listed")])

    after = {row.row_number: row for row in await ledger.recorded_rows(run.id)}
    assert (after[4].state, after[4].workflow_id, after[4].error_code) == (State.STARTED, "77.4", "reconciled")
    assert "found running" in after[4].error
    assert after[4].changed_at > before[4].changed_at
    assert (after[5].state, after[5].workflow_id, after[5].error) == (State.UNKNOWN, "", "not listed")
    assert {n: row for n, row in after.items() if n not in (4, 5)} == {
        n: row for n, row in before.items() if n not in (4, 5)
    }
    assert await ledger.recorded_rows(other.id) == elsewhere


async def test_the_owner_of_a_start_key_is_told_with_its_own_state_and_when_it_came(ledger: Ledger) -> None:
    """By these a later run skips or starts, and forgets what is long ago."""
    run, other = await with_every_fate(ledger, "a"), await with_every_fate(ledger, "b")
    recorded = {row.row_number: row for row in await ledger.recorded_rows(run.id)}

    owners = await ledger.claims([f"{name} {number}" for name in "ab" for number in range(2, 8)])

    assert {key: owner.state for key, owner in owners.items()} == {
        f"{name} {number}": EVERY_FATE[number] for name in "ab" for number in range(2, 8)
    }
    assert (owners["a 2"].workflow_id, owners["b 2"].workflow_id) == ("66e.a", "66e.b")
    assert (owners["a 2"].run, owners["b 2"].run) == (run.name, other.name)
    for number in range(2, 8):
        assert owners[f"a {number}"].at == recorded[number].changed_at > 0
    assert owners["a 2"].when == datetime.fromtimestamp(1001.0).strftime("%Y-%m-%d %H:%M")


async def test_only_running_runs_of_a_portal_are_said_to_be_cut_off(ledger: Ledger) -> None:
    there = "elsewhere.example"
    runs = [await ledger.begin_run(replace(NEW_RUN, portal=portal)) for portal in (NEW_RUN.portal, there) * 2]
    await ledger.end_run(runs[2].id, Ending.FINISHED, reason="", active_s=1.0)

    await ledger.mark_interrupted(NEW_RUN.portal)

    found = [await ledger.run(run.id) for run in runs]
    assert [run.ending for run in found if run] == [
        Ending.INTERRUPTED,
        Ending.RUNNING,
        Ending.FINISHED,
        Ending.RUNNING,
    ]
    assert [bool(run.stopped_because) for run in found if run] == [True, False, False, False]


def mended(row_number: int, key: str, **of_the_start: Any) -> NewRow:
    new = replace(start(row_number, key), **of_the_start)
    return NewRow(Planned(row_number, State.PENDING, start=new), ("new", "Анна"), "")


async def test_mended_rows_replace_failed_and_invalid_rows_of_their_run_alone(ledger: Ledger) -> None:
    other, run = await with_every_fate(ledger, "b"), await with_every_fate(ledger, "a")
    before = {row.row_number: row for row in await ledger.recorded_rows(run.id)}
    elsewhere = await ledger.recorded_rows(other.id)

    await ledger.replace_rows(run.id, [mended(number, f"new {number}") for number in (2, 3, 4, 6)])

    after = {row.row_number: row for row in await ledger.recorded_rows(run.id)}
    assert (after[3].state, after[3].cells, after[3].error) == (State.PENDING, ("new", "Анна"), "")
    assert await ledger.sendable(run.id, State.PENDING, after_row=2, limit=1) == [start(3, "new 3")]
    assert list(await ledger.claims(["a 3", "b 3"])) == ["b 3"]
    assert {n: row for n, row in after.items() if n != 3} == {n: row for n, row in before.items() if n != 3}
    assert await ledger.recorded_rows(other.id) == elsewhere


async def test_rows_that_are_mended_together_each_leave_their_own_start_to_others(ledger: Ledger) -> None:
    starts, failed = (start(2, "c 2"), start(3, "c 3")), Verdict(State.FAILED, text="no lead")
    run = await filled(ledger, *starts)
    await ledger.record([sent(run, 1, *starts)])
    await ledger.record([judged(run, 1, *((one, failed) for one in starts))])

    await ledger.replace_rows(run.id, [mended(number, f"new {number}") for number in (2, 3)])

    assert sorted(await ledger.claims(["c 2", "c 3", "new 2", "new 3"])) == ["new 2", "new 3"]


async def test_what_waits_without_a_job_is_not_sent_once_a_mended_row_has_taken_it(ledger: Ledger) -> None:
    by_hand = await filled(ledger, start(2, "without a job"), start(3, "another"))
    run = await with_every_fate(ledger, "a")

    await ledger.replace_rows(run.id, [mended(3, "of a job", equivalent_keys=(("", "without a job"),))])

    leaving = sent(by_hand, 1, start(2, "without a job"), start(3, "another"))
    assert await ledger.record([leaving]) == [(start(3, "another"),)]
    assert await states(ledger, by_hand) == {2: State.SKIPPED, 3: State.SENT}


async def test_a_mended_row_gives_up_its_own_claim_and_no_other(ledger: Ledger) -> None:
    """Its old start has been planned by a later run: that one still owns it, and sends it."""
    run = await with_every_fate(ledger, "a")
    later = await filled(ledger, start(3, "a 3"))

    await ledger.replace_rows(run.id, [mended(3, "new 3"), mended(8, "new 8")])

    owners = await ledger.claims([*(f"a {number}" for number in range(2, 8)), "new 3", "new 8"])
    assert {key: (owner.run_id, owner.row_number) for key, owner in owners.items()} == {
        **{f"a {number}": (run.id, number) for number in (2, 4, 5, 6, 7)},
        "a 3": (later.id, 3),
        "new 3": (run.id, 3),
        "new 8": (run.id, 8),
    }
    assert await ledger.record([sent(later, 1, start(3, "a 3"))]) == [(start(3, "a 3"),)]
