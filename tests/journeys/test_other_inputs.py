"""Input that is no file: standard input and an https:// address, through the installed command."""

from __future__ import annotations

import asyncio
import base64
import csv
import json
import sqlite3
import ssl
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web

from launcher.simulator import Settings, Simulator
from tests.journeys.conftest import Launcher

LEADS = "ID;Менеджер\n1;Анна\n2;Борис\n".encode("cp1251")
SAID = ("--template", "1", "--kind", "lead", "--param", "Parameter1=Менеджер", "--ledger", "launcher.db")
PASSWORD, TOKEN = "horse-battery-staple", "t0ken-0123456789abcdef"
CERTIFICATE = (
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost "
    "-addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out certificate.pem"
)


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator(Settings(burst=0)) as portal:
        yield portal


@dataclass
class Web:
    """A server with TLS on this machine."""

    url: str
    certificate: Path
    authorization: str = ""


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Web]:
    folder = tmp_path / "tls"
    folder.mkdir()
    await asyncio.to_thread(subprocess.run, CERTIFICATE.split(), cwd=folder, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    made = Web("", folder / "certificate.pem")

    async def serve(request: web.Request) -> web.StreamResponse:
        made.authorization = request.headers.get("Authorization", "")
        return web.Response(body=LEADS)

    application = web.Application()
    application.router.add_get("/export/leads.csv", serve)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    made.url = f"https://anna:{PASSWORD}@127.0.0.1:{runner.addresses[0][1]}/export/leads.csv?key={TOKEN}"
    yield made
    await runner.cleanup()


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="cp1251", newline="") as stream:
        return list(csv.DictReader(stream, delimiter=";"))


async def test_standard_input_is_a_file_whose_results_go_to_the_current_folder(
    launcher: Launcher, simulator: Simulator, tmp_path: Path
) -> None:
    done = await launcher(
        "run",
        "-",
        *SAID,
        "--json",
        cwd=tmp_path,
        env={"BITRIX24_WEBHOOK_URL": simulator.webhook_url},
        stdin=LEADS,
    )

    summary = json.loads(done.stdout)
    assert (done.exit_code, summary["started"], summary["file"]) == (0, 2, "standard input")
    rows = rows_of(tmp_path / "stdin.results.csv")
    assert [(row["ID"], row["Менеджер"], row["launch_status"]) for row in rows] == [
        ("1", "Анна", "started"),
        ("2", "Борис", "started"),
    ]
    assert not (tmp_path / "-").exists()


async def test_results_of_standard_input_go_where_they_are_told(
    launcher: Launcher, simulator: Simulator, tmp_path: Path
) -> None:
    done = await launcher(
        *("run", "-", *SAID, "--results", "mine.csv"),
        cwd=tmp_path,
        env={"BITRIX24_WEBHOOK_URL": simulator.webhook_url},
        stdin=LEADS,
    )

    assert done.exit_code == 0
    assert len(rows_of(tmp_path / "mine.csv")) == 2
    assert not (tmp_path / "stdin.results.csv").exists()


async def test_nothing_on_standard_input_is_refused(
    launcher: Launcher, simulator: Simulator, tmp_path: Path
) -> None:
    done = await launcher("run", "-", *SAID, cwd=tmp_path, env={"BITRIX24_WEBHOOK_URL": simulator.webhook_url})

    assert done.exit_code == 2
    assert "standard input is empty" in done.messages[0]


async def test_a_run_of_standard_input_that_was_cut_off_goes_on_with_the_rows_it_has_and_says_so(
    launcher: Launcher, simulator: Simulator, tmp_path: Path
) -> None:
    """As after kill -9 while the rows went into the ledger: the second never came there."""
    env = {"BITRIX24_WEBHOOK_URL": simulator.webhook_url}
    await launcher("run", "-", *SAID, cwd=tmp_path, env=env, stdin=LEADS)
    with sqlite3.connect(tmp_path / "launcher.db") as ledger:
        ledger.execute("UPDATE runs SET loaded = 0, ending = 'running', ended_at = NULL")
        ledger.execute("DELETE FROM rows WHERE row_number = 3")
        ledger.execute("DELETE FROM claims WHERE row_number = 3")
    ledger.close()

    done = await launcher("resume", "--ledger", "launcher.db", "--json", cwd=tmp_path, env=env)

    assert (done.exit_code, json.loads(done.stdout)["rows"]) == (0, 1)
    told = " ".join(done.messages)
    assert "standard input is not read a second time" in told
    assert "give the whole input to a new run" in told


async def test_an_address_is_read_over_tls_and_its_secrets_stand_nowhere(
    launcher: Launcher, simulator: Simulator, server: Web, tmp_path: Path
) -> None:
    env = {"BITRIX24_WEBHOOK_URL": simulator.webhook_url, "SSL_CERT_FILE": str(server.certificate)}
    done = await launcher("run", server.url, *SAID, "--log-file", "log.jsonl", cwd=tmp_path, env=env)
    told = await launcher("status", "--json", "--ledger", "launcher.db", cwd=tmp_path, env=env)

    assert done.exit_code == 0
    assert [row["launch_status"] for row in rows_of(tmp_path / "leads.results.csv")] == ["started"] * 2
    login = base64.b64encode(f"anna:{PASSWORD}".encode()).decode()
    assert server.authorization == f"Basic {login}"
    assert json.loads(told.stdout)["file"].endswith("/export/leads.csv?…")
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    for secret in (PASSWORD, TOKEN, login):
        assert not any(secret.encode() in data for data in written)
        assert not any(secret in text for text in (done.stdout, done.stderr, told.stdout, told.stderr))


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    launcher: Launcher, simulator: Simulator, server: Web, tmp_path: Path
) -> None:
    done = await launcher(
        "run", server.url, *SAID, cwd=tmp_path, env={"BITRIX24_WEBHOOK_URL": simulator.webhook_url}
    )

    assert done.exit_code == 2
    assert "certificate" in done.messages[0]
    assert PASSWORD not in done.stderr + done.stdout
    assert TOKEN not in done.stderr + done.stdout
    assert server.authorization == ""
    assert simulator.started == []


async def test_an_address_without_tls_is_refused(
    launcher: Launcher, simulator: Simulator, tmp_path: Path
) -> None:
    done = await launcher(
        *("run", "http://example.com/leads.csv", *SAID),
        cwd=tmp_path,
        env={"BITRIX24_WEBHOOK_URL": simulator.webhook_url},
    )

    assert done.exit_code == 2
    assert "write https://" in done.messages[0]
