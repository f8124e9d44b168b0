"""No question to the ledger looks at all rows, however many there are; and old ledgers come along whole."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, CursorResult, Engine, event

from launcher.core.model import State
from launcher.core.plan import Planned
from launcher.engine.results import save_report
from launcher.engine.summary import summarise
from launcher.ledger import Ledger, NewRow, open_ledger
from launcher.ledger.pruning import Prunable, prunable, prune
from launcher.ledger.schema import SCHEMA_VERSION
from launcher.ledger.timeline import Stops
from launcher.report.metrics import save_metrics
from tests.shell.test_ledger import NEW_RUN, start, states
from tests.shell.test_pruning import FAILED, LATER, STARTED, UNKNOWN, count, old_run

BIG = ("rows", "claims", "requests", "attempts")
"""The tables that grow with every row."""


@asynccontextmanager
async def statements() -> AsyncIterator[dict[str, Any]]:
    """The statements of the block, each with some of its values."""
    found: dict[str, Any] = {}

    def heard(_c: object, _cursor: object, text: str, values: object, _context: object, many: bool) -> None:
        found.setdefault(text, values[0] if many and isinstance(values, list) else values)

    event.listen(Engine, "before_cursor_execute", heard)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", heard)


def scans(path: Path, found: dict[str, Any]) -> list[str]:
    """What SQLite does by looking at a whole big table."""
    with closing(sqlite3.connect(path)) as connection:
        return [
            f"{line} of {' '.join(text.split())}"
            for text, values in found.items()
            if text.split()[0] in ("SELECT", "UPDATE", "DELETE", "INSERT")
            for _, _, _, line in connection.execute(f"explain query plan {text}", values)
            if line.startswith("SCAN") and line.split()[1] in BIG
        ]


async def test_no_question_and_no_change_looks_at_all_rows(tmp_path: Path) -> None:
    async with open_ledger(str(tmp_path / "ledger.db")) as ledger:
        run = await old_run(ledger, STARTED, FAILED, UNKNOWN)
        async with statements() as found:
            await summarise(ledger, run.id)
            lost = await ledger.lost_rows(run.id)
            await ledger.rivals(run.id, lost)
            await ledger.owned(["66e.1"])
            await ledger.claims(["key3"])
            await ledger.start_cost_s(NEW_RUN.portal)
            await ledger.answered_since(NEW_RUN.portal, 0.0, most=10)
            await ledger.equivalents(NEW_RUN.portal, NEW_RUN.job)
            await ledger.last_row(run.id)
            await ledger.sendable(run.id, State.PENDING, after_row=0, limit=10)
            await ledger.rows_numbered(run.id, [3])
            await ledger.recorded_rows(run.id, only=[State.FAILED])
            await ledger.mark_in_flight_unknown(run.id)
            await ledger.replace_rows(run.id, [mended(4)])
            await ledger.retry_failed(run.id)
            await save_metrics(ledger, tmp_path / "metrics")
            await save_report(ledger, run, tmp_path / "report.html")
            await Stops(ledger.database).not_over(run.id)
            await Stops(ledger.database).counts(run.id)
            [one] = await prunable(ledger, before=LATER)
            assert isinstance(one, Prunable)
            await old_run(ledger, STARTED, FAILED, UNKNOWN, first=10)
            await prune(ledger, 2)

    assert len(found) > 30
    assert scans(tmp_path / "ledger.db", found) == []


def mended(row_number: int) -> NewRow:
    one = start(row_number, "mended")
    return NewRow(Planned(row_number, State.PENDING, one), ("4", "Anna"), "")


async def test_the_index_of_workflows_is_used_on_postgresql_too(postgres_url: str) -> None:
    async with open_ledger(postgres_url) as ledger:
        async with statements() as found:
            await ledger.owned(["66e.1"])
        [text] = [text for text in found if text.startswith("SELECT rows.workflow_id")]

        def explained(connection: Connection) -> str:
            connection.exec_driver_sql("set local enable_seqscan = off")
            return "\n".join(connection.exec_driver_sql(f"explain {text}", ("66e.1", "started")).scalars())

        assert "rows_by_workflow" in await ledger.database.read(explained)


async def test_rows_with_the_same_workflow_id_are_found_by_it(
    ledger_location: str, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request's answer must not cost more the more rows the run has."""
    asked: list[tuple[str, Any]] = []
    execute = Connection.exec_driver_sql

    def heard(connection: Connection, text: str, values: Any = None) -> CursorResult[Any]:
        asked.append((text, values))
        return execute(connection, text, values)

    with monkeypatch.context() as patched:
        patched.setattr(Connection, "exec_driver_sql", heard)
        await old_run(ledger, STARTED, FAILED, UNKNOWN)

    [(text, values)] = {text: values for text, values in asked if " AS others " in text}.items()
    explain = "explain query plan" if ledger.database.file else "explain"

    def explained(connection: Connection) -> list[str]:
        if ledger.database.file is None:
            connection.exec_driver_sql("set local enable_seqscan = off")
        return [str(row) for row in connection.exec_driver_sql(f"{explain} {text}", values)]

    lines = await ledger.database.read(explained)
    assert "rows_by_workflow" in "\n".join(lines), lines
    assert not [line for line in lines if "SCAN" in line]


async def test_a_ledger_of_an_older_version_keeps_all_that_it_holds(
    ledger_location: str, ledger: Ledger
) -> None:
    run = await old_run(ledger, STARTED, FAILED, UNKNOWN)
    before = await ledger.recorded_rows(run.id)
    await ledger.database.write(downgraded)

    async with open_ledger(ledger_location) as again:
        assert await again.database.version() == SCHEMA_VERSION
        assert await again.recorded_rows(run.id) == before
        assert await again.run(run.id) == await ledger.run(run.id)
        assert await again.owned(["66e.1"]) == {"66e.1"}
        assert await prune(again, run.id)
        assert await states(again, run) == {3: State.STARTED, 5: State.UNKNOWN}
        assert await count(again, "dropped_rows") == 2


def downgraded(connection: Connection) -> None:
    """As the first version made it."""
    for statement in (
        "drop index rows_by_workflow",
        "drop table dropped_rows",
        "alter table runs drop column pruned_at",
        "drop table waits",
        "drop table stops",
        "drop table failed_files",
        "drop table nights",
        "drop table notices",
        "update alembic_version set version_num = '0001'",
    ):
        connection.exec_driver_sql(statement)
