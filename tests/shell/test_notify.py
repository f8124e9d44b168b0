"""Ways to people, against a real mail server and a real web server; nothing secret in what they say."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest
from pydantic import SecretStr

from launcher.core.nights import JobResult, Outcome
from launcher.core.summary import Exit
from launcher.errors import DeliveryError
from launcher.ledger import Ledger, open_ledger
from launcher.ledger.nights import Nights
from launcher.ledger.notices import Notices, QueuedMessage
from launcher.notify import (
    AppriseChannel,
    Channel,
    ChatChannel,
    EmailChannel,
    Notification,
    Outbox,
    deliver,
    ping,
)
from launcher.notify.channels import Signal
from launcher.portal.access import parse_webhook
from launcher.settings import EmailConfig
from launcher.simulator import Settings, Simulator
from tests.support import ports
from tests.support.certificates import Certificates
from tests.support.receivers import mail_server, stubborn_server, web_receiver

MESSAGE = Notification(
    subject="launcher: leads: 3 failed\nBcc: all@company.example",
    text="3 rows failed, as <b>row 2</b>\n",
    chat="3 rows failed",
)


async def put(outbox: Outbox, channel: Channel, message: Notification = MESSAGE) -> None:
    await outbox.put((), lambda _: [(channel, message)])


def email(port: int, **keys: object) -> EmailChannel:
    values = {
        "to": ["vera@company.example", "pavel@company.example"],
        "from": "launcher@company.example",
        "server": f"smtp://127.0.0.1:{port}",
    }
    return EmailChannel(EmailConfig.model_validate(values | keys))


async def test_a_mail_has_its_text_twice_and_the_rows_to_mend(tmp_path: Path) -> None:
    file = tmp_path / "leads.failed.csv"
    file.write_text("ID\n1\n")
    async with mail_server() as server:
        message = Notification(subject=MESSAGE.subject, text=MESSAGE.text, chat="", files=(file,))
        await email(server.port).send(message)
    [mail] = server.mails
    assert server.recipients == [["vera@company.example", "pavel@company.example"]]
    assert mail["Subject"] == "launcher: leads: 3 failed Bcc: all@company.example"
    assert mail["Bcc"] is None
    assert mail["Message-ID"].endswith("@company.example>")
    plain, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert plain.get_content().replace("\r\n", "\n") == MESSAGE.text
    assert page is not None
    assert "&lt;b&gt;row 2&lt;/b&gt;" in page.get_content()
    assert [part.get_filename() for part in mail.iter_attachments()] == ["leads.failed.csv"]


async def test_a_password_goes_over_verified_tls_only(certificate_files: Certificates) -> None:
    login = ("launcher", "a-long-password")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate_files.portal)
    said = {"user": login[0], "password": login[1]}
    async with mail_server(tls, login) as server:
        await email(server.port, ca_file=certificate_files.authority, **said).send(MESSAGE)
        assert server.tls == [True]
        with pytest.raises(DeliveryError, match="certificate"):
            await email(server.port, **said).send(MESSAGE)
        wrong = said | {"password": "another-long-one"}
        with pytest.raises(DeliveryError, match="does not take user and password") as caught:
            await email(server.port, ca_file=certificate_files.authority, **wrong).send(MESSAGE)
    assert "another-long-one" not in str(caught.value)


async def test_people_of_the_portal_get_it_in_their_chat() -> None:
    async with Simulator(Settings()) as portal:
        await ChatChannel(parse_webhook(portal.webhook_url), (1, 3)).send(MESSAGE)
        assert [(one["user_id"], one["message"]) for one in portal.notifications] == [
            (1, "3 rows failed"),
            (3, "3 rows failed"),
        ]


async def test_a_webhook_without_the_permission_is_said_with_its_name() -> None:
    async with Simulator(Settings(scopes=("bizproc", "crm"))) as portal:
        channel = ChatChannel(parse_webhook(portal.webhook_url), (1,))
        with pytest.raises(DeliveryError, match=r"\(im\)") as caught:
            await channel.send(MESSAGE)
        assert caught.value.permanent
        assert portal.settings.secret not in str(caught.value) + channel.label


async def test_apprise_reaches_a_service_and_its_address_stays_hidden() -> None:
    async with web_receiver() as service:
        address = SecretStr(f"json://127.0.0.1:{service.port}/a-secret-token")
        channel = AppriseChannel(address, 1)
        await channel.send(MESSAGE)
        service.status = 500
        with pytest.raises(DeliveryError) as caught:
            await channel.send(MESSAGE)
    assert "3 rows failed" in service.heard[0][1]
    assert "a-secret-token" not in channel.label + str(caught.value)


async def test_a_ping_says_start_success_and_fail() -> None:
    async with web_receiver() as service:
        address = SecretStr(f"{service.url}/ping/a-secret-token?create=1")
        for signal in (Signal.START, Signal.SUCCESS, Signal.FAIL):
            await ping(address, signal, "launcher: leads")
        assert [path for path, _ in service.heard] == [
            "/ping/a-secret-token/start?create=1",
            "/ping/a-secret-token?create=1",
            "/ping/a-secret-token/fail?create=1",
        ]
        service.status = 404
        with pytest.raises(DeliveryError, match="status 404") as caught:
            await ping(address, Signal.SUCCESS)
    assert "a-secret-token" not in str(caught.value)
    with ports.kept() as port, pytest.raises(DeliveryError) as gone:
        await ping(SecretStr(f"http://127.0.0.1:{port}/ping/a-secret-token"), Signal.SUCCESS)
    assert "a-secret-token" not in str(gone.value)
    assert "no connection to it came about" in str(gone.value)


async def test_a_message_waits_in_the_ledger_until_it_arrives(ledger: Ledger) -> None:
    async with mail_server() as server:
        channel = email(server.port)
        server.refuses = "451 try again later"
        outbox = Outbox(Notices(ledger.database), [channel], lambda: 1000.0)
        await put(outbox, channel)
        await outbox.send((0.0, 0.0))
        [unsent] = await outbox.unsent()
        assert (unsent.tries, "451 try again later" in unsent.error) == (3, True)
        assert server.mails == []

        server.refuses = ""
        tomorrow = Outbox(Notices(ledger.database), [channel], lambda: 1000.0 + 80_000)
        await tomorrow.send(())
        await tomorrow.send(())
        assert await tomorrow.unsent() == []
        assert len(server.mails) == 1


async def test_after_a_day_nobody_tries_any_more(ledger: Ledger) -> None:
    async with mail_server() as server:
        channel = email(server.port)
        server.refuses = "451 try again later"
        await put(Outbox(Notices(ledger.database), [channel], lambda: 0.0), channel)
        server.refuses = ""
        await Outbox(Notices(ledger.database), [channel], lambda: 90_000.0).send(())
        assert server.mails == []


async def test_what_cannot_arrive_is_tried_once(ledger: Ledger) -> None:
    channel = AppriseChannel(SecretStr("no-such-scheme://token"), 1)
    outbox = Outbox(Notices(ledger.database), [channel], lambda: 1000.0)
    await put(outbox, channel)
    await outbox.send((3600.0,))
    [unsent] = await outbox.unsent()
    assert (unsent.tries, unsent.error) == (1, "apprise does not know such an address")


GREETED = ("220 mail.example", "250 mail.example", "250 OK", "250 OK", "354 go on")


async def test_a_mail_that_was_taken_is_sent_whatever_the_server_says_after_that() -> None:
    async with stubborn_server(*GREETED, "250 taken", "500 what is QUIT?") as server:
        channel = email(server.port)
        await EmailChannel(channel.config, "vera@company.example").send(MESSAGE)
    assert "." in server.heard


@pytest.mark.parametrize("greeting", ["\x00\xff no mail server", "421 come back", "554 no"])
async def test_a_server_that_answers_nonsense_is_said(greeting: str) -> None:
    async with stubborn_server(greeting, "250 mail.example", "nonsense") as server:
        with pytest.raises(DeliveryError, match=r"127\.0\.0\.1"):
            await deliver(email(server.port), MESSAGE)


async def test_a_server_that_never_answers_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("launcher.notify.channels.DELIVER_WITHIN_S", 0.2)
    async with stubborn_server() as server:
        with pytest.raises(DeliveryError, match="not taken within"):
            await deliver(email(server.port), MESSAGE)


async def test_a_password_that_no_mail_server_takes_is_said_without_it(
    certificate_files: Certificates,
) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate_files.portal)
    said = {"user": "launcher", "password": "a-пароль"}
    async with mail_server(tls, ("launcher", "other")) as server:
        with pytest.raises(DeliveryError, match="ASCII") as caught:
            await email(server.port, ca_file=certificate_files.authority, **said).send(MESSAGE)
    assert "пароль" not in str(caught.value)


async def test_all_files_of_a_mail_together_are_not_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("launcher.notify.emails.MOST_ATTACHED", 10)
    files = [tmp_path / name for name in ("один.failed.csv", "two.failed.csv", "gone.failed.csv")]
    for file in files[:2]:
        file.write_text("ID\n1\n23")
    async with mail_server() as server:
        await email(server.port).send(Notification(subject="s", text="t\n", chat="", files=tuple(files)))
    [mail] = server.mails
    assert [part.get_filename() for part in mail.iter_attachments()] == ["один.failed.csv"]
    plain = mail.get_body(("plain",))
    assert plain is not None
    assert f"{files[1]} is too large to attach." in plain.get_content()


class Slow:
    """A way that takes nothing before the nights have tried so often to take a message."""

    label = "slow"

    def __init__(self, tries: int) -> None:
        self.sent, self._left, self._tried = 0, tries, asyncio.Event()

    def tried(self) -> None:
        self._left -= 1
        if not self._left:
            self._tried.set()

    async def send(self, message: Notification) -> None:  # noqa: ARG002  as every channel
        self.sent += 1
        await self._tried.wait()


class Watched(Notices):
    """Tells of each try to take a message."""

    def __init__(self, ledger: Ledger, channel: Slow) -> None:
        super().__init__(ledger.database)
        self._channel = channel

    async def take(self, notice: int, at: float, *, until: float) -> bool:
        is_mine = await super().take(notice, at, until=until)
        self._channel.tried()
        return is_mine


async def test_two_nights_that_end_together_send_each_message_once(ledger_location: str) -> None:
    """Each with a ledger of its own, as two portals' nights and two processes have."""
    # Each holds one of the four while it has seen those before it taken.
    channel = Slow(tries=1 + 2 + 3 + 4)
    async with open_ledger(ledger_location) as one, open_ledger(ledger_location) as other:
        outboxes = [Outbox(Watched(each, channel), [channel], lambda: 1000.0) for each in (one, other)]
        for outbox in (*outboxes, *outboxes):
            await put(outbox, channel)
        sending = (outbox.send(()) for outbox in (*outboxes, *outboxes))
        await asyncio.gather(*sending)
        assert await outboxes[0].unsent() == []
    assert channel.sent == 4


async def test_a_message_is_one_nights_until_it_is_settled_or_that_night_was_killed(ledger: Ledger) -> None:
    notices = Notices(ledger.database)
    await notices.put(
        (), lambda _: [QueuedMessage(channel="somebody", subject="s", text="t", chat="c")], 1000.0
    )
    [unsent] = await notices.waiting(since=0.0)
    assert await notices.take(unsent.id, 1000.0, until=1060.0)
    assert not await notices.take(unsent.id, 1059.0, until=1119.0)
    assert await notices.take(unsent.id, 1060.0, until=1120.0), "whoever took it was killed"
    await notices.failed(unsent.id, "no", permanent=False)
    assert await notices.take(unsent.id, 1061.0, until=1120.0)
    await notices.sent(unsent.id, 1062.0)
    assert not await notices.take(unsent.id, 2000.0, until=2060.0)


def letters(*subjects: str) -> list[QueuedMessage]:
    return [QueuedMessage(channel="somebody", subject=subject, text="t", chat="c") for subject in subjects]


async def ended(ledger: Ledger, job: str, portal: str) -> int:
    """A night that has ended, with the draft of what is to be told of it."""
    nights = Nights(ledger, job, portal)
    night = await nights.begin(900.0, None)
    result = JobResult(
        job=job, portal=portal, outcome=Outcome.FINISHED, exit_code=Exit.SOME_NOT_STARTED, notes=()
    )
    await nights.end(night, 1000.0, result, letters(f"draft of {job}"))
    return night


async def test_a_draft_is_not_sent_and_gives_way_to_the_message_of_its_night(ledger: Ledger) -> None:
    notices = Notices(ledger.database)
    night = await ended(ledger, "leads", "one")
    assert await notices.waiting(since=0.0) == []
    assert [one.subject for one in await notices.unsent(since=0.0)] == ["draft of leads"]

    await notices.put([night], lambda had: letters(f"message of {had == {night}}"), 1000.0)
    assert [one.subject for one in await notices.unsent(since=0.0)] == ["message of True"]
    assert await notices.release(None, 2000.0) == 0


async def test_drafts_of_a_portals_nights_are_sent_as_they_are_and_then_no_more_by_their_night(
    ledger: Ledger,
) -> None:
    notices = Notices(ledger.database)
    lost, other = await ended(ledger, "leads", "one"), await ended(ledger, "deals", "two")

    assert await notices.release(["one"], 900_000.0) == 1
    [waits] = await notices.waiting(since=900_000.0)
    assert waits.subject == "draft of leads"
    await notices.put([lost, other], lambda had: letters(*(f"of {night}" for night in had)), 900_000.0)
    subjects = [one.subject for one in await notices.waiting(since=0.0)]
    assert subjects == ["draft of leads", f"of {other}"]


class Faulty:
    """A way with a fault in it."""

    label = "faulty"

    async def send(self, message: Notification) -> None:  # noqa: ARG002  as every channel
        raise KeyError("a fault")


async def test_a_fault_of_one_way_keeps_no_other_from_its_message(ledger: Ledger) -> None:
    async with mail_server() as server:
        channels = [Faulty(), email(server.port)]
        outbox = Outbox(Notices(ledger.database), channels, lambda: 1000.0)
        for channel in channels:
            await put(outbox, channel)
        await outbox.send(())
    [unsent] = await outbox.unsent()
    assert (unsent.channel, "KeyError" in unsent.error) == ("faulty", True)
    assert len(server.mails) == 1


@pytest.mark.parametrize("quoted", ["pw1", "cHcx", "AHUAcHcx"])
async def test_a_server_that_quotes_a_password_is_not_quoted(quoted: str) -> None:
    """A password this short is hidden by nothing else."""
    login = {"user": "u", "password": "pw1"}
    answers = ("220 mail.example", "250-mail.example\r\n250 AUTH PLAIN", f"535 no such login: {quoted}")
    async with stubborn_server(*answers) as server:
        with pytest.raises(DeliveryError, match="does not take user and password: 535") as caught:
            await email(server.port, **login).send(MESSAGE)
    assert quoted not in str(caught.value)


def test_what_a_portal_quotes_of_the_webhook_is_hidden() -> None:
    parse_webhook("https://portal.example/rest/1/s3cr3t-of-a-webhook/")
    error = DeliveryError("given-text", text="X: /rest/1/s3cr3t-of-a-webhook/im.notify is no method")
    assert "s3cr3t" not in str(error)


async def test_while_a_server_is_down_one_message_tries_it_and_the_newest_goes_first(ledger: Ledger) -> None:
    async with mail_server() as server:
        channel = email(server.port)
        server.refuses = "451 try again later"
        outbox = Outbox(Notices(ledger.database), [channel], lambda: 1000.0)
        for number in range(9):
            await put(outbox, channel, Notification(subject=f"night {number}", text="t", chat="c"))
        await outbox.send((0.0,))
        assert [one.tries for one in await outbox.unsent()] == [0] * 8 + [2]
        server.refuses = ""
        await outbox.send(())
        assert [mail["Subject"] for mail in server.mails] == [f"night {n}" for n in reversed(range(9))]


async def test_a_mail_that_the_server_will_never_take_is_tried_once(ledger: Ledger) -> None:
    async with mail_server() as server:
        channel = email(server.port)
        server.refuses = "552 too large"
        outbox = Outbox(Notices(ledger.database), [channel], lambda: 1000.0)
        await put(outbox, channel)
        await outbox.send((3600.0,))
    [unsent] = await outbox.unsent()
    assert (unsent.tries, "552 too large" in unsent.error) == (1, True)
