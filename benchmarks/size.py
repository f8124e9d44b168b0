"""How a whole run grows with its file: memory, time to the first request, and whole time, as installed.

Run by hand: uv run python benchmarks/size.py [--rows 1000000] [--small 100000] [--xlsx 100000] [--reading]. The
portal is a process of its own without limits, the launcher the installed command with a new SQLite ledger.
Beside it, in the same run: csv.reader and pandas over the whole file. With `--reading` the file is read and
planned (`--dry-run`) and nothing starts. Peak memory is that of the command's process, watched in /proc.

To be met: CSV of 1,000,000 rows at most 200 MB, and no more than 1.2 times that of 100,000; the first request
within 2 s of the command's start. XLSX of 100,000 rows: at most 300 MB, the first request within 1.5 s.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parent))

from reading import PANDAS, PANDAS_EXCEL, PROGRAM, READER, write_csv, write_xlsx

LAUNCHER = Path(sys.executable).with_name("launcher")
OPTIONS = ("--template", "1", "--kind", "lead", "--param", "Parameter1=Name", "--json")
CONFIG = "portal: {plan: self-hosted}\n"
WATCH_S = 0.01


class Door:
    """Stands before the portal, passes all bytes on, and notes when the first came."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.first_at: float | None = None
        self.listening = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def own_port(self) -> int:
        return int(self.listening.getsockname()[1])

    def _serve(self) -> None:
        while True:
            client, _ = self.listening.accept()
            portal = socket.create_connection(("127.0.0.1", self.port))
            for source, target in ((client, portal), (portal, client)):
                threading.Thread(target=self._pass, args=(source, target), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                if self.first_at is None:
                    self.first_at = time.perf_counter()
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


def peak_mb(process: subprocess.Popen[str]) -> int:
    """The most memory that the process held, watched until it ends."""
    # Not ru_maxrss: a child begins with its parent's.
    status, peak = Path(f"/proc/{process.pid}/status"), 0
    while process.poll() is None:
        with suppress(OSError):
            found = re.search(r"VmHWM:\s+(\d+)", status.read_text())
            peak = max(peak, int(found[1]) if found else 0)
        time.sleep(WATCH_S)
    return peak // 1024


def measure_run(label: str, file: Path, rows: int, *, reading: bool) -> None:
    """Print the line of one run."""
    portal = subprocess.Popen(
        [LAUNCHER, "simulator", "--port", "0", "--burst", "0", "--json"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert portal.stdout is not None
        webhook = json.loads("".join(iter(portal.stdout.readline, "}\n")) + "}")["webhook_url"]
        parts = urlsplit(webhook)
        door = Door(parts.port or 80)
        address = parts._replace(netloc=f"127.0.0.1:{door.own_port}").geturl()
        with tempfile.TemporaryDirectory() as folder, Path(folder, "said").open("w+") as said:
            config = Path(folder, "config.yaml")
            config.write_text(CONFIG)
            began = time.perf_counter()
            places = ("--ledger", Path(folder, "ledger.db"), "--results", Path(folder, f"out{file.suffix}"))
            process = subprocess.Popen(
                [
                    *(LAUNCHER, "run", file, "--config", config, *OPTIONS, *places),
                    *(["--dry-run"] if reading else []),
                ],
                env={**os.environ, "BITRIX24_WEBHOOK_URL": address},
                stdout=said,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            peak = peak_mb(process)
            whole_s = time.perf_counter() - began
            said.seek(0)
            summary = json.load(said)
            assert process.returncode == 0, summary
            assert reading or summary["started"] == rows, summary
        first = f"{door.first_at - began:.2f}" if door.first_at is not None else "-"
        print(f"| {label} | {rows:,} | {first} | {whole_s:.1f} | {peak} |", flush=True)
    finally:
        portal.terminate()
        portal.wait()


def measure_reading(label: str, way: str, file: Path) -> None:
    """Print the line of another way to read the file."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(way=way), file], capture_output=True, text=True, check=True
    )
    first, whole, peak, rows = done.stdout.split()
    print(f"| {label} | {int(rows):,} | {first} | {whole} | {peak} |", flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the big CSV file; 0: none")
    parser.add_argument("--small", type=int, default=100_000, help="rows of the small CSV file; 0: none")
    parser.add_argument("--xlsx", type=int, default=100_000, help="rows of the XLSX file; 0: none")
    parser.add_argument("--reading", action="store_true", help="read and plan, start nothing")
    said = parser.parse_args()
    print("| way | rows | first, s | whole, s | peak, MB |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for rows in filter(None, (said.small, said.rows)):
            file = Path(folder, "leads.csv")
            write_csv(file, rows, 0)
            measure_run("CSV: launcher run", file, rows, reading=said.reading)
            measure_reading("CSV: csv.reader", READER, file)
            measure_reading("CSV: pandas whole", PANDAS, file)
        if said.xlsx:
            file = Path(folder, "leads.xlsx")
            write_xlsx(file, said.xlsx)
            measure_run("XLSX: launcher run", file, said.xlsx, reading=said.reading)
            measure_reading("XLSX: pandas whole", PANDAS_EXCEL, file)


if __name__ == "__main__":
    main()
