"""Ways to people, against a real mail server and a real web server; nothing secret in what they say."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest
from pydantic import SecretStr

from launcher.ledger import Ledger, Notices
from launcher.notify import (
    AppriseChannel,
    ChatChannel,
    EmailChannel,
    Message,
    NotSentError,
    Outbox,
    ping,
)
from launcher.notify.pings import Signal
from launcher.portal import parse_webhook
from launcher.settings import EmailConfig
from launcher.simulator import Settings, Simulator
from tests.support.certificates import Certificates
from tests.support.receivers import mail_server, web_receiver

MESSAGE = Message(
    subject="launcher: leads: 3 failed\nBcc: all@company.example",
    text="3 rows failed, as <b>row 2</b>\n",
    chat="3 rows failed",
)


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
        message = Message(subject=MESSAGE.subject, text=MESSAGE.text, chat="", files=(file,))
        await email(server.port).send(message)
    [mail] = server.mails
    assert server.recipients == [["vera@company.example", "pavel@company.example"]]
    assert mail["Subject"] == "launcher: leads: 3 failed Bcc: all@company.example"
    assert mail["Bcc"] is None
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
        with pytest.raises(NotSentError, match="certificate"):
            await email(server.port, **said).send(MESSAGE)
        wrong = said | {"password": "another-long-one"}
        with pytest.raises(NotSentError, match="does not take user and password") as caught:
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
        with pytest.raises(NotSentError, match=r"\(im\)") as caught:
            await channel.send(MESSAGE)
        assert caught.value.for_good
        assert portal.settings.secret not in str(caught.value) + channel.label


async def test_apprise_reaches_a_service_and_its_address_stays_hidden() -> None:
    async with web_receiver() as service:
        address = SecretStr(f"json://127.0.0.1:{service.port}/a-secret-token")
        channel = AppriseChannel(address, 1)
        await channel.send(MESSAGE)
        service.status = 500
        with pytest.raises(NotSentError) as caught:
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
        with pytest.raises(NotSentError, match="status 404") as caught:
            await ping(address, Signal.SUCCESS)
    assert "a-secret-token" not in str(caught.value)
    with pytest.raises(NotSentError) as gone:
        await ping(address, Signal.SUCCESS)
    assert "a-secret-token" not in str(gone.value)


async def test_a_message_waits_in_the_ledger_until_it_arrives(ledger: Ledger) -> None:
    async with mail_server() as server:
        channel = email(server.port)
        server.refuses = "451 try again later"
        outbox = Outbox(Notices(ledger.database), [channel], lambda: 1000.0)
        await outbox.put(channel, MESSAGE)
        [unsent] = await outbox.send((0.0, 0.0))
        assert (unsent.tries, "451 try again later" in unsent.error) == (3, True)
        assert server.mails == []

        server.refuses = ""
        tomorrow = Outbox(Notices(ledger.database), [channel], lambda: 1000.0 + 80_000)
        assert await tomorrow.send(()) == []
        assert await tomorrow.send(()) == []
        assert len(server.mails) == 1


async def test_after_a_day_nobody_tries_any_more(ledger: Ledger) -> None:
    async with mail_server() as server:
        channel = email(server.port)
        server.refuses = "451 try again later"
        await Outbox(Notices(ledger.database), [channel], lambda: 0.0).put(channel, MESSAGE)
        server.refuses = ""
        assert await Outbox(Notices(ledger.database), [channel], lambda: 90_000.0).send(()) == []
        assert server.mails == []


async def test_what_cannot_arrive_is_tried_once(ledger: Ledger) -> None:
    channel = AppriseChannel(SecretStr("no-such-scheme://token"), 1)
    outbox = Outbox(Notices(ledger.database), [channel], lambda: 1000.0)
    await outbox.put(channel, MESSAGE)
    [unsent] = await asyncio.wait_for(outbox.send((60.0,)), 20)
    assert (unsent.tries, unsent.error) == (1, "apprise does not know such an address")
