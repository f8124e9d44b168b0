"""What a whole run costs where no limit holds it back: CPU time, speed and memory, and how they grow.

Run by hand: uv run python benchmarks/cost.py [ROWS...] [--times 3] [--peer PYTHON]. The portal is a process of
its own without limits and with instant starts, the launcher the installed command with a config of its own, a
new SQLite ledger and a results file. CPU is user and system time of the command's process and all its threads;
the seconds are from the command's start to its end. Of the `--times` runs, the one with the median CPU counts.

PYTHON: one that can import fast_bitrix24, for example of an environment with tests/peers/requirements.lock. Its
program reads the same file, starts the same rows, and writes the IDs into a CSV; it keeps no ledger.

`row` is the CPU time of 1,000 rows beyond the start-up, which a run of two rows measures; `growth` what that
became since the row above. To be met, for 100,000 rows: 5,000 rows a second on 2 cores, and the CPU time of
fast_bitrix24; from 10,000 to 1,000,000 rows a growth of 1.15, and 1.2 times the memory.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

LAUNCHER = Path(sys.executable).with_name("launcher")
OPTIONS = ("--template", "1", "--kind", "lead", "--param", "Parameter1=Manager", "--json", "--quiet")
HEAD = ["ID", "Manager", "Title", "Comment", "Amount", "Created", "Email", "Source", "Stage", "Note"]
REST = ["Acme Ltd", "some text", "12.50", "2026-01-05", "a@example.org", "Сайт", "NEW", "-"]
PEER = """
import asyncio, csv, sys
from fast_bitrix24 import BitrixAsync
webhook_url, path = sys.argv[1:]
with open(path, encoding="utf-8", newline="") as file:
    rows = list(csv.DictReader(file))
starts = [
    {
        "TEMPLATE_ID": 1,
        "DOCUMENT_ID": ["crm", "CCrmDocumentLead", "LEAD_" + row["ID"]],
        "PARAMETERS": {"Parameter1": row["Manager"]},
    }
    for row in rows
]
async def start():
    # Not respect_velocity_policy=False: with it this version dies.
    portal = BitrixAsync(webhook_url, verbose=False, request_pool_size=10**9, requests_per_second=1e6)
    return await portal.call("bizproc.workflow.start", starts)
ids = asyncio.run(start())
with open(path + ".ids.csv", "w", encoding="utf-8", newline="") as file:
    csv.writer(file).writerows([*row.values(), id] for row, id in zip(rows, ids, strict=True))
"""


@dataclass(frozen=True, order=True)
class Cost:
    """What one command took."""

    cpu_s: float
    wall_s: float
    peak_mb: float


@contextmanager
def portal() -> Iterator[str]:
    """The webhook's address of a portal without limits."""
    options = ("--port", "0", "--burst", "0", "--documents", "100000000")
    process = subprocess.Popen([LAUNCHER, "--json", "simulator", *options], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        said = ""
        while not said.rstrip().endswith("}"):
            said += process.stdout.readline()
        yield json.loads(said)["webhook_url"]
    finally:
        process.terminate()
        process.wait()


def write_file(path: Path, rows: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEAD)
        writer.writerows([number, f"Manager {number % 7}", *REST] for number in range(1, rows + 1))


def cost_of(command: Sequence[str | Path], folder: Path) -> Cost:
    """Run it to its end in that folder."""
    with (folder / "said").open("w") as said:
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdout=said, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, (folder / "said").read_text()
    # This process is smaller than any that it starts, so their peak is their own.
    return Cost(used.ru_utime + used.ru_stime, wall_s, used.ru_maxrss / 1024)


def of_the_launcher(rows: int) -> Cost:
    with tempfile.TemporaryDirectory() as name, portal() as address:
        folder = Path(name)
        write_file(folder / "leads.csv", rows)
        (folder / "config.yaml").write_text(f"portal: {{webhook_url: '{address}', plan: self-hosted}}\n")
        cost = cost_of([LAUNCHER, "run", "leads.csv", *OPTIONS], folder)
        summary = json.loads((folder / "said").read_text())
        assert summary["started"] == rows, summary
    return cost


def of_the_peer(python: str, rows: int) -> Cost:
    with tempfile.TemporaryDirectory() as name, portal() as address:
        folder = Path(name)
        write_file(folder / "leads.csv", rows)
        return cost_of([python, "-c", PEER, address, "leads.csv"], folder)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=int, nargs="*", help="rows of each file [10000 100000 1000000]")
    parser.add_argument("--times", type=int, default=3, help="runs of each kind [3]")
    parser.add_argument("--peer", metavar="PYTHON", help="a Python that can import fast_bitrix24")
    said = parser.parse_args()
    programs = {"launcher": of_the_launcher}
    if said.peer:
        programs["fast_bitrix24"] = lambda rows: of_the_peer(said.peer, rows)
    print("| program | rows | rows/s | seconds | CPU s | CPU s per 1,000 | row | growth | peak, MB |")
    print("|---|---|---|---|---|---|---|---|---|")
    before: dict[str, float] = {}
    start_up_s = {
        program: sorted(measure(2) for _ in range(said.times))[said.times // 2].cpu_s
        for program, measure in programs.items()
    }
    for rows in said.rows or (10_000, 100_000, 1_000_000):
        for program, measure in programs.items():
            cost = sorted(measure(rows) for _ in range(said.times))[said.times // 2]
            row = (cost.cpu_s - start_up_s[program]) / rows * 1000
            growth = f"{row / before[program]:.2f}" if program in before else "-"
            before[program] = row
            print(
                f"| {program} | {rows:,} | {rows / cost.wall_s:,.0f} | {cost.wall_s:.2f} | {cost.cpu_s:.2f} | "
                f"{cost.cpu_s / rows * 1000:.3f} | {row:.3f} | {growth} | {cost.peak_mb:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
