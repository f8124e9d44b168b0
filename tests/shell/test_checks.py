"""What the doctor says of this machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from launcher.app.diagnose import ledger as checks
from launcher.app.diagnose.configuration import Setup
from launcher.automation.checks import check_notifications
from launcher.core.findings import Level, trouble_of
from launcher.ledger import Ledger, NewRun, open_ledger
from launcher.ledger.upkeep import examine
from launcher.settings import load_settings
from tests.support import ports

SHARED_MEMORY = Path("/dev/shm")
NEW_RUN = NewRun(
    job="",
    file="leads.csv",
    portal="portal.example",
    plan={},
    header=("ID",),
    dialect={},
    fingerprint="",
    results="",
)


@pytest.mark.parametrize(
    ("full", "nearly_full", "level"),
    [(0, 0, Level.OK), (0, 10**18, Level.WARNING), (10**18, 10**18, Level.TROUBLE)],
)
async def test_a_disk_without_room_is_told_before_a_run_fills_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full: int, nearly_full: int, level: Level
) -> None:
    monkeypatch.setattr(checks, "FULL_BYTES", full)
    monkeypatch.setattr(checks, "NEARLY_FULL_BYTES", nearly_full)
    file = tmp_path / "not" / "there" / "launcher.db"
    setup = Setup(
        named_ledger="",
        settings=None,
        settings_error="",
        ledger_file=file,
        ledger_diagnosis=None,
        ledger=None,
    )

    [found] = await checks.check_disk(setup)

    assert (found.level, str(tmp_path) in found.found) == (level, True)
    assert ("prune" in found.remedy) == (level is not Level.OK)


@pytest.mark.skipif(not SHARED_MEMORY.is_dir(), reason="the second disk is Linux's own")
async def test_pruning_is_advised_for_the_disk_of_the_ledger_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Results may stand on another disk, of which pruning the ledger frees nothing."""
    assert SHARED_MEMORY.stat().st_dev != tmp_path.stat().st_dev
    monkeypatch.setattr(checks, "FULL_BYTES", 10**18)
    file = tmp_path / "ledger" / "launcher.db"
    file.parent.mkdir()
    async with open_ledger(str(file)) as ledger:
        for folder in (tmp_path, SHARED_MEMORY):
            await ledger.begin_run(replace(NEW_RUN, results=str(folder / "leads.results.csv")))
        setup = Setup(
            named_ledger="",
            settings=None,
            settings_error="",
            ledger_file=file,
            ledger_diagnosis=None,
            ledger=ledger,
        )
        found = await checks.check_disk(setup)
        of_a_server = await checks.check_disk(replace(setup, ledger_file=None))

    remedies = {one.found.rpartition(" in ")[2]: one.remedy for one in found}
    assert {folder for folder, remedy in remedies.items() if "prune" in remedy} == {
        str(file.parent),
        str(tmp_path),
    }
    assert remedies[str(SHARED_MEMORY)] == "make room there"
    assert {one.remedy for one in of_a_server} == {"make room there"}


async def test_a_sound_ledger_is_said_to_be_one(ledger_location: str, ledger: Ledger) -> None:
    found, sound = await examine(ledger_location)

    assert (found.level, found.found, sound) == (Level.OK, f"{ledger.database.name}: sound", True)


async def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    with ports.kept() as port:
        found, sound = await examine(f"postgresql://somebody:pa55word@127.0.0.1:{port}/launcher")

    assert (found.level, sound) == (Level.TROUBLE, False)
    assert "127.0.0.1/launcher" in found.found
    assert "see whether it runs" in found.remedy
    assert found.found.endswith(": Connection refused"), "and not its number, and no name of a Python error"
    assert "pa55word" not in found.found + found.remedy


@pytest.mark.parametrize(
    ("message", "found", "remedy"),
    [
        ("the webhook was deleted; make a new one", "the webhook was deleted", "make a new one"),
        ("no portal: put its webhook into .env", "no portal", "put its webhook into .env"),
        ('unknown key "x"; known: a, b', 'unknown key "x"; known: a, b', "see to it"),
        ("it is broken", "it is broken", "see to it"),
    ],
)
def test_what_a_message_says_to_do_is_the_remedy(message: str, found: str, remedy: str) -> None:
    told = trouble_of("portal", message, "see to it")

    assert (told.found, told.remedy) == (found, remedy)


EMAIL = "notify: {email: {to: a@b.example, from: a@b.example, server: smtp://h}}"


@pytest.mark.parametrize(
    ("telling", "level", "words"),
    [
        ("", Level.WARNING, "nobody is notified of the nights of leads"),
        ("ping: https://hc.example/a-token", Level.OK, "notifications are sent for 1 job"),
        ('ping: "${NOT_THERE}"', Level.TROUBLE, "NOT_THERE"),
        (f'ping: "${{NOT_THERE}}", {EMAIL}', Level.TROUBLE, "NOT_THERE"),
        ("ping: hc.example/a-token, notify: {users: 1}", Level.TROUBLE, "an https:// address is expected"),
    ],
)
async def test_whether_somebody_is_told_is_looked_at_whole(
    tmp_path: Path, telling: str, level: Level, words: str
) -> None:
    file = tmp_path / "config.yaml"
    job = f'{{template: 1, kind: lead, file: a.csv, schedule: "0 2 * * *", {telling}}}'
    file.write_text(f"jobs: {{leads: {job}}}")
    setup = Setup(
        named_ledger="",
        settings=load_settings(file),
        settings_error="",
        ledger_file=None,
        ledger_diagnosis=None,
        ledger=None,
    )

    [found] = await check_notifications(setup)

    assert found.level is level
    assert words in found.found
    assert "a-token" not in found.found
