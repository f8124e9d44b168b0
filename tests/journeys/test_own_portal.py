"""A portal of one's own, over real TLS, through the installed command; and one that moves under a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from launcher.simulator import Settings, Simulator
from tests.journeys.conftest import Launcher
from tests.support import tls

SECRET = "0wnP0rtalD1st1nct1ve"
RUN = ("run", "leads.csv", "--template", "1", "--kind", "lead", "--ledger", "ledger.db")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "folder"
    place.mkdir()
    (place / "leads.csv").write_text("ID\n" + "".join(f"{number}\n" for number in range(1, 121)))
    return place


@pytest.fixture
def authority(folder: Path) -> tls.Authority:
    return tls.authority(folder)


def portal_at(authority: tls.Authority, *hosts: str) -> Simulator:
    return Simulator(Settings(burst=0, secret=SECRET), tls=authority.server(*hosts))


async def test_with_its_ca_file_it_is_called_and_without_the_run_stops_at_once(
    launcher: Launcher, folder: Path, authority: tls.Authority
) -> None:
    async with portal_at(authority, "127.0.0.1") as portal:
        env = {"BITRIX24_WEBHOOK_URL": portal.webhook_url}
        stopped = await launcher(*RUN, cwd=folder, env=env)
        requests = len(portal.requests)
        (folder / "config.yaml").write_text("portal: {ca_file: ca.pem}\n")
        resumed = await launcher("resume", "--ledger", "ledger.db", cwd=folder, env=env)

    assert (stopped.exit_code, requests) == (3, 0)
    assert "ca_file:" in stopped.stdout
    assert resumed.exit_code == 0, resumed.stderr
    assert len(portal.started) == 120
    assert SECRET not in stopped.stdout + stopped.stderr + resumed.stdout + resumed.stderr


@pytest.mark.parametrize(("content", "words"), [("", "No such file"), ("not PEM", "PEM is expected")])
async def test_a_ca_file_that_cannot_be_used_is_an_error_of_the_configuration(
    launcher: Launcher, folder: Path, content: str, words: str
) -> None:
    (folder / "config.yaml").write_text("portal: {ca_file: own.pem}\n")
    if content:
        (folder / "own.pem").write_text(content)
    env = {"BITRIX24_WEBHOOK_URL": f"https://127.0.0.1:9/rest/1/{SECRET}/"}

    done = await launcher(*RUN, cwd=folder, env=env)

    assert (done.exit_code, "ca_file: " in done.stderr, words in done.stderr) == (2, True, True), done.stderr


async def test_a_portal_that_moves_under_a_run_is_followed_and_the_person_is_told(
    launcher: Launcher, folder: Path, authority: tls.Authority
) -> None:
    """And the next run, with the new address, knows what the old one has started."""
    (folder / "config.yaml").write_text("portal: {ca_file: ca.pem}\n")
    async with portal_at(authority, "127.0.0.1") as old, portal_at(authority, "localhost") as new:
        there = new.url.replace("127.0.0.1", "localhost")
        old.script("moved", location=there, skip=1, times=None)
        done = await launcher(*RUN, cwd=folder, env={"BITRIX24_WEBHOOK_URL": old.webhook_url})
        changed = {"BITRIX24_WEBHOOK_URL": new.webhook_url.replace("127.0.0.1", "localhost")}
        again = await launcher(*RUN, "--json", cwd=folder, env=changed)

    assert done.exit_code == 0, done.stderr
    documents = [each.document[2] for each in (*old.started, *new.started)]
    assert len(documents) == len(set(documents)) == 120
    assert new.started
    assert f"moved to {there.removeprefix('https://')}; change its address" in done.stderr
    assert json.loads(again.stdout)["skipped"] == 120


async def test_a_portal_that_moves_out_of_tls_stops_the_run_and_resume_goes_on(
    launcher: Launcher, folder: Path, authority: tls.Authority
) -> None:
    (folder / "config.yaml").write_text("portal: {ca_file: ca.pem}\n")
    async with portal_at(authority, "127.0.0.1") as portal, tls.listening() as plain:
        env = {"BITRIX24_WEBHOOK_URL": portal.webhook_url}
        portal.script("moved", location=f"http://127.0.0.1:{plain.port}", skip=1, times=3)
        stopped = await launcher(*RUN, "--json", cwd=folder, env=env)
        portal.faults.entries.clear()
        resumed = await launcher("resume", "--ledger", "ledger.db", cwd=folder, env=env)

    said = json.loads(stopped.stdout)
    assert (stopped.exit_code, said["unknown"], said["failed"]) == (3, 0, 0)
    assert "may_move_to" in said["stopped_because"]
    assert plain.connections == 0
    assert resumed.exit_code == 0
    assert len(portal.started) == len({each.document[2] for each in portal.started}) == 120
