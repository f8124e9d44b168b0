"""`launcher doctor` names each fault of a broken set-up, and its remedy."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import socket
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from launcher.simulator import Settings, Simulator
from tests.journeys.chaos import Desk, until
from tests.support.held import HELD

ROWS = 60
README = Path(__file__).parents[2] / "README.md"


@pytest.fixture
async def portal() -> AsyncIterator[Simulator]:
    async with Simulator(Settings(burst=0)) as simulator:
        yield simulator


@pytest.fixture
async def desk(tmp_path: Path, portal: Simulator) -> Desk:
    """A set-up without a fault: the webhook in .env, one run that started all its rows."""
    desk = Desk.at(tmp_path / "desk")
    desk.configure("${BITRIX24_WEBHOOK_URL}")
    env = desk.folder / ".env"
    env.write_text(f"BITRIX24_WEBHOOK_URL={portal.webhook_url}\n")
    env.chmod(0o600)
    desk.write([(str(n), "Anna") for n in range(1, ROWS + 1)])
    assert (await desk.run("run", desk.file)).exit_code == 0
    return desk


@dataclass(frozen=True, slots=True)
class Fault:
    """What somebody did to the set-up, what the doctor says of it, and what it says to do."""

    name: str
    do: Callable[[Desk, Simulator], None]
    found: str
    remedy: str
    level: str = "trouble"


def in_config(old: str, new: str) -> Callable[[Desk, Simulator], None]:
    def do(desk: Desk, _portal: Simulator) -> None:
        path = desk.folder / "config.yaml"
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    return do


def in_env(text: str) -> Callable[[Desk, Simulator], None]:
    def do(desk: Desk, _portal: Simulator) -> None:
        (desk.folder / ".env").write_text(text)

    return do


def at_portal(**changes: object) -> Callable[[Desk, Simulator], None]:
    def do(_desk: Desk, portal: Simulator) -> None:
        portal.settings = replace(portal.settings, **changes)  # type: ignore[arg-type]

    return do


def in_ledger(statement: str) -> Callable[[Desk, Simulator], None]:
    def do(desk: Desk, _portal: Simulator) -> None:
        with closing(sqlite3.connect(desk.ledger)) as ledger:
            ledger.execute(statement)
            ledger.commit()

    return do


def opened_to_others(desk: Desk, _portal: Simulator) -> None:
    (desk.folder / ".env").chmod(0o644)


def ledger_opened_to_others(desk: Desk, _portal: Simulator) -> None:
    Path(desk.ledger).chmod(0o640)


def webhook_file_open_to_others(desk: Desk, portal: Simulator) -> None:
    (desk.folder / "webhook.txt").write_text(portal.webhook_url)
    in_config("webhook_url: ${BITRIX24_WEBHOOK_URL}", "webhook_file: webhook.txt")(desk, portal)


def no_ledger(desk: Desk, _portal: Simulator) -> None:
    Path(desk.ledger).write_text("a letter to somebody, which is no database at all\n" * 100)


def damaged(desk: Desk, _portal: Simulator) -> None:
    """As a bad disk does it: a page in the middle is another's."""
    with closing(sqlite3.connect(desk.ledger)) as ledger:
        ledger.execute("pragma wal_checkpoint(truncate)")
        [page] = ledger.execute("select rootpage from sqlite_master where name = 'rows_by_state'").fetchone()
        [size] = ledger.execute("pragma page_size").fetchone()
    with Path(desk.ledger).open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(os.urandom(size))


def nobody_there(desk: Desk, portal: Simulator) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = re.sub(r"127\.0\.0\.1:\d+", f"127.0.0.1:{port}", portal.webhook_url)
    (desk.folder / ".env").write_text(f"BITRIX24_WEBHOOK_URL={address}\n")


def webhook_deleted(desk: Desk, portal: Simulator) -> None:
    address = portal.webhook_url.replace(portal.settings.secret, "deleted0secret")
    (desk.folder / ".env").write_text(f"BITRIX24_WEBHOOK_URL={address}\n")


def of_nights(*lines: str, top: str = "") -> Callable[[Desk, Simulator], None]:
    def do(desk: Desk, _portal: Simulator) -> None:
        with (desk.folder / "config.yaml").open("a", encoding="utf-8") as stream:
            stream.writelines(f"    {line}\n" for line in ("file: leads.csv", *lines))
            stream.write(top)

    return do


EMAIL = (
    "{to: vera@company.example, from: a@company.example, server: 'smtp://localhost:25', "
    "password: '${PASSWORD}'}"
)

FAULTS = (
    Fault(
        "nothing calls the schedule",
        of_nights('schedule: "0 2 * * *"'),
        "nothing calls 1 job with a schedule",
        "launcher schedule install",
        "warning",
    ),
    Fault(
        "nobody is notified",
        of_nights('schedule: "0 2 * * *"'),
        "nobody is notified of the nights of followup",
        "add notify:",
        "warning",
    ),
    Fault(
        "notify without its password",
        of_nights(top=f"notify: {{email: {EMAIL}}}\n"),
        "${PASSWORD} is not defined",
        "in .env",
    ),
    Fault("ping without its address", of_nights("ping: ${PING}"), "${PING} is not defined", "in .env"),
    Fault("mistyped key", in_config("  kind: lead", "  knid: lead"), 'unknown key "knid"', "config.yaml"),
    Fault("no such kind", in_config("kind: lead", "kind: leed"), "leed", "config.yaml"),
    Fault("nothing defines the webhook", in_env(""), "${BITRIX24_WEBHOOK_URL} is not defined", "in .env"),
    Fault("secrets open to others", opened_to_others, ".env can be read by others", "chmod 600 "),
    Fault("ledger open to others", ledger_opened_to_others, "launcher.db can be read by others", "chmod 600 "),
    Fault("webhook_file open to others", webhook_file_open_to_others, "webhook.txt", "chmod 600 "),
    Fault("no ledger", no_ledger, "launcher.db: file is not a database", "--ledger"),
    Fault("damaged ledger", damaged, "launcher.db is damaged", "last backup"),
    Fault(
        "newer ledger",
        in_ledger("update alembic_version set version_num = '9999'"),
        "made by a newer launcher",
        "install that one",
    ),
    Fault("nobody there", nobody_there, "could not be reached", "from this machine"),
    Fault("webhook deleted", webhook_deleted, "does not know this webhook", "BITRIX24_WEBHOOK_URL"),
    Fault("no administrator", at_portal(admin=False), "not an administrator", "as an administrator"),
    Fault("no permission", at_portal(scopes=("crm",)), "lacks a permission", "(bizproc)"),
    Fault(
        "no such template",
        in_config("template: 1", "template: 987"),
        "template 987",
        "jobs: followup: template:",
    ),
    Fault("wrong clock", at_portal(clock_offset_seconds=7200.0), "2 h ahead of", "set-ntp", "warning"),
    Fault(
        "rows left to send",
        in_ledger("update rows set state = 'pending' where row_number > 50"),
        "of leads.csv has ended, 11 rows to send",
        "launcher resume r1",
        "warning",
    ),
    Fault(
        "unknown rows",
        in_ledger("update rows set state = 'unknown' where row_number = 5"),
        "run r1 has 1 unknown row",
        "launcher reconcile r1",
        "warning",
    ),
    Fault(
        "last night went wrong",
        in_ledger("update rows set state = 'failed' where row_number = 5"),
        "59 of 60 started, exit code 1",
        "launcher status r1",
        "warning",
    ),
)


def programs(folder: Path, **scripts: str) -> str:
    """A PATH on which these shell scripts come first: nobody's own systemd or crontab is touched."""
    folder.mkdir(exist_ok=True)
    for name, script in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return str(folder)


async def examined(desk: Desk) -> tuple[int, list[dict[str, str]]]:
    ended = await desk.run("doctor", "--json")
    assert "Traceback" not in ended.stderr, ended.stderr
    document = json.loads(ended.stdout)
    assert document["exit_code"] == ended.exit_code
    return ended.exit_code, document["diagnoses"]


async def test_a_set_up_without_a_fault_has_none(desk: Desk) -> None:
    code, findings = await examined(desk)

    assert (code, [one for one in findings if one["level"] != "ok"]) == (0, [])
    checks = {"configuration", "secrets", "ledger", "disk", "lock", "runs", "last night"}
    assert checks < {one["check"] for one in findings}


async def test_an_example_of_a_webhook_in_a_comment_is_no_fault(desk: Desk) -> None:
    """As in the config.yaml that comes with the launcher."""
    path = desk.folder / "config.yaml"
    path.write_text(f"# BITRIX24_WEBHOOK_URL=https://company.bitrix24.com/rest/1/abc123/\n{path.read_text()}")

    code, findings = await examined(desk)

    assert (code, [one for one in findings if one["level"] != "ok"]) == (0, [])


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_each_fault_is_named_with_its_mend(desk: Desk, portal: Simulator, fault: Fault) -> None:
    fault.do(desk, portal)

    code, findings = await examined(desk)

    wrong = [one for one in findings if one["level"] != "ok"]
    named = next((one for one in wrong if fault.found in one["found"]), None)
    assert named is not None, wrong
    assert named["level"] == fault.level
    assert fault.remedy in named["mend"]
    assert code == (fault.level == "trouble")
    assert all(one["mend"] for one in wrong)
    assert len(wrong) <= 2, "one fault is not told as many"


_KNOWS = """\
for name; do case $name in *.timer)
    printf 'Id=%s\\nActiveState=active\\nUnitFileState=enabled\\nNeedDaemonReload=no\\n\\n' "$name"
esac; done"""


@pytest.mark.parametrize(
    ("systemctl", "level", "found", "remedy"),
    [
        (_KNOWS, "ok", "systemd calls 1 job", ""),
        ("exit 0", "warning", "systemd does not call launcher-", "launcher schedule install"),
        (
            "echo 'Failed to connect to bus: No medium found' >&2; exit 1",
            "warning",
            "not known whether systemd calls 1 job",
            "launcher schedule install --for cron",
        ),
    ],
)
async def test_units_that_stand_there_are_fine_where_systemd_knows_them(
    desk: Desk,
    portal: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    systemctl: str,
    level: str,
    found: str,
    remedy: str,
) -> None:
    of_nights('schedule: "0 2 * * *"')(desk, portal)
    others = {"loginctl": "echo Linger=yes", "crontab": "echo no crontab >&2; exit 1"}
    first = programs(desk.folder / "bin", systemctl="exit 0", **others)
    path = f"{first}{os.pathsep}{desk.environment['PATH']}"
    monkeypatch.setattr(Desk, "environment", desk.environment | {"PATH": path})
    installed = await desk.run("schedule", "install", "--for", "systemd")
    assert installed.exit_code == 0, installed.stderr
    programs(desk.folder / "bin", systemctl=systemctl)

    _, findings = await examined(desk)

    [named] = [one for one in findings if one["check"] == "schedule"]
    assert (named["level"], found in named["found"], remedy in named["mend"]) == (level, True, True), named


async def test_a_webhook_kept_as_the_readme_says_is_no_trouble(desk: Desk, portal: Simulator) -> None:
    """The editor makes .env as files are made, and the README's one command closes it."""
    _, kept, _ = re.split(r"\*\*Keep it secret|\n3\. ", README.read_text(encoding="utf-8"), maxsplit=2)
    [block] = re.findall(r"```\n(.+?)```", kept, flags=re.DOTALL)
    [command] = re.findall(r"`(chmod [^`]+)`", kept)
    env = desk.folder / ".env"
    env.write_text(re.sub(r"https://\S+", portal.webhook_url, block.strip()))
    env.chmod(0o644)
    closing = await asyncio.create_subprocess_exec(*shlex.split(command), cwd=desk.folder)
    assert await closing.wait() == 0

    code, findings = await examined(desk)

    assert (code, [one for one in findings if one["level"] != "ok"]) == (0, [])


async def test_the_table_names_fault_and_mend_too_and_holds_no_secret(desk: Desk, portal: Simulator) -> None:
    in_config("${BITRIX24_WEBHOOK_URL}", portal.webhook_url)(desk, portal)
    opened_to_others(desk, portal)

    ended = await desk.run("doctor")

    assert ended.exit_code == 1
    assert "chmod 600" in ended.stdout
    assert "holds the webhook itself" in ended.stdout
    assert portal.settings.secret not in ended.stdout + ended.stderr


async def test_nothing_is_made_where_nothing_is(tmp_path: Path, portal: Simulator) -> None:
    empty = Desk.at(tmp_path / "empty")
    empty.configure(portal.webhook_url)

    _, findings = await examined(empty)

    assert "none yet" in next(one["found"] for one in findings if one["check"] == "ledger")
    assert not Path(empty.ledger).exists()


async def test_the_run_that_holds_the_portal_is_named(desk: Desk, portal: Simulator) -> None:
    portal.settings = replace(portal.settings, start_seconds=HELD)
    desk.write([(str(n), "Anna") for n in range(1001, 1200)])
    before = len(portal.started)
    async with desk.running("run", desk.file) as command:
        await until(lambda: len(portal.started) > before, unless=command)
        _, findings = await examined(desk)

    assert any(one["check"] == "lock" and "held by run r2" in one["found"] for one in findings)


async def test_an_older_ledger_is_left_as_it_is(desk: Desk) -> None:
    with closing(sqlite3.connect(desk.ledger)) as ledger:
        ledger.execute("update alembic_version set version_num = '0001'")
        ledger.commit()

    code, findings = await examined(desk)

    [named] = [one for one in findings if one["level"] == "warning"]
    assert (code, named["check"]) == (0, "ledger")
    assert "launcher backup" in named["mend"]
    with closing(sqlite3.connect(desk.ledger)) as ledger:
        assert ledger.execute("select version_num from alembic_version").fetchone() == ("0001",)
