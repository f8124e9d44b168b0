"""How close runs come to what the portal's limits allow, on a real socket: one line for each kind of portal.

Run by hand: uv run python benchmarks/pace.py [CASE...] [--times 3]. The portal is a process of its own, the
launcher the installed command with a new SQLite ledger. `seconds` is the run's own figure (the median), `best`
what a perfect client needs for the same rows, by arithmetic; `cpu` what the launcher uses of one core in the
median second of the run (Linux). Cases that would take long are scaled down in time, limits and all.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BATCH = 50
OPTIONS = ("--template", "1", "--kind", "lead", "--param", "Parameter1=Manager", "--json")
LAUNCHER = Path(sys.executable).with_name("launcher")
CONCURRENCY = 4


@dataclass(frozen=True)
class Case:
    """A kind of portal, and what a perfect client would need."""

    promise: str
    best_s: float
    rows: int = 5000
    portal: Mapping[str, Any] = field(default_factory=dict)
    """The simulator's settings."""
    config: str = ""
    """Under `portal:` in config.yaml."""
    later: Mapping[str, Any] = field(default_factory=dict)
    """The simulator's settings from the middle of the run on."""


def rate_floor_s(rows: int, burst: int, per_second: float) -> float:
    """When the last request of a perfect client leaves."""
    return max(0.0, (math.ceil(rows / BATCH) - 1 - burst) / per_second)


NO_OPERATING = "limits: {operating_seconds: 0}"
SCALED = "limits: {operating_seconds: 48, operating_window: 60s}"
"""The operating time, ten times as quick: 48 s in 60 s, and starts of 12 ms instead of 120 ms."""


def operating(mode: str, **more: Any) -> Case:
    settings = {"start_seconds": 0.012, "operating_limit": 48, "basket_seconds": 6, "operating_mode": mode}
    # 60 s of work: 48 s at once, the rest when the first basket has dropped out.
    best_s = 60 + (5000 * 0.012 - 48) / CONCURRENCY
    return Case("<= 1.10, refused <= 1", best_s, portal=settings | more, config=SCALED)


CASES = {
    "instant": Case("<= 1.08, refused 0", rate_floor_s(5000, 50, 2), config=NO_OPERATING),
    "20 ms": Case(
        "<= 1.15, refused 0", rate_floor_s(5000, 50, 2), portal={"start_seconds": 0.02}, config=NO_OPERATING
    ),
    "enterprise": Case(
        "<= 1.08, refused 0",
        rate_floor_s(50_000, 250, 5),
        rows=50_000,
        portal={"burst": 250, "per_second": 5},
        config="plan: enterprise",
    ),
    "operating, method": operating("method"),
    "operating, batch": operating("batch", basket_phase_seconds=2),
    "operating, both": operating("both", basket_phase_seconds=4),
    "operating, silent": operating("none"),
    # Ten times as quick: 200 ms against a cut at 6 s, batches of 1 s.
    "slow starts": Case(
        "<= 1.18, cut 0",
        500 * 0.2 / CONCURRENCY,
        rows=500,
        portal={"start_seconds": 0.2, "cut_seconds": 6, "per_second": 20},
        config="limits: {operating_seconds: 0, per_second: 20}\n  batch_seconds: 1",
    ),
    # Twenty times as quick: from 1 ms to 150 ms against a cut at 3 s, in the middle.
    "cost jumps": Case(
        "cut <= 1",
        1500 * 0.15 / CONCURRENCY,
        rows=3000,
        portal={"start_seconds": 0.001, "cut_seconds": 3, "per_second": 40},
        later={"start_seconds": 0.15},
        config="limits: {operating_seconds: 0, per_second: 40}\n  batch_seconds: 0.5",
    ),
    "cost jumps, no rate limit": Case(
        "cut <= 1",
        # Not scaled: how small batches may be is a time of its own.
        300 * 3 / CONCURRENCY,
        rows=600,
        portal={"start_seconds": 0.02, "cut_seconds": 60, "burst": 0},
        later={"start_seconds": 3},
        config="plan: self-hosted",
    ),
    "another program": Case(
        "<= 1.11, refused <= 2 %",
        (5000 / BATCH - 1 - 50) / 1.0,
        portal={"others_per_second": 1.0},
        config=NO_OPERATING,
    ),
    "half the bucket is full": Case(
        "<= 1.11, refused <= 2 %",
        (5000 / BATCH - 1 - 25) / 1.0,
        portal={"others_per_second": 1.0, "fill": 25},
        config=NO_OPERATING,
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", choices=[*CASES, []], default=[], metavar="CASE")
    parser.add_argument("--times", type=int, default=1)
    said = parser.parse_args()
    print(f"{'case':<24}{'rows':>7}{'seconds':>9}{'best':>7}{'ratio':>7}{'requests':>10}{'refused':>9}", end="")
    print(f"{'cut':>5}{'cpu':>7}  promise")
    for name in said.cases or CASES:
        with tempfile.TemporaryDirectory() as folder:
            results = [measure(CASES[name], Path(folder, str(n))) for n in range(said.times)]
        show(name, CASES[name], results)


@dataclass(frozen=True)
class Result:
    seconds: float
    requests: int
    refused: int
    cut: int
    cpu: float
    started: int


def show(name: str, case: Case, results: list[Result]) -> None:
    seconds = statistics.median(result.seconds for result in results)
    worst = max(results, key=lambda result: (result.refused, result.cut))
    cpu = statistics.median(result.cpu for result in results)
    print(f"{name:<24}{case.rows:>7,}{seconds:>9.2f}{case.best_s:>7.1f}{seconds / case.best_s:>7.3f}", end="")
    print(f"{worst.requests:>10,}{worst.refused:>9}{worst.cut:>5}{cpu:>7.1%}  {case.promise}", flush=True)


def measure(case: Case, folder: Path) -> Result:
    folder.mkdir()
    file = folder / "leads.csv"
    file.write_text("ID,Manager\n" + "".join(f"{n},Manager {n % 7}\n" for n in range(1, case.rows + 1)))
    (folder / "config.yaml").write_text(f"portal:\n  webhook_url: ${{BITRIX24_WEBHOOK_URL}}\n  {case.config}\n")
    portal = subprocess.Popen(
        [LAUNCHER, "simulator", "--port", "0", "--json"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert portal.stdout is not None
        address = json.loads("".join(iter(portal.stdout.readline, "}\n")) + "}")
        return run(case, file, address["url"], address["webhook_url"])
    finally:
        portal.terminate()
        portal.wait()


def run(case: Case, file: Path, url: str, webhook_url: str) -> Result:
    settings = dict(case.portal)
    if fill := settings.pop("fill", 0):
        post(f"{url}/simulator/bucket", {"fill": fill, "source": "127.0.0.1"})
    if settings:
        post(f"{url}/simulator/settings", settings)
    command = subprocess.Popen(
        [LAUNCHER, "run", file, *OPTIONS, "--ledger", "ledger.db"],
        cwd=file.parent,
        env={**os.environ, "BITRIX24_WEBHOOK_URL": webhook_url},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    if case.later:
        while get(f"{url}/simulator/started?after={case.rows}")["total"] < case.rows // 2:
            time.sleep(0.05)
        post(f"{url}/simulator/settings", case.later)
    cpu_s = list(cpu_by_second(command))
    output, _ = command.communicate()
    summary = json.loads(output)
    requests = get(f"{url}/simulator/requests?after=0")["requests"]
    return Result(
        seconds=summary["seconds"],
        requests=summary["requests"],
        refused=sum(
            request["status"] in (429, 503)
            or (request["status"] == 200 and 0 < request["started"] < request["commands"])
            for request in requests
        ),
        cut=sum(request["status"] == 504 for request in requests),
        cpu=statistics.median(cpu_s) if cpu_s else math.nan,
        started=summary["started"],
    )


def cpu_by_second(command: subprocess.Popen[str]) -> Iterator[float]:
    """CPU seconds that the command used in each second of its life, from the third on."""
    stat, last = Path(f"/proc/{command.pid}/stat"), None
    time.sleep(2)
    while command.poll() is None and stat.exists():
        user, system = stat.read_text().rpartition(")")[2].split()[11:13]
        used = (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
        if last is not None:
            yield used - last
        last = used
        time.sleep(1)


def get(url: str) -> Any:
    with urllib.request.urlopen(url) as answer:
        return json.load(answer)


def post(url: str, body: Mapping[str, Any]) -> None:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    urllib.request.urlopen(request).close()


if __name__ == "__main__":
    main()
