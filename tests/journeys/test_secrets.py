"""The webhook is a password. Of a run that fails, whichever way, no output holds it."""

from __future__ import annotations

import sqlite3
import traceback
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

import launcher as package
from launcher.app import launcher as app
from launcher.app.requests import RunRequest
from launcher.app.runs import run
from launcher.portal.access import parse_webhook
from launcher.portal.client import Portal
from launcher.redact import MARK
from launcher.simulator import Settings, Simulator
from tests.journeys.conftest import Ended, Launcher

SECRET = "w3bh00kOfThisTestOnly"
TO_START = ("--template", "1", "--kind", "lead", "--column", "ID")
BROKEN_LIBRARY = """
import aiohttp

_whole = aiohttp.ClientSession._request

async def _fail(self, method, url, **more):
    if not str(url).endswith("/batch"):
        return await _whole(self, method, url, **more)
    raise RuntimeError(f"Cannot connect to {url} with {self!r}")

aiohttp.ClientSession._request = _fail
"""
"""A library that breaks its word, with the webhook in its error."""


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """A portal without a rate limit, whose webhook is distinctive."""
    async with Simulator(Settings(burst=0, secret=SECRET)) as portal:
        yield portal


class Folder:
    """A person's folder with leads in it, where everything that the command writes is kept."""

    def __init__(self, launcher: Launcher, place: Path) -> None:
        self._launcher = launcher
        self.place = place
        self.outputs: list[str] = []
        rows = "".join(f"{number},Manager {number}\n" for number in range(1, 121))
        (place / "leads.csv").write_text(f"ID,Manager\n{rows}")
        (place / "config.yaml").write_text("portal: {give_up_after: 0.3s}\n")

    async def call(self, webhook: str, *arguments: str, **env: str) -> Ended:
        """Run the command here with that webhook, with all that it can write."""
        done = await self._launcher(
            *arguments,
            "--ledger",
            "ledger.db",
            "--log-file",
            "log.jsonl",
            cwd=self.place,
            env={"BITRIX24_WEBHOOK_URL": webhook, **env},
        )
        self.outputs += [done.stdout, done.stderr]
        return done

    async def run(self, webhook: str, *arguments: str, **env: str) -> Ended:
        return await self.call(webhook, "run", "leads.csv", *(arguments or TO_START), **env)

    def places_of(self, secret: str) -> list[str]:
        """Where the secret stands: outputs, files' contents, files' names."""
        files = [path for path in self.place.rglob("*") if path.is_file()]
        found = [str(path) for path in files if secret.encode() in path.read_bytes() or secret in path.name]
        return found + [output for output in self.outputs if secret in output]


@pytest.fixture
def folder(launcher: Launcher, tmp_path: Path) -> Folder:
    return Folder(launcher, tmp_path)


def test_the_search_itself_finds_a_secret(folder: Folder) -> None:
    """Else all tests below would pass for nothing."""
    (folder.place / "deep").mkdir()
    (folder.place / "deep" / "a.db-wal").write_bytes(b"\0\xff" + SECRET.encode() + b"\0")
    folder.outputs.append(f"launcher: {SECRET}")

    assert len(folder.places_of(SECRET)) == 2


async def test_a_wrong_webhook(folder: Folder, simulator: Simulator) -> None:
    simulator.settings = replace(simulator.settings, secret="another0secret")

    done = await folder.run(simulator.webhook_url.replace("another0secret", SECRET))

    assert done.exit_code == 3
    assert "make a new one" in done.stdout
    assert simulator.started == []
    assert folder.places_of(SECRET) == []


async def test_refused_rows(folder: Folder, simulator: Simulator) -> None:
    refused = {f"LEAD_{number}": "Нет прав" for number in range(1, 60)}
    simulator.settings = replace(simulator.settings, refused=refused)

    done = await folder.run(simulator.webhook_url)

    assert done.exit_code == 1
    assert (folder.place / "leads.failed.csv").is_file()
    assert folder.places_of(SECRET) == []


@pytest.mark.parametrize("fault", ["reset after", "cut body after", "504 after"])
async def test_lost_answers(folder: Folder, simulator: Simulator, fault: str) -> None:
    simulator.script(fault, skip=1, times=2)

    done = await folder.run(simulator.webhook_url)

    assert done.exit_code == 5
    assert "answer lost" in done.stderr
    assert folder.places_of(SECRET) == []


async def test_a_portal_that_is_down(folder: Folder, simulator: Simulator) -> None:
    await simulator.stop()

    done = await folder.run(simulator.webhook_url)

    assert done.exit_code == 3
    assert "no connection" in done.stdout
    assert folder.places_of(SECRET) == []


async def test_a_portal_that_has_moved(folder: Folder, simulator: Simulator) -> None:
    """Its answer names the new address with the whole path, which is the webhook's."""
    simulator.script("moved", location="https://new.example", times=None)

    done = await folder.run(simulator.webhook_url)

    assert done.exit_code == 3
    assert "moved to new.example" in done.stdout
    assert folder.places_of(SECRET) == []


async def test_a_template_whose_name_nobody_knows(folder: Folder, simulator: Simulator) -> None:
    done = await folder.run(simulator.webhook_url, "--template", "Nobody's", "--kind", "lead")

    assert done.exit_code == 2
    assert 'no template "Nobody\'s"' in done.stderr
    assert folder.places_of(SECRET) == []


@pytest.mark.parametrize(
    "webhook",
    [
        f"https://portal.example/rest/1/{SECRET}/?{SECRET}",
        f"https://portal.example/rest/{SECRET}/",
        f"http://portal.example/rest/1/{SECRET}/",
        SECRET,
    ],
)
async def test_an_address_that_is_no_webhook(folder: Folder, webhook: str) -> None:
    done = await folder.run(webhook)

    assert done.exit_code == 2
    assert "the webhook's address" in done.stderr or "no incoming webhook" in done.stderr
    assert folder.places_of(SECRET) == []


async def test_an_unexpected_error_of_a_library_that_holds_the_webhook(
    folder: Folder, simulator: Simulator, tmp_path_factory: pytest.TempPathFactory
) -> None:
    patches = tmp_path_factory.mktemp("patches")
    (patches / "sitecustomize.py").write_text(BROKEN_LIBRARY)

    done = await folder.run(simulator.webhook_url, PYTHONPATH=str(patches), PYTHONASYNCIODEBUG="1")

    assert done.exit_code == 3
    assert f"RuntimeError: Cannot connect to {simulator.url}/rest/1/{MARK}/batch" in done.stderr
    assert "Traceback" in done.stderr
    assert "please report it" in done.stderr
    assert folder.places_of(SECRET) == []


async def test_a_ledger_that_somebody_has_spoilt(folder: Folder, simulator: Simulator) -> None:
    simulator.script("no auth", skip=1)
    assert (await folder.run(simulator.webhook_url)).exit_code == 3
    with sqlite3.connect(folder.place / "ledger.db") as ledger:
        ledger.execute("update runs set plan = '{'")
    ledger.close()

    done = await folder.call(simulator.webhook_url, "resume")

    assert done.exit_code != 0
    assert done.stderr
    assert folder.places_of(SECRET) == []


# Tracebacks with their variables, as error trackers and some loggers write them


def our_frames(error: traceback.TracebackException) -> Iterator[str]:
    """Each frame of ours in the traceback, in its causes and in its group, with its variables."""
    home = str(Path(package.__file__).parent)
    for frame in error.stack:
        if frame.filename.startswith(home):
            yield f"{frame.filename}:{frame.lineno} {frame.name} {frame.locals}"
    for inner in (error.__cause__, error.__context__, *(error.exceptions or ())):
        if inner is not None:
            yield from our_frames(inner)


def rendered(error: BaseException) -> list[str]:
    return list(our_frames(traceback.TracebackException.from_exception(error, capture_locals=True)))


async def test_the_variables_of_a_call_hold_no_secret(simulator: Simulator) -> None:
    """A body that JSON cannot say: a mistake of ours, which is no answer and passes through."""
    with pytest.raises(TypeError) as caught:
        async with Portal(parse_webhook(simulator.webhook_url)) as portal:
            await portal.call("batch", {"cmd": object()})

    frames = rendered(caught.value)
    assert any("client.py" in frame and " call " in frame for frame in frames)
    assert [frame for frame in frames if SECRET in frame] == []


async def test_the_variables_of_a_whole_run_hold_no_secret(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = aiohttp.ClientSession._request

    async def fail(
        session: aiohttp.ClientSession, method: str, url: str, **said: Any
    ) -> aiohttp.ClientResponse:
        if url.endswith("/batch"):
            raise RuntimeError("nobody has thought of this")
        return await whole(session, method, url, **said)

    monkeypatch.setattr(aiohttp.ClientSession, "_request", fail)
    monkeypatch.setenv("BITRIX24_WEBHOOK_URL", simulator.webhook_url)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "leads.csv").write_text("ID,Manager\n1,Anna\n")
    request = RunRequest(file=Path("leads.csv"), template="1", kind="lead")

    with pytest.raises(ExceptionGroup) as caught:
        async with app.Launcher.open(ledger=str(tmp_path / "ledger.db")) as launcher:
            await run(launcher, request)

    frames = rendered(caught.value)
    for name in (" run ", "execute", "_send", " call "):
        assert any(name in frame for frame in frames), name
    assert [frame for frame in frames if SECRET in frame] == []
