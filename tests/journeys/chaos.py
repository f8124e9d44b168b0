"""Chaos: the installed command against a portal that fails in every way, killed again and again.

What the simulated portal really started is the judge. By hand, for as long as one likes:

    python -m tests.journeys.chaos --rows 20000 --kills 200 --seed 7 [--ledger postgresql://user@host/database]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import csv
import json
import math
import os
import random
import shutil
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from launcher.simulator import FAULTS, Settings, Simulator
from tests.support import fork_server
from tests.support.files import aged

OURS = ("BITRIX24_", "LAUNCHER_", "XDG_", "PYTHON")
"""Beginnings of what a person's environment may hold and a test's must not."""

STOPS_FOR_GOOD = {
    "no auth", "portal deleted", "access denied", "insufficient scope", "overload", "https required", "moved",
    "expired token",
}  # fmt: skip
"""Faults after which no resume helps: a person must mend something in the portal first."""

MENDABLE = tuple(name for name in FAULTS if name not in STOPS_FOR_GOOD)
SECONDS = 0.2
"""How long an answer hangs or is slow."""

LONGEST_S = 240.0
"""No single command takes so long, on the busiest machine: one that does hangs."""

FINAL = {"started", "failed", "unknown", "invalid", "skipped", "deferred"}


# The command, as a person has it


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    exit_code: int
    stdout: str
    stderr: str


class Command:
    """The installed command at work: heard, signalled and killed by its own process ID."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._said = {"stdout": bytearray(), "stderr": bytearray()}
        self.pid = process.pid
        self._heard = asyncio.create_task(self._hear())

    async def _hear(self) -> Ended:
        await asyncio.gather(*map(self._listen, self._said))
        code = await self._process.wait()
        return Ended(code, self._said["stdout"].decode(), self.stderr)

    async def _listen(self, name: str) -> None:
        stream: asyncio.StreamReader = getattr(self._process, name)
        while piece := await stream.read(1 << 16):
            self._said[name] += piece

    @property
    def stdout(self) -> str:
        """What it has said there so far."""
        return self._said["stdout"].decode(errors="replace")

    @property
    def stderr(self) -> str:
        """What it has said there so far."""
        return self._said["stderr"].decode(errors="replace")

    @property
    def is_over(self) -> bool:
        return self._heard.done()

    def signal(self, number: int) -> None:
        """Send it that signal, where it has not ended by itself."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    async def kill(self) -> Ended:
        """As `kill -9` does; returns once it is gone."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        return await self._heard

    async def ended(self, within_s: float = LONGEST_S) -> Ended:
        """How it ended; TimeoutError where it has not by then."""
        async with asyncio.timeout(within_s):
            return await asyncio.shield(self._heard)


@dataclass(frozen=True, slots=True)
class Desk:
    """A person's folder: config.yaml, a file, a ledger. Commands are run in it, with a home of its own."""

    folder: Path
    ledger: str
    file: str = "leads.csv"

    @classmethod
    def at(cls, folder: Path, ledger: str | None = None) -> Desk:
        """A desk in that folder; its ledger stands there too, where no other is named."""
        folder.mkdir(parents=True, exist_ok=True)
        return cls(folder, ledger or str(folder / "launcher.db"))

    def configure(self, webhook_url: str, *, limits: str = "{burst: 0}", concurrency: int = 4) -> None:
        """One job, one parameter from a column."""
        text = f"""\
portal:
  webhook_url: {webhook_url}
  limits: {limits}
  concurrency: {concurrency}
  give_up_after: 5s
ledger: {json.dumps(self.ledger)}
jobs:
  followup:
    template: 1
    kind: lead
    parameters:
      Parameter1: {{column: Manager}}
"""
        (self.folder / "config.yaml").write_text(text, encoding="utf-8")

    def write(self, rows: Sequence[tuple[str, str]]) -> None:
        """The file, with these pairs of ID and Manager, as if it had been written long ago."""
        path = self.folder / self.file
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([("ID", "Manager"), *rows])
        aged(path)

    @property
    def environment(self) -> dict[str, str]:
        """Nothing of the tester's own settings, and the command on the PATH."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        beside = str(Path(sys.executable).parent)
        home = str(self.folder / "home")
        return {
            **kept,
            "PATH": beside + os.pathsep + kept.get("PATH", ""),
            "HOME": home,
            "USERPROFILE": home,
            "PYTHONUTF8": "1",
            "TZ": "UTC",  # a day has 24 hours in it
        }

    async def start(self, *arguments: str, preexec: Callable[[], None] | None = None) -> Command:
        """The installed command, started; `preexec` is called in its process before it begins."""
        command = shutil.which("launcher", path=str(Path(sys.executable).parent))
        assert command is not None, "the package is not installed: no launcher beside this Python"
        return await self._started(command, *arguments, preexec=preexec)

    @contextlib.asynccontextmanager
    async def typing(self, line: str) -> AsyncIterator[Command]:
        """A line as a person types it here, while the block goes on."""
        command = await self._started("/bin/sh", "-c", f"exec {line}")
        try:
            yield command
        finally:
            await command.kill()

    async def _started(self, *arguments: str, preexec: Callable[[], None] | None = None) -> Command:
        return Command(
            await asyncio.create_subprocess_exec(
                *arguments,
                cwd=self.folder,
                env=self.environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                preexec_fn=preexec,
            )
        )

    async def run(self, *arguments: str, within_s: float = LONGEST_S) -> Ended:
        """The installed command, from its beginning to its end; in a fork, as support/fork_server has it."""
        server = fork_server.shared()
        if server is None:
            async with self.running(*arguments) as command:
                return await command.ended(within_s)
        async with asyncio.timeout(within_s):
            code, stdout, stderr = await server.run(arguments, cwd=self.folder, env=self.environment, stdin=b"")
        return Ended(code, stdout.decode(), stderr.decode())

    @contextlib.asynccontextmanager
    async def running(
        self, *arguments: str, preexec: Callable[[], None] | None = None
    ) -> AsyncIterator[Command]:
        """The installed command while the block goes on; killed at its end where it has not ended."""
        command = await self.start(*arguments, preexec=preexec)
        try:
            yield command
        finally:
            await command.kill()

    async def status(self) -> dict[str, object]:
        """What the ledger says of the last run."""
        ended = await self.run("status", "--json")
        assert ended.exit_code == 0, ended.stderr
        document: dict[str, object] = json.loads(ended.stdout)
        return document

    def results(self) -> list[dict[str, str]]:
        """The results file as a person reads it."""
        path = self.folder / f"{Path(self.file).stem}.results.csv"
        with path.open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))


async def until(
    fact: Callable[[], bool], *, within_s: float = LONGEST_S, unless: Command | None = None
) -> None:
    """Return once that is so; AssertionError where the command ends, or the time is over, before."""
    deadline = time.monotonic() + within_s
    while not fact():
        if unless is not None and unless.is_over:
            ended = await unless.ended()
            if fact():  # it came to that just before its end
                return
            raise AssertionError(f"the command ended too early: {ended}")
        assert time.monotonic() < deadline, "it has not come to that in time"
        await asyncio.sleep(0.002)


# The file, and what must be true of it in the end


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the file and what may become of it."""

    id: str
    manager: str
    fate: str
    """`start`, `refused` by the portal, `invalid`, or `repeats` an earlier row."""

    @property
    def key(self) -> tuple[str, str]:
        """What makes a start: the document and its parameter."""
        return f"LEAD_{self.id}", self.manager


def make_rows(count: int, dice: random.Random) -> list[Row]:
    """Mostly good rows. Some are wrong, some are refused, some repeat a row, and some only its document."""
    rows: list[Row] = []
    for number in range(1, count + 1):
        roll = dice.random()
        good = [row for row in rows[-400:] if row.fate == "start"]
        # The portal would take the second for a reference in a batch, so it goes alone.
        manager = f"Manager {number}" if dice.random() < 0.96 else f"$result[r{number}]"
        if roll < 0.03:
            rows.append(Row(dice.choice(["", "abc", "0", "DEAL_4"]), f"Manager {number}", "invalid"))
        elif roll < 0.06 and good:
            same = dice.choice(good)
            rows.append(Row(same.id, same.manager, "repeats"))
        elif roll < 0.09 and good:
            rows.append(Row(dice.choice(good).id, f"Deputy {number}", "start"))
        else:
            # An ID is not its row's place, so that a shift by one row shows.
            rows.append(Row(str(7 * number + 3), manager, "refused" if roll > 0.97 else "start"))
    return rows


Key = tuple[str, str]


def truth(portal: Simulator) -> dict[Key, list[str]]:
    """By document and parameter: the workflows that the portal really started."""
    found: dict[Key, list[str]] = {}
    for start in portal.started:
        found.setdefault((start.document[2], start.parameters["Parameter1"]), []).append(start.workflow_id)
    return found


def judge(
    rows: Sequence[Row], results: Sequence[Mapping[str, str]], started: Mapping[Key, Sequence[str]]
) -> list[str]:
    """Every way in which the results are not the truth; an empty list is the aim."""
    wrong = [f"{key} was started {len(ids)} times" for key, ids in started.items() if len(ids) > 1]
    wrong += [f"{key} was started and is in no row" for key in started.keys() - {row.key for row in rows}]
    if [(row.id, row.manager) for row in rows] != [(one["ID"], one["Manager"]) for one in results]:
        return [*wrong, f"the results file has not the {len(rows)} rows of the file in their order"]
    for row, result in zip(rows, results, strict=True):
        ids = list(started.get(row.key, ()))
        if why := _untrue(row, result["launch_status"], result["launch_workflow_id"], ids):
            wrong.append(f"row {result['launch_row']} {row.key}: {why}")
    return wrong


def _untrue(row: Row, status: str, workflow_id: str, ids: Sequence[str]) -> str:
    """What is untrue of a row that is said to stand so, where the portal started these; else nothing."""
    own = {"invalid": {"invalid"}, "repeats": {"skipped"}, "refused": {"failed", "unknown", "deferred"}}
    possible = own.get(row.fate, FINAL - {"invalid", "skipped"})
    if status not in possible:
        return f"is {status}, and not one of {', '.join(sorted(possible))}"
    if status == "started" and [workflow_id] != ids:
        return f"started as {workflow_id}, the portal has {ids or 'nothing'}"
    if status != "started" and workflow_id:
        return f"{status}, and yet has the workflow {workflow_id}"
    if status in ("failed", "deferred") and ids:
        return f"{status}, and yet started as {ids}"
    return ""


# Chaos


@dataclass(slots=True)
class Report:
    """What a run through chaos came to."""

    seed: int
    kills: int = 0
    early: int = 0
    """Commands that ended by themselves before their kill."""
    resumes: int = 0
    """Commands after the last kill, until the run ended by itself."""
    requests: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    reconciled: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        counts = ", ".join(f"{number} {state}" for state, number in self.counts.most_common())
        return (
            f"seed {self.seed}: {self.counts.total()} rows, {self.kills} kills, {self.early} ended before, "
            f"{self.resumes} more to the end, {self.requests} requests, {self.faults.total()} faults "
            f"of {len(self.faults)} kinds, {self.seconds:.0f} s: {counts}; {self.reconciled} were reconciled; "
            f"{len(self.wrong)} wrong"
        )


Trouble = Callable[[Command, int], Awaitable[None]]
"""Waits for a moment that it likes, and makes trouble for the command; it is given how many rows are unsent."""


class Chaos:
    """One file, taken through one ledger and a portal that fails, until all of it is settled."""

    def __init__(self, desk: Desk, *, rows: int, seed: int) -> None:
        self.desk = desk
        self.dice = random.Random(seed)
        self.rows = make_rows(rows, self.dice)
        refused = {row.key[0]: "Нет прав на запуск" for row in self.rows if row.fate == "refused"}
        # So quick that what the portal tells of its operating time never explains a refusal that is scripted:
        # one that it does explain is waited for until a basket drops out, which takes ten minutes.
        self.portal = Simulator(Settings(burst=0, start_seconds=0.001, refused=refused, seed=seed))
        self.report = Report(seed)
        self._to_send = sum(row.fate in ("start", "refused") for row in self.rows)
        self._next = ("run", self.desk.file)

    async def __aenter__(self) -> Chaos:
        await self.portal.start()
        self.portal.script(MENDABLE, times=None, rate=0.1, seed=self.report.seed, seconds=SECONDS)
        self.desk.configure(self.portal.webhook_url, concurrency=2)
        self.desk.write([(row.id, row.manager) for row in self.rows])
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.portal.stop()

    @property
    def sent(self) -> int:
        """Commands that have reached the portal, those that it refused or lost too."""
        return sum(request.commands for request in self.portal.requests)

    @property
    def left(self) -> int:
        """Rows that have surely not been sent yet; 0 where each may have been."""
        return max(0, self._to_send - self.sent)

    async def kill(self, times: int) -> None:
        """Start the command and kill it -9, that many times, at moments spread over the whole file."""
        while self.report.kills < times and not self.report.wrong:
            share = self.left // (times - self.report.kills)
            async with self.sitting() as command:
                await self._random_moment(command, share)
                if command.is_over:
                    self.report.early += 1
                    self._expect(await command.ended())
                else:
                    self.report.kills += 1

    async def _random_moment(self, command: Command, share: int) -> None:
        """By the clock, from the first imports on; or by the portal, in the midst of requests."""
        if share < 5 or self.dice.random() < 0.4:
            await _over(command, self.dice.uniform(0.05, 0.4 if share < 5 else 1.5))
            return
        goal = self.sent + self.dice.randint(1, 2 * share)
        await until(lambda: self.sent >= goal or command.is_over)
        await _over(command, self.dice.uniform(0, 0.1))

    @contextlib.asynccontextmanager
    async def sitting(self) -> AsyncIterator[Command]:
        """The command that begins the run or goes on with it; killed at the end of the block."""
        # Of some sessions' workflows the portal can still tell afterwards, of others not.
        runs_s = self.dice.choice([0.0, math.inf])
        self.portal.settings = replace(self.portal.settings, runs_seconds=runs_s)
        async with self.desk.running(*self._next) as command:
            self._next = ("resume",)
            yield command
        stderr = (await command.ended()).stderr
        if "Traceback" in stderr:
            self.report.wrong.append(stderr)

    def _expect(self, ended: Ended) -> bool:
        """Whether the run has ended; takes note where the command ended as it must not."""
        match ended.exit_code:
            case 0 | 1 | 5:
                return True
            case 2 if "no runs in the ledger" in ended.stderr:
                # It was killed before there was a run.
                self._next = ("run", self.desk.file)
            case 3:
                pass  # too many answers lost in a row, or the ledger was gone: resume goes on
            case code:
                self.report.wrong.append(f"exit code {code}: {ended.stderr}")
        return False

    async def finish(self) -> Report:
        """Go on until the run ends by itself; the report has what is wrong then."""
        ended = False
        while not ended and not self.report.wrong and self.report.resumes < 20:
            self.report.resumes += 1
            async with self.sitting() as command:
                ended = self._expect(await command.ended())
        report = self.report
        if not ended:
            report.wrong.append("the run has not ended by itself")
            return report
        results = self.desk.results()
        report.counts = Counter(one["launch_status"] for one in results)
        report.reconciled = sum(
            one["launch_status"] == "started" and one["launch_error_code"] == "reconciled" for one in results
        )
        report.requests = len(self.portal.requests)
        report.faults = Counter(request.fault for request in self.portal.requests if request.fault)
        report.wrong += judge(self.rows, results, truth(self.portal))
        report.wrong += await self._ledger_is_wrong()
        return report

    async def _ledger_is_wrong(self) -> list[str]:
        said = await self.desk.status()
        wrong = [
            f"the ledger has {said[state]} rows {state}, the results file {self.report.counts[state]}"
            for state in (*FINAL, "pending")
            if said[state] != self.report.counts[state]
        ]
        if "://" not in self.desk.ledger:
            with contextlib.closing(sqlite3.connect(self.desk.ledger)) as ledger:
                (answer,) = ledger.execute("pragma integrity_check").fetchone()
                (in_air,) = ledger.execute("select count(*) from rows where state = 'sent'").fetchone()
            wrong += [] if answer == "ok" else [f"the ledger's integrity check says {answer}"]
            wrong += [f"{in_air} rows are still in flight"] if in_air else []
        return wrong


async def _over(command: Command, seconds: float) -> None:
    """Return after that time, or once the command has ended."""
    with contextlib.suppress(TimeoutError):
        await command.ended(seconds)


async def chaos(desk: Desk, *, rows: int, kills: int, seed: int) -> Report:
    """Kill the command so often, then let it end; gives the report."""
    began = time.monotonic()
    async with Chaos(desk, rows=rows, seed=seed) as chaos:
        await chaos.kill(kills)
        report = await chaos.finish()
    report.seconds = time.monotonic() - began
    return report


def main() -> int:
    """By hand: one summary line, and what is wrong; 0 where nothing is."""
    parser = argparse.ArgumentParser(prog="python -m tests.journeys.chaos", description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--ledger", help="an empty PostgreSQL database; without it, SQLite")
    said = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk.at(Path(folder), said.ledger)
        report = asyncio.run(chaos(desk, rows=said.rows, kills=said.kills, seed=said.seed))
    print(report)
    for line in report.wrong[:50]:
        print(f"  wrong: {line}")
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
