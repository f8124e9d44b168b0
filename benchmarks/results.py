"""How fast results files are written from the ledger, and with how much memory.

`python benchmarks/results.py [ROWS]`. Each file is written in a process of its own, from the same ledger of
rows with ten columns.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

from launcher.core.model import State
from launcher.core.plan import Planned
from launcher.ledger import NewRow, NewRun, open_ledger

HEAD = ("ID", "Title", "Phone", "Name", "Comment", "Amount", "Stage", "Created", "Email", "Source")
REST = ("+7 900 000-00-00", "Ольга Петрова", "some text", "12.50", "NEW", "2026-01-05", "a@example.org", "Сайт")
PAGE = 2_000
XLSX_ROWS = 100_000

PROGRAM = """
import asyncio, re, sys, time
from pathlib import Path
from launcher.engine.results import save_results
from launcher.ledger import open_ledger

async def main():
    async with open_ledger(sys.argv[1]) as ledger:
        run = (await ledger.last_runs(1))[0]
        began = time.perf_counter()
        await save_results(ledger, run, Path(sys.argv[2]))
        # Not ru_maxrss: a child begins with its parent's.
        peak = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) // 1024
        print(f"{time.perf_counter() - began:.2f} {peak}")

asyncio.run(main())
"""


async def fill(location: str, count: int) -> None:
    """A new run of so many rows, of which every fiftieth is to be mended."""
    async with open_ledger(location) as ledger:
        new = NewRun(
            job="benchmark",
            file="leads.csv",
            portal="portal.example",
            plan={},
            header=HEAD,
            dialect={"format": "csv"},
            fingerprint="",
            results=str(Path(location).with_name("leads.results.csv")),
        )
        run = await ledger.begin_run(new)
        for first in range(0, count, PAGE):
            await ledger.add_rows(run.id, [_row(n) for n in range(first, min(first + PAGE, count))])


def _row(number: int) -> NewRow:
    state, reason = (State.SKIPPED, "") if number % 50 else (State.INVALID, "the ID is not a number")
    return NewRow(
        Planned(number + 2, state, reason=reason), (str(number), f"Lead {number}", *REST), "ntttttttttt"[:10]
    )


def measure(location: str, name: str, count: int) -> None:
    """Print one line of the table."""
    path = Path(location).with_name(name)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, location, path], capture_output=True, text=True, check=True
    )
    seconds, peak = done.stdout.split()
    print(f"| {name} | {count:,} | {seconds} | {count / float(seconds):,.0f} | {peak} |", flush=True)


def main() -> None:
    """Print the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    print("| file | rows | s | rows/s | peak, MB |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for rows, names in ((XLSX_ROWS, ("a.csv", "a.xlsx")), (count, ("a.csv",))):
            location = str(Path(folder) / f"{rows}.db")
            asyncio.run(fill(location, rows))
            for name in names:
                measure(location, name, rows)


if __name__ == "__main__":
    main()
