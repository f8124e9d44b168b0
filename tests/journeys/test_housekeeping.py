"""Pruning and backup through the installed command, also while a run writes."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
import stat
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from launcher.simulator import Settings, Simulator
from tests.journeys.chaos import Desk, truth, until
from tests.journeys.test_doctor import damaged
from tests.support.files import aged
from tests.support.held import BATCHES_HELD

ROWS = 400


@pytest.fixture
async def portal() -> AsyncIterator[Simulator]:
    """A few documents are missing, so that some rows fail."""
    missing = frozenset(f"LEAD_{n}" for n in range(10, 400, 50))
    async with Simulator(Settings(burst=0, missing=missing)) as simulator:
        yield simulator


@pytest.fixture
def desk(tmp_path: Path, portal: Simulator) -> Desk:
    desk = Desk.at(tmp_path / "desk")
    desk.configure(portal.webhook_url)
    desk.write([(str(n), "Anna") for n in range(1, ROWS + 1)])
    return desk


def started_twice(portal: Simulator) -> list[object]:
    return [key for key, ids in truth(portal).items() if len(ids) > 1]


async def test_after_pruning_the_same_file_starts_nothing_twice(desk: Desk, portal: Simulator) -> None:
    """The answer of one request is lost: its rows stay unknown through it all."""
    portal.script("reset after", method="batch", skip=2)
    assert (await desk.run("run", desk.file)).exit_code == 5
    before, status = len(portal.started), await desk.status()

    pruned = await desk.run("prune", "--older-than", "0s", "--yes", "--vacuum", "--json")
    document = json.loads(pruned.stdout)["pruned"]
    assert [(one["run_id"], one["dropped"]) for one in document] == [("r1", status["failed"])]
    assert document[0]["kept"] == status["unknown"] > 0
    assert await desk.status() == status, "the run still came to what it came to"

    again = await desk.run("run", desk.file)
    assert again.exit_code == 5, "what is unknown in the pruned run is so still"
    assert len(portal.started) == before
    assert started_twice(portal) == []
    states = Counter(row["launch_status"] for row in desk.results())
    assert states == {"skipped": ROWS - status["failed"], "failed": status["failed"]}


async def test_results_of_a_pruned_run_say_that_its_rows_were_pruned(desk: Desk, portal: Simulator) -> None:
    await desk.run("run", desk.file)
    written = desk.results()
    await desk.run("prune", "--older-than", "0s", "--yes")

    for command in (
        ("results",),
        ("results", "-o", "again.csv"),
        ("results", "-o", "a.csv", "--only", "failed"),
    ):
        ended = await desk.run(*command)
        assert (ended.exit_code, ended.stdout) == (2, "")
        assert "the rows of run r1 were pruned on 20" in ended.stderr
    assert desk.results() == written
    retried = await desk.run("retry")
    assert retried.exit_code == 2
    assert "run the file again" in retried.stderr
    assert "Pruned" in (await desk.run("status")).stdout


async def test_unknown_rows_of_a_pruned_run_can_still_be_had_and_sent_again(
    desk: Desk, portal: Simulator
) -> None:
    portal.script("reset after", method="batch", skip=2)
    await desk.run("run", desk.file)
    written = desk.results()
    unknown = [row["ID"] for row in written if row["launch_status"] == "unknown"]
    await desk.run("prune", "--older-than", "0s", "--yes")

    await desk.run("results", "--only", "unknown", "-o", "unknown.csv")
    assert (desk.folder / "unknown.csv").read_text().count("\n") == len(unknown) + 1
    before = len(portal.started)
    ended = await desk.run("retry", "--unknown", "--yes")
    assert "run r1 was pruned" in ended.stderr
    again = [start.document[2] for start in portal.started[before:]]
    assert sorted(again) == sorted({f"LEAD_{one}" for one in unknown} - portal.settings.missing)
    assert desk.results() == written, "the file that had all rows is not overwritten by a few"


async def test_pruning_asks_first_and_a_dry_run_changes_nothing(desk: Desk) -> None:
    await desk.run("run", desk.file)
    rows = await desk.run("results", "-o", "before.csv")
    assert rows.exit_code == 0

    refused = await desk.run("prune", "--older-than", "0s")
    assert refused.exit_code == 2
    assert "--yes" in refused.stderr
    shown = await desk.run("prune", "--older-than", "0s", "--dry-run")
    assert "Nothing was changed" in shown.stdout
    assert "Kept whole: unknown rows" in shown.stdout
    young = await desk.run("prune", "--older-than", "90d", "--yes")
    assert young.stdout.strip() == "Nothing to prune."
    assert (await desk.run("results", "-o", "after.csv")).exit_code == 0
    assert (desk.folder / "after.csv").read_bytes() == (desk.folder / "before.csv").read_bytes()


async def test_old_nights_and_messages_are_counted_asked_about_and_dropped(desk: Desk) -> None:
    """Messages that nobody could be sent stay for the day in which they are tried."""
    config = desk.folder / "config.yaml"
    told = "{to: vera@company.example, from: a@company.example, server: 'smtp://127.0.0.1:1'}"
    nobody_told = f"{config.read_text()}    file: leads.csv\n"
    config.write_text(f"{nobody_told}notify: {{when: failure, email: {told}}}\n")
    aged(desk.folder / desk.file)
    for number in range(3):
        async with desk.running("nightly") as command:
            # A night ends by itself if the one before was ended in its second try, which has the message taken.
            await until(lambda: command.is_over or "message not sent" in command.stderr)
            command.signal(signal.SIGTERM)
            assert (await command.ended()).exit_code == (1 if number == 0 else 0)
    unsent = (await desk.run("status")).stdout
    assert "not sent: e-mail to vera@company.example" in unsent
    with closing(sqlite3.connect(desk.ledger)) as ledger, ledger:
        ledger.execute("insert into notices (channel, subject, text, chat, created_at, state, sent_at)"
                       " values ('somebody', 's', '', '', 1.0, 'sent', 2.0)")  # fmt: skip

    shown = await desk.run("prune", "--older-than", "0s", "--dry-run")
    assert "Dropped of nights: 2 nights and 1 message." in shown.stdout
    assert "Kept of nights: each job's last one" in shown.stdout
    refused = await desk.run("prune", "--older-than", "0s")
    assert (refused.exit_code, "of 1 run, 2 nights, 1 message are to be dropped" in refused.stderr) == (2, True)
    for number in (2, 0):
        ended = await desk.run("prune", "--older-than", "0s", "--yes", "--json")
        document = json.loads(ended.stdout)
        assert (document["nights"], document["messages"]) == (number, number // 2)
    assert "not sent: e-mail to vera@company.example" in (await desk.run("status")).stdout
    config.write_text(nobody_told)
    assert "unchanged since run r1" in (await desk.run("nightly")).stdout


async def test_pruning_goes_on_beside_a_run_that_writes(desk: Desk, portal: Simulator) -> None:
    await desk.run("run", desk.file)
    desk.write([(str(n), "Anna") for n in range(1001, 1001 + 2000)])
    async with desk.running("run", desk.file) as run:
        before = len(portal.started)
        await until(lambda: len(portal.started) > before + 50, unless=run)
        pruned, vacuumed = await asyncio.gather(
            desk.run("prune", "--older-than", "0s", "--yes", "--json"),
            desk.run("prune", "--older-than", "0s", "--yes", "--vacuum"),
        )
        ended = await run.ended()

    assert ended.exit_code == 0, ended.stderr
    assert pruned.exit_code == 0
    assert vacuumed.exit_code in (0, 6), "while a run goes, the file is not made smaller"
    assert started_twice(portal) == []


async def test_a_backup_while_a_run_writes_is_sound_and_of_one_moment(desk: Desk, portal: Simulator) -> None:
    rows, moments = 3000, 3
    desk.write([(str(n), "Anna") for n in range(1001, 1001 + rows)])
    portal.settings = replace(portal.settings, start_seconds=0.004)

    async def held_before_its_end() -> None:
        await until(lambda: len(portal.started) > rows // 2)
        portal.settings = replace(portal.settings, start_seconds=BATCHES_HELD)

    async with desk.running("run", desk.file) as run:
        await until(lambda: len(portal.started) > 50, unless=run)
        held = asyncio.create_task(held_before_its_end())
        for number in range(moments):
            ended = await desk.run("backup", f"{number}.db")
            assert ended.exit_code == 0, ended.stderr
        assert not run.is_over
        held.cancel()
        portal.settings = replace(portal.settings, start_seconds=0.0)
        assert (await run.ended()).exit_code == 0

    for number in range(moments):
        path = desk.folder / f"{number}.db"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with closing(sqlite3.connect(path)) as copy:
            assert copy.execute("pragma integrity_check").fetchall() == [("ok",)]
            assert consistent(copy)
    assert not list(desk.folder.glob(".*.part*"))
    status = await desk.run("status", "--ledger", "0.db", "--json")
    assert 0 < json.loads(status.stdout)["started"] < rows


def consistent(copy: sqlite3.Connection) -> bool:
    """No request without its rows, no row in flight without its request, no start key without its row."""
    wrong = """
        select (select count(*) from requests where answered_at is null) <>
               (select count(distinct request_number) from rows where state = 'sent'),
               exists (select 1 from rows where state in ('sent', 'started') and not exists
                       (select 1 from requests r where r.run_id = rows.run_id and r.number = request_number)),
               exists (select 1 from rows where start_key is not null and not exists
                       (select 1 from claims where claims.start_key = rows.start_key)),
               exists (select 1 from rows where state = 'started' and workflow_id = '')
    """
    return copy.execute(wrong).fetchone() == (0, 0, 0, 0)


async def test_a_run_from_a_backup_starts_nothing_that_it_knows(desk: Desk, portal: Simulator) -> None:
    await desk.run("run", desk.file)
    await desk.run("backup", "copy.db")

    again = await desk.run("run", desk.file, "--ledger", "copy.db")

    assert again.exit_code == 1, "the rows that failed fail again"
    assert started_twice(portal) == []


async def test_a_backup_of_a_ledger_whose_run_was_killed_has_what_it_wrote(
    desk: Desk, portal: Simulator
) -> None:
    """What is only in the journal beside the file is a part of the ledger."""
    async with desk.running("run", desk.file) as run:
        await until(lambda: len(portal.started) > 100, unless=run)
        await run.kill()
    assert Path(f"{desk.ledger}-wal").stat().st_size > 0

    assert (await desk.run("backup", "copy.db")).exit_code == 0
    ended = await desk.run("resume", "--ledger", "copy.db")

    assert ended.exit_code in (1, 5), ended.stderr
    assert started_twice(portal) == []


async def test_a_backup_into_a_folder_that_is_not_there_says_so(desk: Desk) -> None:
    await desk.run("run", desk.file, "--limit", "1")

    refused = await desk.run("backup", "nofolder/b.db")

    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "nofolder/b.db: there is no folder nofolder; make it, or choose another path" in refused.stderr
    assert not (desk.folder / "nofolder").exists()


async def test_a_backup_overwrites_nothing_unasked_and_never_the_ledger(desk: Desk) -> None:
    await desk.run("run", desk.file)
    (desk.folder / "there.db").write_text("something else")

    refused = await desk.run("backup", "there.db")
    assert (refused.exit_code, (desk.folder / "there.db").read_text()) == (2, "something else")
    assert "--force" in refused.stderr
    assert (await desk.run("backup", "there.db", "--force")).exit_code == 0
    itself = await desk.run("backup", desk.ledger, "--force")
    assert (itself.exit_code, "it is the ledger itself" in itself.stderr) == (2, True)
    missing = await desk.run("backup", "b.db", "--ledger", "none.db")
    assert (missing.exit_code, "there is no ledger" in missing.stderr) == (2, True)
    assert not (desk.folder / "none.db").exists()


async def test_a_damaged_ledger_is_not_backed_up_as_if_it_were_sound(desk: Desk, portal: Simulator) -> None:
    await desk.run("run", desk.file)
    damaged(desk, portal)

    ended = await desk.run("backup", "copy.db")

    assert ended.exit_code == 2
    assert "damaged" in ended.stderr
    assert not (desk.folder / "copy.db").exists()


async def test_a_ledger_on_postgresql_is_backed_up_by_its_own_tools(desk: Desk) -> None:
    ended = await desk.run("backup", "copy.db", "--ledger", "postgresql://somebody@127.0.0.1:1/none")

    assert (ended.exit_code, "pg_dump" in ended.stderr) == (2, True)


async def test_metrics_are_written_after_a_run_where_the_configuration_says(desk: Desk) -> None:
    config = desk.folder / "config.yaml"
    config.write_text("metrics_file: launcher.prom\n" + config.read_text())
    await desk.run("run", desk.file)
    assert 'launcher_last_run_rows{job="followup"' in (desk.folder / "launcher.prom").read_text()

    await desk.run("retry", "--metrics-file", "other.prom")
    assert 'launcher_last_run_exit_code{job="followup"' in (desk.folder / "other.prom").read_text()
    ended = await desk.run("retry", "--metrics-file", "nowhere/other.prom")
    assert (ended.exit_code, "--metrics-file nowhere" in ended.stderr) == (1, True), "no run's outcome changes"
