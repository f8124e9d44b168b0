"""Being told of nights: real mail and web servers get what `launcher nightly` has to say."""

from __future__ import annotations

import asyncio
import csv
import json
import signal
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from launcher.app import context
from launcher.automation import night as nights
from launcher.automation.channels import channels_of
from launcher.automation.job_run import JobRun
from launcher.core.nights import Outcome
from launcher.engine.cancel import CancelToken
from launcher.ledger import LedgerError, hold_portal, open_ledger
from launcher.ledger.nights import Nights
from launcher.ledger.notices import Notices
from launcher.notify import outbox
from launcher.settings import load_settings
from launcher.simulator import Settings, Simulator
from tests.journeys.chaos import LONGEST_S, Desk, until
from tests.support.files import aged
from tests.support.nights import night
from tests.support.receivers import MailServer, WebReceiver, mail_server, stubborn_server, web_receiver
from tests.support.wall_clock import installed

TOKEN = "a1b2c3d4-secret-ping"


@pytest.fixture
async def portal() -> AsyncIterator[Simulator]:
    async with Simulator(Settings(burst=0, runs_seconds=float("inf"))) as portal:
        yield portal


@pytest.fixture
async def mails() -> AsyncIterator[MailServer]:
    async with mail_server() as server:
        yield server


@pytest.fixture
async def pings() -> AsyncIterator[WebReceiver]:
    async with web_receiver() as service:
        yield service


@pytest.fixture
def desk(tmp_path: Path, portal: Simulator, mails: MailServer, pings: WebReceiver) -> Desk:
    desk = Desk.at(tmp_path / "crm")
    desk.configure(portal.webhook_url)
    with (desk.folder / "config.yaml").open("a", encoding="utf-8") as stream:
        stream.write(f"""\
    file: leads.csv
    schedule: "0 2 * * *"
    timezone: Europe/Berlin
    ping: {pings.url}/{TOKEN}
notify:
  users: 1
  email:
    to: vera@company.example
    from: launcher@company.example
    server: smtp://127.0.0.1:{mails.port}
""")
    return desk


def write(desk: Desk, ids: Sequence[str]) -> None:
    path = desk.folder / "leads.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("ID", "Manager"), *((one, "Anna") for one in ids)])
    aged(path)


def paths(pings: WebReceiver) -> list[str]:
    return [path for path, _ in pings.heard]


def all_written(desk: Desk) -> str:
    return "".join(
        path.read_bytes().decode("utf-8", "replace")
        for path in desk.folder.rglob("*")
        if path.is_file() and path.name != "config.yaml"
    )


async def test_a_good_night_pings_and_writes_to_nobody(
    desk: Desk, portal: Simulator, mails: MailServer, pings: WebReceiver
) -> None:
    write(desk, ["1", "2"])
    ended = await desk.run("nightly", "--log-file", "log.jsonl")
    assert ended.exit_code == 0, ended.stderr
    assert paths(pings) == [f"/{TOKEN}/start", f"/{TOKEN}"]
    assert (mails.mails, portal.notifications) == ([], [])
    assert TOKEN not in ended.stdout + ended.stderr + all_written(desk)


async def test_a_night_with_rows_to_mend_is_told_with_the_rows_and_the_next_command(
    desk: Desk, portal: Simulator, mails: MailServer, pings: WebReceiver
) -> None:
    write(desk, ["1", "2", "abc"])
    ended = await desk.run("nightly")
    assert ended.exit_code == 1
    assert paths(pings) == [f"/{TOKEN}/start", f"/{TOKEN}/fail"]
    [mail] = mails.mails
    assert mail["Subject"] == "launcher: followup: 1 invalid, 2 started"
    plain = mail.get_body(("plain",))
    assert plain is not None
    text = plain.get_content()
    assert "1 row invalid, as row 4: " in text
    assert f"launcher retry r1 --file {desk.folder / 'leads.failed.csv'}" in text
    [attached] = mail.iter_attachments()
    assert attached.get_filename() == "leads.failed.csv"
    assert "abc,Anna" in attached.get_content()
    assert portal.notifications[0]["message"].startswith("launcher: followup: 1 invalid")


async def test_unknown_rows_and_a_portal_that_refuses_are_told(
    desk: Desk, portal: Simulator, mails: MailServer
) -> None:
    write(desk, ["1"])
    portal.settings = Settings(burst=0, runs_seconds=0.0)
    portal.script("reset after", skip=1)
    assert (await desk.run("nightly")).exit_code == 5
    write(desk, ["2"])
    portal.script("access denied", times=None, skip=2)
    assert (await desk.run("nightly")).exit_code in (3, 5)
    assert next(mail["Subject"].partition(": followup: ")[2] for mail in mails.mails).startswith("1 unknown")
    assert len(mails.mails) == 2


async def test_what_cannot_be_sent_changes_no_exit_code_is_shown_and_goes_the_next_night(
    desk: Desk, portal: Simulator, mails: MailServer, pings: WebReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "PAUSES_S", (0.0,))
    monkeypatch.setattr("launcher.automation.notifications.PAUSES_S", (0.0,))
    monkeypatch.chdir(desk.folder)
    write(desk, ["1", "abc"])
    mails.refuses, pings.status = "451 come back tomorrow", 503
    portal.settings = Settings(burst=0, scopes=("bizproc", "crm"))

    [result] = await night()

    assert (result.outcome, result.exit_code) == (Outcome.FINISHED, 1)
    status = await desk.run("status")
    assert "not sent: e-mail to vera@company.example: launcher: followup: 1 invalid" in status.stdout
    assert "451 come back tomorrow" in status.stdout
    assert "give the webhook the permission Chat and Notifications (im)" in status.stdout
    assert "ping of followup" in status.stdout
    assert TOKEN not in status.stdout
    told = json.loads((await desk.run("status", "--json")).stdout)["messages_not_sent"]
    assert [one["tries"] for one in told if one["to"].startswith("e-mail")] == [2]

    mails.refuses, pings.status = "", 200
    assert (await desk.run("nightly")).exit_code == 0
    assert [mail["Subject"] for mail in mails.mails] == ["launcher: followup: 1 invalid, 1 started"]
    assert "e-mail" not in (await desk.run("status")).stdout


async def test_a_night_that_was_missed_and_one_that_begins_late_are_told(
    desk: Desk, mails: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(desk.folder)
    clock = installed(monkeypatch)

    async def at(text: str, ids: Sequence[str]) -> None:
        write(desk, ids)
        clock.set(text, stands=True)
        await night(clock)

    await at("2026-11-20 02:00:01+01:00", ["1"])
    assert mails.mails == []
    await at("2026-11-23 04:30:00+01:00", ["1", "2"])
    [mail] = mails.mails
    plain = mail.get_body(("plain",))
    assert plain is not None
    assert mail["Subject"] == "launcher: followup: late, 1 started, 1 skipped"
    lines = [line.strip() for line in plain.get_content().splitlines()]
    assert lines[1:4] == [
        "there was no night when it was due at 2026-11-21 02:00",
        "there was no night when it was due at 2026-11-22 02:00",
        "it began 2 h 30 min after it was due at 2026-11-23 02:00",
    ]
    await at("2026-11-23 12:00:00+01:00", ["1", "2"])
    assert len(mails.mails) == 1, "a second night by hand is not late"


async def test_a_night_that_waits_out_of_its_window_sends_nothing_and_is_told_as_late(
    desk: Desk,
    portal: Simulator,
    mails: MailServer,
    pings: WebReceiver,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """By the clock of when it really begins, and not of when it begins to wait."""
    monkeypatch.chdir(desk.folder)
    monkeypatch.setattr(nights, "_LOOK_S", 0.01)
    path = desk.folder / "config.yaml"
    path.write_text(path.read_text().replace("    timezone:", '    window: "01:00-05:00"\n    timezone:'))
    write(desk, ["1"])
    clock = installed(monkeypatch)
    clock.set("2026-11-24 02:00:01+01:00")
    assert (await night(clock))[0].outcome is Outcome.FINISHED

    clock.set("2026-11-25 02:00:01+01:00")
    write(desk, ["1", "2"])
    address = portal.url.removeprefix("http://")
    async with open_ledger(desk.ledger) as ledger:
        async with hold_portal(ledger, address):
            waiting = asyncio.create_task(night(clock, wait=True))
            await until(lambda: "waiting for its end" in capsys.readouterr().err)
            assert len(pings.heard) == 2, "it has not begun"
            clock.set("2026-11-25 06:00:01+01:00", stands=True)
        [result] = await waiting
        [last] = await Nights(ledger, "followup", address).former()
    assert (result.outcome, result.exit_code, len(portal.started)) == (Outcome.CONTINUES, 0, 1)
    assert last.begun_at == clock()
    [mail] = mails.mails
    plain = mail.get_body(("plain",))
    assert plain is not None
    assert mail["Subject"] == "launcher: followup: late, continues next night"
    assert "it began 4 h after it was due at 2026-11-25 02:00" in plain.get_content()
    assert "it is outside its window, 01:00-05:00" in plain.get_content()


async def test_notify_says_who_is_told_and_tries_it(
    desk: Desk, portal: Simulator, mails: MailServer, pings: WebReceiver
) -> None:
    shown = await desk.run("notify")
    assert (shown.exit_code, mails.mails, pings.heard) == (0, [], [])
    assert "e-mail to vera@company.example: is told" in shown.stdout

    tried = await desk.run("notify", "--test")
    assert tried.exit_code == 0, tried.stdout
    assert len(mails.mails) == len(portal.notifications) == 1
    assert paths(pings) == [f"/{TOKEN}/start", f"/{TOKEN}"]

    mails.refuses = "550 no such person"
    failed = await desk.run("notify", "--test", "--json")
    assert failed.exit_code == 2
    errors = {one["to"]: one["error"] for one in json.loads(failed.stdout)["channels"]}
    assert "550 no such person" in errors["e-mail to vera@company.example"]
    assert TOKEN not in tried.stdout + tried.stderr + failed.stdout + failed.stderr


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("notify: {users: 1, when: [sucess]}", "notify: when"),
        ("notify: {when: failure}", "one of users:, email: and apprise: is expected"),
        ("notify: {email: {to: vera, from: a@b.example, server: smtp://h}}", '"vera" is no e-mail address'),
        ("notify: {email: {to: a@b.example, from: a@b.example, server: mail.example}}", "smtp://host:587"),
        ("notify: {emial: {}}", 'unknown key "emial" (did you mean "email"?)'),
    ],
)
async def test_a_mistake_in_notify_is_said_with_its_place(desk: Desk, line: str, words: str) -> None:
    path = desk.folder / "config.yaml"
    path.write_text(path.read_text().partition("notify:")[0] + line + "\n")
    ended = await desk.run("notify")
    assert ended.exit_code == 2
    assert words in ended.stderr
    assert "config.yaml" in ended.stderr


def to_server(desk: Desk, mails: MailServer, port: int) -> None:
    """Mail goes to that server from now on."""
    path = desk.folder / "config.yaml"
    path.write_text(path.read_text().replace(f"smtp://127.0.0.1:{mails.port}", f"smtp://127.0.0.1:{port}"))


async def test_a_signal_while_messages_are_sent_ends_the_night_at_once_with_its_own_result(
    desk: Desk, mails: MailServer
) -> None:
    write(desk, ["1", "abc"])
    async with stubborn_server() as server:
        to_server(desk, mails, server.port)
        async with desk.running("nightly", "--json") as command:
            await server.came.wait()
            command.signal(signal.SIGTERM)
            ended = await command.ended()
    assert ended.exit_code == 1, ended.stderr
    document = json.loads(ended.stdout)
    assert [job["outcome"] for job in document["jobs"]] == ["finished"]
    assert [one["to"] for one in document["messages_not_sent"]] == ["e-mail to vera@company.example"]
    assert "Traceback" not in ended.stderr


async def test_a_signal_in_the_pause_between_two_tries_ends_the_night_at_once(
    desk: Desk, mails: MailServer
) -> None:
    write(desk, ["1", "abc"])
    mails.refuses = "451 later"
    async with desk.running("nightly") as command:
        await until(lambda: "451 later" in command.stderr, unless=command)
        command.signal(signal.SIGTERM)
        ended = await command.ended()
    assert ended.exit_code == 1, ended.stderr
    assert "1 invalid" in ended.stdout


async def test_a_daemon_that_is_ended_does_not_wait_for_a_mail_server(
    desk: Desk, mails: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(desk.folder)
    write(desk, ["1", "abc"])
    cancel = CancelToken()
    async with stubborn_server() as server:
        to_server(desk, mails, server.port)
        going = asyncio.create_task(night(cancel=cancel, by_daemon=True))
        await server.came.wait()
        cancel.cancel("a signal asked for it")
        [result] = await asyncio.wait_for(going, LONGEST_S)
    assert (result.outcome, result.exit_code) == (Outcome.FINISHED, 1)


async def test_a_fault_in_the_telling_changes_nothing_of_the_night(
    desk: Desk, mails: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(desk.folder)
    write(desk, ["1", "abc"])

    def faulty(*_: object) -> str:
        raise KeyError("a fault")

    for name in ("scheduled.missed", "notifications.subject"):
        monkeypatch.setattr(f"launcher.automation.{name}", faulty)
    with capture_logs() as lines:
        [result] = await night()
    assert (result.outcome, result.exit_code, mails.mails) == (Outcome.FINISHED, 1, [])
    assert [line["event"] for line in lines if line["log_level"] == "error"] == [
        "not known whether it is late",
        "told only if nothing cuts the night off",
        "not told",
    ]


@pytest.mark.parametrize("broken", ["open_ledger", "put"])
async def test_without_a_ledger_people_are_told_all_the_same(
    desk: Desk, mails: MailServer, pings: WebReceiver, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """As on a full disk, or when the ledger's server went away during the night."""
    monkeypatch.chdir(desk.folder)
    write(desk, ["1", "abc"])

    async def full(*_: object) -> None:
        raise LedgerError("the ledger: database or disk is full")

    if broken == "put":
        monkeypatch.setattr(Notices, "put", full)
    else:
        real, opened = context.open_ledger, list[str]()

        def gone(location: str) -> object:
            opened.append(location)
            if len(opened) > 2:  # at the beginning, and for the portal
                raise LedgerError("the ledger: its server has gone")
            return real(location)

        monkeypatch.setattr(context, "open_ledger", gone)
    [result] = await night()
    assert (result.outcome, result.exit_code) == (Outcome.FINISHED, 1)
    assert len(mails.mails) == 1
    assert paths(pings) == [f"/{TOKEN}/start", f"/{TOKEN}/fail"]


async def test_a_night_that_breaks_off_is_told(
    desk: Desk, mails: MailServer, pings: WebReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(desk.folder)

    async def broken(*_: object) -> None:
        raise KeyError("a fault")

    monkeypatch.setattr(JobRun, "run", broken)
    with pytest.raises(KeyError):
        await night()
    [mail] = mails.mails
    assert mail["Subject"] == "launcher: followup: stopped"
    assert paths(pings) == [f"/{TOKEN}/start", f"/{TOKEN}/fail"]


async def test_what_one_person_does_not_get_is_not_sent_to_the_others_again(
    desk: Desk, mails: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("launcher.automation.notifications.PAUSES_S", (0.0, 0.0))
    monkeypatch.chdir(desk.folder)
    path = desk.folder / "config.yaml"
    path.write_text(
        path.read_text()
        .replace("to: vera@", "to: [pavel@company.example, vera@")
        .replace("vera@company.example", "vera@company.example]")
    )
    mails.unknown = {"pavel@company.example"}
    write(desk, ["1", "abc"])
    await night()
    assert mails.recipients == [["vera@company.example"]]
    assert mails.mails[0]["To"] == "pavel@company.example, vera@company.example"
    status = await desk.run("status")
    assert "not sent: e-mail to pavel@company.example" in status.stdout


async def test_a_job_never_ends_before_it_has_begun_for_who_hears_its_pings(
    desk: Desk, pings: WebReceiver
) -> None:
    write(desk, ["1"])
    pings.slow = {f"/{TOKEN}/start": 1.5}
    assert (await desk.run("nightly")).exit_code == 0
    assert paths(pings) == [f"/{TOKEN}/start", f"/{TOKEN}"]


def test_two_jobs_with_a_service_each_tell_each_its_own(desk: Desk, pings: WebReceiver) -> None:
    path = desk.folder / "config.yaml"
    job = path.read_text().partition("  followup:\n")[2].partition("notify:")[0]
    text = (
        path.read_text().partition("jobs:\n")[0]
        + "jobs:\n"
        + "".join(
            f"  {name}:\n{job}    notify: {{apprise: json://127.0.0.1/{name}-secret-token}}\n"
            for name in ("sales", "support")
        )
    )
    path.write_text(text)
    settings = load_settings(path)
    labels = [channel.label for name in ("sales", "support") for channel in channels_of(settings, name)]
    assert labels == ["json (apprise 1 of sales)", "json (apprise 1 of support)"]


async def test_an_interrupted_night_is_no_success_for_who_hears_its_pings(
    desk: Desk, pings: WebReceiver, mails: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(desk.folder)
    write(desk, ["1"])
    cancel = CancelToken()
    cancel.cancel("a signal asked for it")
    [result] = await night(cancel=cancel)
    assert (result.exit_code, paths(pings), mails.mails) == (4, [f"/{TOKEN}/start"], [])


async def test_a_certificate_for_the_mail_server_stands_beside_the_configuration(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = desk.folder / "config.yaml"
    path.write_text(path.read_text().replace("    server: smtp", "    ca_file: mail.pem\n    server: smtp"))
    monkeypatch.chdir(tmp_path)
    config = load_settings(path).notify("followup")
    assert config is not None
    assert config.email is not None
    assert config.email.ca_file == desk.folder / "mail.pem"


async def test_no_secret_of_any_way_is_written_or_said_when_all_of_them_fail(
    desk: Desk, portal: Simulator, mails: MailServer, pings: WebReceiver
) -> None:
    path = desk.folder / "config.yaml"
    mail = f"server: smtp://127.0.0.1:{mails.port}\n"
    text = path.read_text().replace(mail, f"{mail}    user: launcher\n    password: a-mail-password\n")
    path.write_text(f"{text}  apprise: json://127.0.0.1:{pings.port}/an-apprise-token\n")
    path.chmod(0o600)
    write(desk, ["1", "abc"])
    portal.settings = Settings(burst=0, scopes=("bizproc", "crm"))
    pings.status = 404

    async with desk.running("nightly", "--json", "--log-file", "log.jsonl") as command:
        await until(lambda: command.stderr.count("message not sent") >= 3, unless=command)
        command.signal(signal.SIGTERM)
        ended = await command.ended()
    assert ended.exit_code == 1, ended.stderr
    others = [
        await desk.run(*words)
        for words in (["doctor"], ["doctor", "--json"], ["status", "--json"], ["notify", "--test", "--json"])
    ]
    said = "".join(one.stdout + one.stderr for one in (ended, *others)) + all_written(desk)
    assert said.count("json (apprise 1)") > 2
    for secret in (TOKEN, "a-mail-password", "an-apprise-token", portal.settings.secret):
        assert secret not in said
