"""Signing in and out through the installed command; of no secret there is a trace but where it is kept."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from launcher.simulator import Settings, Simulator
from tests.journeys.chaos import LONGEST_S, until
from tests.journeys.conftest import Ended, Launcher
from tests.support import keyring_in_a_file
from tests.support.signing_in import signed_in

SECRET = "l0ginD1st1nct1ve"
APP = {"client_id": "local.of0this0test", "client_secret": "s3cretOfTheApplication"}
RUN = ("run", "leads.csv", "--template", "1", "--kind", "lead")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """A portal with distinctive secrets, whose application's address is a free port of this machine."""
    settings = Settings(burst=0, secret=SECRET, redirect_uri=f"http://127.0.0.1:{free_port()}/", **APP)
    async with Simulator(settings) as portal:
        yield portal


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "folder"
    place.mkdir()
    (place / "leads.csv").write_text("ID\n1\n2\n3\n")
    return place


def port_of(simulator: Simulator) -> str:
    return str(urlsplit(simulator.settings.redirect_uri).port)


def oauth_config(simulator: Simulator, more: str = "") -> str:
    return f"portal: {{oauth: {{address: '{simulator.url}', token_server: '{simulator.url}'{more}}}}}\n"


# The incoming webhook, in the system keyring


async def test_a_webhook_is_stored_used_and_forgotten(
    launcher: Launcher, simulator: Simulator, folder: Path, tmp_path: Path
) -> None:
    keyring = keyring_in_a_file.environment(tmp_path / "keyring.json")

    stored = await launcher("login", "--stdin", cwd=folder, env=keyring, stdin=f"{simulator.webhook_url}\n")

    assert (stored.exit_code, stored.stderr) == (0, "")
    assert "Vera Orlova (user 1)" in stored.stdout
    assert ", an administrator." in stored.stdout
    assert [each.method for each in simulator.requests] == ["profile"]
    assert json.loads((tmp_path / "keyring.json").read_text()) == {
        "bizproc-launcher portal": simulator.webhook_url
    }

    ran = await launcher(*RUN, cwd=folder, env=keyring)
    assert ran.exit_code == 0, ran.stderr
    assert len(simulator.started) == 3

    gone = await launcher("logout", cwd=folder, env=keyring)
    assert (gone.exit_code, gone.stdout) == (0, "Removed: the webhook in the system keyring.\n")
    again = await launcher(*RUN, cwd=folder, env=keyring)
    assert again.exit_code == 2
    assert "launcher login" in again.stderr
    for done in (stored, ran, gone, again):
        assert SECRET not in done.stdout + done.stderr


async def test_who_is_no_administrator_is_told_so(
    launcher: Launcher, simulator: Simulator, folder: Path, tmp_path: Path
) -> None:
    simulator.settings = replace(simulator.settings, admin=False)
    env = keyring_in_a_file.environment(tmp_path / "keyring.json")

    done = await launcher("login", "--stdin", "--json", cwd=folder, env=env, stdin=simulator.webhook_url)

    assert done.exit_code == 0
    assert json.loads(done.stdout)["administrator"] is False
    assert "administrator of the portal" in done.stderr


async def test_each_portal_of_several_has_its_own_entry(
    launcher: Launcher, simulator: Simulator, folder: Path, tmp_path: Path
) -> None:
    env = keyring_in_a_file.environment(tmp_path / "keyring.json")
    (folder / "config.yaml").write_text("portals: {main: {}, branch: {}}\n")

    unsaid = await launcher("login", "--stdin", cwd=folder, env=env, stdin=simulator.webhook_url)
    await launcher("login", "--stdin", "--portal", "branch", cwd=folder, env=env, stdin=simulator.webhook_url)

    assert (unsaid.exit_code, "--portal: main, branch" in unsaid.stderr) == (2, True)
    assert json.loads((tmp_path / "keyring.json").read_text()) == {
        "bizproc-launcher branch": simulator.webhook_url
    }


@pytest.mark.parametrize(
    ("webhook", "exit_code", "words"),
    [
        ("", 2, "empty"),
        (SECRET, 2, "does not begin with https://"),
        (f"http://127.0.0.1:9/rest/1/{SECRET}/", 2, "could not be reached"),
        ("wrong", 3, "make a new one"),
    ],
)
async def test_a_webhook_that_does_not_work_is_not_stored(
    launcher: Launcher,
    simulator: Simulator,
    folder: Path,
    tmp_path: Path,
    webhook: str,
    exit_code: int,
    words: str,
) -> None:
    if webhook == "wrong":
        webhook = simulator.webhook_url.replace(SECRET, f"{SECRET}x")
    env = keyring_in_a_file.environment(tmp_path / "keyring.json")

    done = await launcher("login", "--stdin", cwd=folder, env=env, stdin=f"{webhook}\n")

    assert (done.exit_code, words in done.stderr) == (exit_code, True), done.stderr
    assert not (tmp_path / "keyring.json").exists()
    assert SECRET not in done.stdout + done.stderr


async def test_without_a_keyring_nothing_is_asked_and_the_other_ways_are_named(
    launcher: Launcher, simulator: Simulator, folder: Path
) -> None:
    done = await launcher("login", "--stdin", cwd=folder, stdin=simulator.webhook_url)

    assert done.exit_code == 2
    assert "BITRIX24_WEBHOOK_URL" in done.stderr
    assert "webhook_file" in done.stderr
    assert simulator.requests == []


@pytest.mark.skipif(os.name != "posix", reason="a terminal of our own")
async def test_on_a_terminal_the_webhook_is_asked_for_and_not_shown(
    launcher: Launcher, simulator: Simulator, folder: Path, tmp_path: Path
) -> None:
    import pty

    ours, theirs = pty.openpty()
    env = keyring_in_a_file.environment(tmp_path / "keyring.json")
    process = await launcher.begun("login", cwd=folder, env=env, stdin=theirs)
    assert process.stderr is not None
    prompt = await asyncio.wait_for(process.stderr.readuntil(b": "), LONGEST_S)
    os.write(ours, f"{simulator.webhook_url}\n".encode())
    stdout, stderr = await asyncio.wait_for(process.communicate(), LONGEST_S)
    os.set_blocking(ours, False)
    shown = b""
    with suppress(BlockingIOError):
        shown = os.read(ours, 65536)
    os.close(ours)
    os.close(theirs)

    assert process.returncode == 0, stderr
    assert b"webhook" in prompt
    assert b"Vera Orlova" in stdout
    assert SECRET.encode() not in shown + stdout + stderr


async def test_without_a_terminal_nothing_is_asked(launcher: Launcher, folder: Path, tmp_path: Path) -> None:
    env = keyring_in_a_file.environment(tmp_path / "keyring.json")

    done = await launcher("login", cwd=folder, env=env)

    assert (done.exit_code, "--stdin" in done.stderr) == (2, True)


async def test_what_comes_before_the_keyring_is_said(
    launcher: Launcher, simulator: Simulator, folder: Path, tmp_path: Path
) -> None:
    env = keyring_in_a_file.environment(tmp_path / "keyring.json")
    (folder / ".env").write_text("BITRIX24_WEBHOOK_URL=https://company.bitrix24.com/rest/1/another0one/\n")

    done = await launcher("login", "--stdin", cwd=folder, env=env, stdin=simulator.webhook_url)

    assert (done.exit_code, "comes before the keyring" in done.stderr) == (0, True)


async def test_a_ledger_that_is_not_defined_yet_keeps_nobody_from_signing_in_and_out(
    launcher: Launcher, simulator: Simulator, folder: Path, tmp_path: Path
) -> None:
    env = keyring_in_a_file.environment(tmp_path / "keyring.json")
    (folder / "config.yaml").write_text('ledger: "${NOT_THERE}"\n')

    stored = await launcher("login", "--stdin", cwd=folder, env=env, stdin=simulator.webhook_url)
    gone = await launcher("logout", cwd=folder, env=env)

    assert (stored.exit_code, gone.exit_code) == (0, 0), stored.stderr + gone.stderr


# An application


async def sign_in(
    launcher: Launcher, simulator: Simulator, folder: Path, *more: str, **env: str
) -> tuple[Ended, str]:
    """Begin, go to the portal as a browser does, come back; gives how it ended and the page that was shown."""
    process = await launcher.begun(
        *("login", "--oauth", "--no-browser", "--port", port_of(simulator), *more),
        cwd=folder,
        env={"BITRIX24_CLIENT_ID": APP["client_id"], "BITRIX24_CLIENT_SECRET": APP["client_secret"], **env},
    )
    assert process.stderr is not None
    told = ""
    while "/oauth/authorize/" not in told:
        line = await asyncio.wait_for(process.stderr.readline(), LONGEST_S)
        assert line, told
        told += line.decode()
    address = re.search(r"http://\S+/oauth/authorize/\S+", told)
    assert address is not None
    async with aiohttp.ClientSession() as browser:
        async with browser.get(f"{simulator.settings.redirect_uri}?code=stranger&state=guessed") as response:
            assert response.status == 400
        async with browser.get(address[0]) as response:
            page = await response.text()
            assert response.headers["Cache-Control"] == "no-store"
    stdout, stderr = await asyncio.wait_for(process.communicate(), LONGEST_S)
    assert process.returncode is not None
    return Ended(process.returncode, stdout.decode(), told + stderr.decode()), page


async def test_signed_in_run_signed_out(launcher: Launcher, simulator: Simulator, folder: Path) -> None:
    (folder / "config.yaml").write_text(oauth_config(simulator))
    tokens = folder / "launcher-tokens.json"

    done, page = await sign_in(launcher, simulator, folder)

    assert done.exit_code == 0, done.stderr
    assert "you may close this window" in page
    assert "Vera Orlova (user 1)" in done.stdout
    assert simulator.token_requests == ["authorization_code granted"]
    assert stat.S_IMODE(tokens.stat().st_mode) == 0o600
    assert APP["client_secret"] not in tokens.read_text(), "the environment has it"

    simulator.expire_tokens()
    env = {"BITRIX24_CLIENT_SECRET": APP["client_secret"]}
    ran = await launcher(*RUN, "--log-file", "log.jsonl", cwd=folder, env=env)
    assert ran.exit_code == 0, ran.stderr
    assert len(simulator.started) == 3
    assert simulator.token_requests == ["authorization_code granted", "refresh_token granted"]

    gone = await launcher("logout", cwd=folder)
    assert gone.stdout.startswith("Removed: the tokens in ")
    assert not tokens.exists()
    for secret in (APP["client_secret"], "simulated0code", simulator.settings.access_token):
        for output in (done.stdout, done.stderr, ran.stdout, ran.stderr, (folder / "log.jsonl").read_text()):
            assert secret not in output


async def test_with_nothing_configured_the_tokens_file_has_all_that_a_run_needs(
    launcher: Launcher, simulator: Simulator, folder: Path
) -> None:
    (folder / "config.yaml").write_text(oauth_config(simulator))
    await sign_in(launcher, simulator, folder)
    process = await launcher.begun(
        *("login", "--oauth", "--no-browser", "--port", port_of(simulator), "--stdin"),
        cwd=folder,
        env={"BITRIX24_CLIENT_ID": APP["client_id"]},
    )
    assert process.stdin is not None
    process.stdin.write(f"{APP['client_secret']}\n".encode())
    assert process.stderr is not None
    told = ""
    while "/oauth/authorize/" not in told:
        told += (await asyncio.wait_for(process.stderr.readline(), LONGEST_S)).decode()
    async with aiohttp.ClientSession() as browser, browser.get(told.split()[-1]) as response:
        assert response.status == 200
    await asyncio.wait_for(process.communicate(), LONGEST_S)
    (folder / "config.yaml").write_text("jobs: {}\n")

    simulator.expire_tokens()
    ran = await launcher(*RUN, cwd=folder)

    assert ran.exit_code == 0, ran.stderr
    assert len(simulator.started) == 3


async def test_a_pasted_address_signs_in_too(launcher: Launcher, simulator: Simulator, folder: Path) -> None:
    (folder / "config.yaml").write_text(oauth_config(simulator))
    process = await launcher.begun(
        *("login", "--oauth", "--no-browser", "--paste"),
        cwd=folder,
        env={"BITRIX24_CLIENT_ID": APP["client_id"], "BITRIX24_CLIENT_SECRET": APP["client_secret"]},
    )
    assert process.stderr is not None
    told = (await asyncio.wait_for(process.stderr.readline(), LONGEST_S)).decode()
    async with (
        aiohttp.ClientSession() as browser,
        browser.get(told.split()[-1], allow_redirects=False) as response,
    ):
        location = response.headers["Location"]
    stdout, stderr = await asyncio.wait_for(process.communicate(f"{location}\n".encode()), LONGEST_S)

    assert process.returncode == 0, stderr
    assert b"Vera Orlova" in stdout
    assert parse_qs(urlsplit(location).query)["code"][0].encode() not in stdout + stderr


async def test_an_address_of_another_sign_in_is_not_taken(
    launcher: Launcher, simulator: Simulator, folder: Path
) -> None:
    (folder / "config.yaml").write_text(oauth_config(simulator))
    env = {"BITRIX24_CLIENT_ID": APP["client_id"], "BITRIX24_CLIENT_SECRET": APP["client_secret"]}
    pasted = "http://127.0.0.1/?code=simulated0code1&state=another\n"

    done = await launcher("login", "--oauth", "--no-browser", "--paste", cwd=folder, env=env, stdin=pasted)

    assert (done.exit_code, "begun here" in done.stderr) == (2, True)
    assert simulator.token_requests == []


async def test_a_code_that_has_expired_is_said_so(
    launcher: Launcher, simulator: Simulator, folder: Path
) -> None:
    (folder / "config.yaml").write_text(oauth_config(simulator))
    simulator.script("error", method="oauth.token", status=400, code="invalid_grant")

    done, _ = await sign_in(launcher, simulator, folder)

    assert (done.exit_code, "30 seconds" in done.stderr) == (2, True)
    assert not (folder / "launcher-tokens.json").exists()


async def test_an_applications_secret_is_sent_to_no_other_server(
    launcher: Launcher, simulator: Simulator, folder: Path
) -> None:
    (folder / "config.yaml").write_text("jobs: {}\n")
    signed_in(simulator, folder / "launcher-tokens.json", server="https://oauth.example")

    done = await launcher(*RUN, cwd=folder)

    assert (done.exit_code, "Bitrix24's own servers only" in done.stderr) == (2, True)


async def test_after_a_renewal_that_was_cut_off_one_signs_in_again_and_resumes(
    launcher: Launcher, simulator: Simulator, folder: Path
) -> None:
    """The process is killed once the server has given a new token, and before anybody has heard it."""
    (folder / "config.yaml").write_text(oauth_config(simulator))
    await sign_in(launcher, simulator, folder)
    env = {"BITRIX24_CLIENT_SECRET": APP["client_secret"]}
    # Of the run and of its resumption: what is asked before the run has its token still.
    simulator.script("expired token", method="batch", times=2)
    simulator.script("hang after", method="oauth.token")
    asked = len(simulator.token_requests)
    process = await launcher.begun(*RUN, cwd=folder, env=env)
    await until(lambda: len(simulator.token_requests) > asked)
    process.kill()
    await process.communicate()

    stopped = await launcher("resume", cwd=folder, env=env)
    assert stopped.exit_code == 3, stopped.stderr
    assert "sign in again: launcher login --oauth" in " ".join(stopped.stdout.split())
    assert simulator.started == []

    await sign_in(launcher, simulator, folder)
    resumed = await launcher("resume", "--json", cwd=folder, env=env)
    counts = json.loads(resumed.stdout)
    documents = [each.document[2] for each in simulator.started]
    assert len(documents) == len(set(documents)) == counts["started"]
    assert counts["started"] + counts["unknown"] == 3, "what was in flight at the kill is never sent by itself"
    assert counts["unknown"] <= 1, "one row goes first"
