"""Errors end in words, and with --json in one document; the truth stays in the ledger."""

from __future__ import annotations

import asyncio
import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from launcher import __version__
from launcher.simulator import Settings, Simulator
from tests.journeys.chaos import Desk
from tests.journeys.conftest import Launcher

ENV = {"BITRIX24_WEBHOOK_URL": "http://127.0.0.1:9/rest/1/abcdefgh/"}


async def test_version_is_accepted_after_the_commands_name(launcher: Launcher, tmp_path: Path) -> None:
    done = await launcher("run", "--version", cwd=tmp_path)
    assert (done.exit_code, done.stdout.split()[-1:]) == (0, [__version__])


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "none.csv", "--template", "1", "--kind", "lead"),
        ("status",),
        ("run",),
        ("run", "x.csv", "--bogus"),
        ("statsu",),
    ],
)
async def test_with_json_an_error_is_one_document(
    launcher: Launcher, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    done = await launcher("--json", *arguments, cwd=tmp_path, env=ENV)
    assert (done.exit_code, json.loads(done.stdout)["exit_code"]) == (2, 2)


async def test_a_run_that_broke_off_for_a_fault_of_ours_has_not_finished(
    launcher: Launcher, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (tmp_path / "leads.csv").write_text("ID\n" + "".join(f"{n}\n" for n in range(1, 121)))
    patches = tmp_path_factory.mktemp("p")
    (patches / "sitecustomize.py").write_text(
        "import aiohttp\n"
        "whole = aiohttp.ClientSession._request\n"
        "async def broken(session, method, url, **said):\n"
        "    if str(url).endswith('/batch'):\n        raise RuntimeError('x')\n"
        "    return await whole(session, method, url, **said)\n"
        "aiohttp.ClientSession._request = broken\n"
    )
    ran = await launcher(
        "run",
        "leads.csv",
        "--template",
        "1",
        "--kind",
        "lead",
        cwd=tmp_path,
        env=ENV | {"PYTHONPATH": str(patches)},
    )
    assert ran.exit_code == 3
    status = await launcher("status", cwd=tmp_path)
    assert "has finished" not in status.stdout
    assert "launcher resume r1" in status.stdout


async def test_the_example_address_in_a_message_is_not_redacted(launcher: Launcher, tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("ID\n1\n")
    done = await launcher(
        "run",
        "leads.csv",
        "--template",
        "1",
        "--kind",
        "lead",
        cwd=tmp_path,
        env={"BITRIX24_WEBHOOK_URL": "nonsense"},
    )
    assert "[secret]" not in done.stderr


async def test_a_file_whose_name_is_not_utf8(launcher: Launcher, tmp_path: Path) -> None:
    name = os.fsdecode(b"leads-\xff.csv")
    (tmp_path / name).write_text("ID\n1\n")
    async with Simulator(Settings(burst=0)) as portal:
        done = await launcher(
            "run",
            name,
            "--template",
            "1",
            "--kind",
            "lead",
            cwd=tmp_path,
            env={"BITRIX24_WEBHOOK_URL": portal.webhook_url},
        )
    assert "Traceback" not in done.stderr


async def test_the_portals_own_words_are_kept_without_the_secret(launcher: Launcher, tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("ID\n1\n2\n")
    async with Simulator(Settings(burst=0, secret="w3bh00kSecret")) as portal:
        portal.settings = replace(portal.settings, refused={"LEAD_2": f"no: {portal.webhook_url}"})
        done = await launcher(
            "run",
            "leads.csv",
            "--template",
            "1",
            "--kind",
            "lead",
            "--ledger",
            "l.db",
            cwd=tmp_path,
            env={"BITRIX24_WEBHOOK_URL": portal.webhook_url},
        )
    held = [p.name for p in tmp_path.rglob("*") if p.is_file() and b"w3bh00kSecret" in p.read_bytes()]
    assert (held, "w3bh00kSecret" in done.stdout + done.stderr) == ([], False)


async def test_a_wrong_webhook_is_told_with_its_mend_and_explained_further(
    launcher: Launcher, tmp_path: Path
) -> None:
    (tmp_path / "leads.csv").write_text("ID\n1\n2\n")
    async with Simulator(Settings(burst=0)) as portal:
        wrong = portal.webhook_url.replace(portal.settings.secret, "another0secret")
        ran = await launcher(
            *("run", "leads.csv", "--template", "1", "--kind", "lead"),
            cwd=tmp_path,
            env={"BITRIX24_WEBHOOK_URL": wrong},
        )
    explained = await launcher("explain", "no_auth_found", cwd=tmp_path)

    assert ran.exit_code == 3
    assert "the portal does not know this webhook" in ran.stdout
    assert "Developer resources" in ran.stdout
    assert "launcher explain NO_AUTH_FOUND" in ran.stdout
    assert "launcher resume r1" in ran.stdout
    assert (explained.exit_code, explained.stderr) == (0, "")
    assert "local-webhooks.html" in explained.stdout
    assert portal.started == []


async def test_explain_lists_all_codes_and_answers_in_json(launcher: Launcher, tmp_path: Path) -> None:
    listed = await launcher("explain", cwd=tmp_path)
    one = await launcher("explain", "Wrong document_id!", "--json", cwd=tmp_path)
    words = await launcher("explain", "wrong", "document_id!", "--json", cwd=tmp_path)
    every = await launcher("explain", "--json", cwd=tmp_path)

    assert "OVERLOAD_LIMIT" in listed.stdout
    assert "item busy" in listed.stdout
    assert json.loads(one.stdout)["mend"].endswith("correct the ID in the file")
    assert one.stdout == words.stdout
    assert json.loads(one.stdout) in json.loads(every.stdout)
    assert list((tmp_path / "home").iterdir()) == [], "nothing is opened for it"


async def test_explain_suggests_the_nearest_code(launcher: Launcher, tmp_path: Path) -> None:
    done = await launcher("explain", "OVERLOD_LIMIT", cwd=tmp_path)

    assert (done.exit_code, done.stdout) == (2, "")
    assert '(did you mean "OVERLOAD_LIMIT"?)' in done.stderr


async def test_a_portal_that_cannot_be_reached_or_hangs_up_is_told_in_words(tmp_path: Path) -> None:
    """Names of a library's errors are for the column launch_error_code and the log alone."""
    async with Simulator(Settings(burst=0)) as portal:
        desk = Desk.at(tmp_path / "desk")
        desk.configure(portal.webhook_url)
        desk.write([("1", "Anna")])
        portal.script("reset after", method="bizproc.workflow.start", times=None)
        portal.script("reset after", method="batch", times=None)
        said = [
            await desk.run(*words) for words in (("run", desk.file), ("status",), ("report", "-o", "r.html"))
        ]
        portal.script("reset before", times=None)
        said += [await desk.run("reconcile")]
    # At once, since each tries for some seconds.
    words_of = (("check", desk.file), ("doctor",), ("run", desk.file))
    said += await asyncio.gather(*(desk.run(*words) for words in words_of))

    told = "\n".join(line for ended in said for line in (ended.stdout, *_for_people(ended.stderr)))
    told += (desk.folder / "r.html").read_text(encoding="utf-8")
    results = desk.results()
    told += " ".join(row["launch_error"] for row in results)

    assert [row["launch_status"] for row in results] == ["unknown"]
    assert results[0]["launch_error_code"].endswith("Error")
    assert "the connection ended before it was here" in told
    assert "could not be reached: connection refused" in told
    assert re.findall(r"\b[A-Z]\w+Error\b|Errno", told) == []


@pytest.mark.parametrize("words", [("run",), ("run", "--dry-run"), ("check",)])
async def test_a_file_with_headings_and_no_rows_is_said_to_be_one(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    async with Simulator(Settings(burst=0)) as portal:
        desk = Desk.at(tmp_path / "desk")
        desk.configure(portal.webhook_url)
        desk.write([])
        empty = await desk.run(*words, desk.file)
        desk.write([("1", "Anna")])
        full = await desk.run(*words, desk.file)

    assert (empty.exit_code, empty.stdout.count("The file has no rows below its headings.")) == (0, 1)
    assert (full.exit_code, "no rows" in full.stdout) == (0, False)


def _for_people(stderr: str) -> list[str]:
    return [line for line in stderr.splitlines() if not line.startswith('{"')]
