"""What takes messages: a mail server and a web server, both real, on this machine."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import partial
from typing import Any, cast

from aiohttp import web
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass
class MailServer:
    """Keeps what it takes."""

    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    refuses: str = ""
    """An answer such as `451 later`, for every message."""
    unknown: set[str] = field(default_factory=set)
    """Whom it takes no mail for."""
    tls: list[bool] = field(default_factory=list)
    port: int = 0

    async def handle_RCPT(  # noqa: N802  its name there
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.unknown:
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  its name there
        if self.refuses:
            return self.refuses
        self.mails.append(cast(EmailMessage, message_from_bytes(cast(bytes, envelope.content), policy=default)))
        self.recipients.append(list(envelope.rcpt_tos))
        self.tls.append(session.ssl is not None)
        return "250 OK"


@asynccontextmanager
async def mail_server(
    tls: ssl.SSLContext | None = None, login: tuple[str, str] | None = None, port: int = 0
) -> AsyncIterator[MailServer]:
    """It listens on loopback while the block goes on; with `tls`, it insists on STARTTLS."""
    keeper = MailServer()

    def knows(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: LoginPassword) -> AuthResult:
        return AuthResult(success=(data.login.decode(), data.password.decode()) == login, handled=False)

    make = partial(
        SMTP,
        keeper,
        hostname="mail.example",
        tls_context=tls,
        require_starttls=tls is not None,
        authenticator=knows if login else None,
        auth_required=login is not None,
        auth_require_tls=tls is not None,
        loop=asyncio.get_running_loop(),
    )
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", port)
    keeper.port = server.sockets[0].getsockname()[1]
    async with server:
        yield keeper


@dataclass
class WebReceiver:
    """Keeps paths and bodies of what it was sent."""

    heard: list[tuple[str, str]] = field(default_factory=list)
    status: int = 200
    slow: dict[str, float] = field(default_factory=dict)
    """By path, how many seconds it takes to hear."""
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def web_receiver() -> AsyncIterator[WebReceiver]:
    """It listens on loopback while the block goes on."""
    keeper = WebReceiver()

    async def hear(request: web.Request) -> web.Response:
        await asyncio.sleep(keeper.slow.get(request.path_qs, 0.0))
        keeper.heard.append((request.path_qs, await request.text()))
        return web.Response(status=keeper.status)

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", hear)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    keeper.port = runner.addresses[0][1]
    try:
        yield keeper
    finally:
        await runner.cleanup()


@dataclass
class StubbornServer:
    """Says `lines` one after another, each as an answer to one line heard, and then nothing more."""

    heard: list[str] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0


@asynccontextmanager
async def stubborn_server(*lines: str) -> AsyncIterator[StubbornServer]:
    """It listens on loopback while the block goes on; the first line is its greeting."""
    server, writers = StubbornServer(), list[asyncio.StreamWriter]()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.came.set()
        writers.append(writer)
        answers, in_data = list(lines), False
        while answers:
            answer = answers.pop(0)
            writer.write(f"{answer}\r\n".encode())
            in_data = answer.startswith("354")
            while heard := (await reader.readline()).decode():
                server.heard.append(heard.strip())
                if not in_data or heard == ".\r\n":
                    break
        await reader.read()

    listener = await asyncio.start_server(talk, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for writer in writers:
            writer.close()
