"""How close a run comes to the portal's rate limit: 5,000 rows at 50 requests at once and 2 a second.

Run by hand: uv run python benchmarks/rate_limit.py [ROWS] [--start-ms 20]. The portal is a process of its own,
the launcher the installed command with a new SQLite ledger. Prints the run's seconds, the whole command's, the
floor that the limit's arithmetic sets, the ratio to it, and how many requests the portal refused.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

BURST, PER_SECOND, BATCH = 50, 2, 50
OPTIONS = ("--template", "1", "--kind", "lead", "--param", "Parameter1=Manager", "--json")
LAUNCHER = Path(sys.executable).with_name("launcher")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="?", type=int, default=5000)
    parser.add_argument("--start-ms", type=float, default=0)
    said = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "leads.csv")
        file.write_text("ID,Manager\n" + "".join(f"{n},Manager {n % 7}\n" for n in range(1, said.rows + 1)))
        portal = subprocess.Popen(
            [LAUNCHER, "simulator", "--port", "0", "--start-ms", str(said.start_ms), "--json"],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            measure(file, said.rows, portal)
        finally:
            portal.terminate()
            portal.wait()


def measure(file: Path, rows: int, portal: subprocess.Popen[str]) -> None:
    assert portal.stdout is not None
    address = json.loads("".join(iter(portal.stdout.readline, "}\n")) + "}")
    began = time.perf_counter()
    done = subprocess.run(
        [LAUNCHER, "run", file, *OPTIONS, "--ledger", file.with_name("ledger.db")],
        env={**os.environ, "BITRIX24_WEBHOOK_URL": address["webhook_url"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    whole_s = time.perf_counter() - began
    summary = json.loads(done.stdout)
    with urllib.request.urlopen(f"{address['url']}/simulator/requests?after=0") as answer:
        refused = sum(request["status"] == 503 for request in json.load(answer)["requests"])
    # The last request of a perfect client leaves when the bucket has drained enough for it.
    floor_s = max(0, (-(-rows // BATCH) - 1 - BURST) / PER_SECOND)
    figures = {
        "rows": f"{rows:,}",
        "started": f"{summary['started']:,}",
        "requests": summary["requests"],
        "refused": refused,
        "floor s": f"{floor_s:.1f}",
        "run s": f"{summary['seconds']:.2f}",
        "whole s": f"{whole_s:.2f}",
        "run/floor": f"{summary['seconds'] / floor_s:.3f}" if floor_s else "-",
    }
    print("".join(f"{name:>10}" for name in figures))
    print("".join(f"{figure:>10}" for figure in figures.values()))


if __name__ == "__main__":
    main()
