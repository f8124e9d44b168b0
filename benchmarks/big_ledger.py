"""How long commands take on a big ledger: 100 runs and 5 million rows, in one SQLite file.

Run by hand: uv run python benchmarks/big_ledger.py [--runs 100] [--rows 5000000] [--ledger PATH]. The ledger is
made by SQL, and kept where --ledger names a place, to be used again. Each command is the installed one, in a
process of its own, its median of three; `start` is what a command takes that does nothing. `resume` is timed
to the moment that its first request is recorded as sent, against a simulated portal without limits. Last it
prints each query of the ledger that SQLite answers by looking at all rows: there should be none.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Engine, event

from launcher.core.job import JobSpec
from launcher.core.model import Document, State
from launcher.core.reconcile import LostRow
from launcher.ledger import Ledger, open_ledger

LAUNCHER = Path(sys.executable).with_name("launcher")
JOB = JobSpec(name="lead-followup", template_id=1, kind="lead", document_column="ID", parameters={})
PORTAL = "portal.example"
BIG = ("rows", "claims", "requests", "attempts")
TO_SEND, UNKNOWN = 100, 1000
"""Rows of the last run that `resume` finds pending, and unknown ones."""

RUNS = """
with recursive n(i) as (select 1 union all select i + 1 from n where i < :runs)
insert into runs (id, job, file, portal, plan, header, dialect, fingerprint, results, loaded, ending,
                  stopped_because, created_at, ended_at, active_s)
select i, 'lead-followup', '/data/leads.csv', :portal, :plan,
       '["ID","Title","Name","Phone","Manager","Comment"]',
       '{"format":"csv","encoding":"utf-8","delimiter":","}',
       'none', :results, true, iif(i < :runs, 'finished', 'interrupted'), '',
       :now - (:runs - i) * 86400, :now - (:runs - i) * 86400 + 600, 600
from n
"""
ROWS = """
with recursive n(i) as (select 2 union all select i + 1 from n where i <= :each)
insert into rows (run_id, row_number, state, template_id, module, entity, element_id, parameters, start_key,
                  cells, kinds, workflow_id, error_code, error, attempts, request_number, changed_at)
select :run, i, state, 1, 'crm', 'CCrmDocumentLead', 'LEAD_' || (i + :run * 7), '{"Parameter1":"Manager 3"}',
       lower(hex(randomblob(16))),
       json_array(i || '', 'Lead number ' || i, 'Ольга Петрова', '+7 900 000-00-00', 'Manager 3',
                  'a remark of some length'),
       '', iif(state = 'started', printf('%x.%08d', :run * 100000000 + i, i), ''), '',
       iif(state in ('failed', 'unknown'), 'some words of the portal', ''), state <> 'pending', i / 50, :now
from (select i, case when :last and i > :each - :to_send then 'pending'
                     when :last and i <= :unknown then 'unknown'
                     when i % 100 = 7 then 'failed' when i % 2500 = 9 then 'unknown'
                     when i % 50 = 11 then 'skipped' else 'started' end as state from n)
"""
REST = (
    """insert into requests (run_id, number, rows, sent_at, answered_at, outcome)
       select run_id, request_number, count(*), :now, :now, 'HTTP 200' from rows
       group by run_id, request_number""",
    """insert into attempts (run_id, row_number, attempt, request_number, state, code, text, at)
       select run_id, row_number, 1, request_number, state, error_code, error, changed_at from rows
       where state <> 'pending'""",
    """insert into claims (start_key, run_id, row_number)
       select start_key, run_id, row_number from rows order by start_key""",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--ledger", type=Path)
    said = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = said.ledger.resolve() if said.ledger else Path(folder, "ledger.db")
        if not path.exists():
            began = time.perf_counter()
            make(path, said.runs, said.rows // said.runs, Path(folder, "leads.results.csv"))
            print(f"made in {time.perf_counter() - began:.0f} s")
        print(f"{path.stat().st_size / 1e9:.2f} GB")
        asyncio.run(queries(path))
        commands(path, Path(folder))


def make(path: Path, runs: int, each: int, results: Path) -> None:
    """A ledger of so many runs, each of so many rows."""
    asyncio.run(_opened(path))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in ("journal_mode = off", "synchronous = off", "cache_size = -500000"):
            connection.execute(f"pragma {pragma}")
        indexes = connection.execute(
            "select name, sql from sqlite_master where type = 'index' and sql <> ''"
        ).fetchall()
        for name, _ in indexes:
            connection.execute(f"drop index {name}")
        said = {
            "runs": runs, "each": each, "portal": PORTAL, "plan": json.dumps(JOB.to_plan()),
            "results": str(results), "now": time.time(), "to_send": TO_SEND, "unknown": UNKNOWN,
        }  # fmt: skip
        connection.execute("begin")
        connection.execute(RUNS, said)
        for run in range(1, runs + 1):
            connection.execute(ROWS, said | {"run": run, "last": run == runs})
        for statement in REST:
            connection.execute(statement, said)
        for _, statement in indexes:
            connection.execute(statement)
        connection.execute("commit")


async def _opened(path: Path) -> None:
    async with open_ledger(str(path)):
        pass


async def queries(path: Path) -> None:
    """The ledger's own questions: how long each takes, and which of them look at all rows."""
    async with open_ledger(str(path)) as ledger:
        [last] = await ledger.last_runs(1)
        statements: dict[str, object] = {}
        event.listen(
            Engine,
            "before_cursor_execute",
            lambda _c, _cursor, text, values, _x, _many: statements.setdefault(text, values),
        )
        for name, ask in questions(ledger, last.id).items():
            began = time.perf_counter()
            await ask()
            print(f"{name:>20} {1000 * (time.perf_counter() - began):9.1f} ms")
    with closing(sqlite3.connect(path)) as connection:
        for text, values in statements.items():
            if text.startswith("SELECT"):
                plan = [row[3] for row in connection.execute(f"explain query plan {text}", values)]
                if any(line.startswith(tuple(f"SCAN {table}" for table in BIG)) for line in plan):
                    print(" ".join(text.split())[:200], *plan, sep="\n    ")


def questions(ledger: Ledger, run: int) -> dict[str, Callable[[], Awaitable[object]]]:
    lost = [
        LostRow(
            row_number=n, template_id=1, document=Document("crm", "CCrmDocumentLead", f"LEAD_{n}"), sent_at=0
        )
        for n in range(2, 52)
    ]
    ids = [f"{n:x}.{n:08d}" for n in range(50)]
    return {
        "counts": lambda: ledger.counts(run),
        "causes": lambda: ledger.causes(run),
        "requests": lambda: ledger.requests(run),
        "last_row": lambda: ledger.last_row(run),
        "lost_rows": lambda: ledger.lost_rows(run),
        "rivals of 50": lambda: ledger.rivals(run, lost),
        "owned of 50": lambda: ledger.owned(ids),
        "claims of 500": lambda: ledger.claims([f"{n:032x}" for n in range(500)]),
        "start_cost_s": lambda: ledger.start_cost_s(PORTAL),
        "answered_since": lambda: ledger.answered_since(PORTAL, time.time() - 250, most=550),
        "sendable": lambda: ledger.sendable(run, State.PENDING, after_row=0, limit=500),
        "deferred": lambda: ledger.sendable(run, State.DEFERRED, after_row=0, limit=500),
        "page of rows": lambda: ledger.recorded_rows(run, after_row=1000),
        "page of failed rows": lambda: ledger.recorded_rows(run, only=[State.FAILED]),
    }


def commands(path: Path, folder: Path) -> None:
    """What a person waits for."""
    for name, arguments in {
        "start": ("--version",),
        "status": ("status",),
        "runs": ("runs", "--limit", "100"),
    }.items():
        print(f"{name:>20} {statistics.median(timed(path, arguments, folder) for _ in range(3)):9.3f} s")
    with simulator() as address:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("update runs set portal = ?", [address["url"].partition("//")[2]])
            connection.commit()
        taken = []
        for _ in range(3):
            with closing(sqlite3.connect(path)) as connection:
                last = connection.execute("select max(id) from runs").fetchone()[0]
                state = "row_number > (select max(row_number) from rows where run_id = ?) - ?"
                connection.execute(
                    f"update rows set state = 'pending' where run_id = ? and {state}", [last, last, TO_SEND]
                )
                connection.commit()
            began = time.time()
            timed(path, ("resume",), folder, BITRIX24_WEBHOOK_URL=address["webhook_url"])
            with closing(sqlite3.connect(path)) as connection:
                sent = connection.execute(
                    "select min(sent_at) from requests where sent_at > ?", [began]
                ).fetchone()[0]
            taken.append((sent - began, time.time() - began))
        print(f"{'resume, first sent':>20} {statistics.median(first for first, _ in taken):9.3f} s")
        print(f"{'resume, whole':>20} {statistics.median(whole for _, whole in taken):9.3f} s")
        print("(whole: with its results file, and the portal asked about its unknown rows)")


def timed(path: Path, arguments: tuple[str, ...], folder: Path, **environment: str) -> float:
    began = time.perf_counter()
    command = [LAUNCHER, *arguments, "--ledger", path]
    done = subprocess.run(
        command, env={**os.environ, **environment}, cwd=folder, capture_output=True, text=True
    )
    assert done.returncode in (0, 1, 5), done.stderr
    return time.perf_counter() - began


@contextmanager
def simulator() -> Iterator[dict[str, str]]:
    command = [LAUNCHER, "simulator", "--port", "0", "--burst", "0", "--json"]
    portal = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert portal.stdout is not None
    try:
        yield json.loads("".join(iter(portal.stdout.readline, "}\n")) + "}")
    finally:
        portal.terminate()
        portal.wait()


if __name__ == "__main__":
    main()
