"""The border to the portal, on real sockets: each failure becomes what is certain of it, and no more.

What the portal really started is the judge.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest

from launcher.core.answers import Blocked, NotSent, Outcome, Redirected, Response, ResponseLost, TooLong
from launcher.portal.access import Access, parse_webhook
from launcher.portal.address import AddressError
from launcher.portal.client import MAY_HAVE_LEFT, NEVER_LEFT, Portal
from launcher.simulator import FAULTS, Settings, Simulator
from tests.support import ports
from tests.support.clocks import LoopClock, until

SECRET = "an0therD1st1nct1ve"
LONG_S = 3600.0
"""Time-out of calls: none runs into it unless its test puts the clock forward by so much."""

BATCH = {
    "halt": 0,
    "cmd": {
        f"r{number}": "bizproc.workflow.start?TEMPLATE_ID=1&DOCUMENT_ID[0]=crm"
        f"&DOCUMENT_ID[1]=CCrmDocumentLead&DOCUMENT_ID[2]=LEAD_{number}"
        for number in (2, 3, 4)
    },
}
"""Three starts."""


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """A portal with a distinctive secret and no rate limit."""
    async with Simulator(Settings(burst=0, secret=SECRET)) as portal:
        yield portal


async def called(url: str, *, times: int = 1) -> list[Outcome]:
    """What so many calls of a batch came to, one after another over one session."""
    async with Portal(parse_webhook(url), answer_timeout_s=LONG_S) as portal:
        return [await portal.call("batch", BATCH) for _ in range(times)]


# Each fault of the simulated portal


def heard(status: int) -> Callable[[Outcome], bool]:
    return lambda outcome: isinstance(outcome, Response) and outcome.status == status


def lost(outcome: Outcome) -> bool:
    return isinstance(outcome, ResponseLost)


def moved(outcome: Outcome) -> bool:
    return outcome == Redirected("new.example:8443")


FAULT_OUTCOMES: dict[str, tuple[Callable[[Outcome], bool], int]] = {
    "reset before": (lost, 0),
    "502 before": (lost, 0),
    "503 html before": (lost, 0),
    "504 before": (lost, 0),
    "hang before": (lost, 0),
    "query limit": (heard(503), 0),
    "operating limit": (heard(429), 0),
    "overload": (heard(503), 0),
    "expired token": (heard(401), 0),
    "no auth": (heard(401), 0),
    "portal deleted": (heard(403), 0),
    "access denied": (heard(403), 0),
    "insufficient scope": (heard(403), 0),
    "https required": (heard(400), 0),
    "internal error before": (heard(500), 0),
    "error": (heard(400), 0),
    "moved": (moved, 0),
    "reset during": (lost, 1),
    "operating limit from": (heard(200), 0),
    "command error": (heard(200), 2),
    "slow": (heard(200), 3),
    "drop key": (heard(200), 3),
    "drop result": (heard(200), 3),
    "number id": (heard(200), 3),
    "empty id": (heard(200), 3),
    "id twice": (heard(200), 3),
    "both maps": (heard(200), 3),
    "reset after": (lost, 3),
    "close after": (lost, 3),
    "502 after": (lost, 3),
    "504 after": (lost, 3),
    "html after": (lost, 3),
    "cut json after": (lost, 3),
    "cut body after": (lost, 3),
    "empty after": (lost, 3),
    "list after": (heard(200), 3),
    "null after": (heard(200), 3),
    "hang after": (lost, 3),
    "internal error after": (heard(500), 3),
    "unexpected answer after": (heard(500), 3),
    "core error after": (heard(500), 3),
}
"""Fault → what a call comes to, and how many of three starts the portal has then made."""

ARGUMENTS = {"moved": {"location": "https://new.example:8443"}, "slow": {"seconds": 0.05}}


def test_every_fault_of_the_simulated_portal_has_its_outcome() -> None:
    assert set(FAULT_OUTCOMES) == set(FAULTS)


@pytest.mark.parametrize("fault", FAULT_OUTCOMES)
async def test_a_fault_becomes_what_is_certain_of_it(
    simulator: Simulator, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call after it goes through: the client is none the worse for it."""
    fits, started = FAULT_OUTCOMES[fault]
    simulator.script(fault, **ARGUMENTS.get(fault, {}))
    clock = LoopClock(monkeypatch)

    async with Portal(parse_webhook(simulator.webhook_url), answer_timeout_s=LONG_S) as portal:
        calling = asyncio.create_task(portal.call("batch", BATCH))
        if "hang" in fault:
            await until(lambda: bool(simulator.requests) and len(simulator.started) == started)
            clock.put_forward(LONG_S)
        outcome = await calling
        assert len(simulator.requests) == 1, "sent more than once"
        assert len(simulator.started) == started
        assert heard(200)(await portal.call("batch", BATCH))

    assert fits(outcome), outcome
    assert not (simulator.started and isinstance(outcome, NotSent))
    assert SECRET not in repr(outcome)


async def test_what_the_portal_answered_arrives_as_it_was(simulator: Simulator) -> None:
    [outcome] = await called(simulator.webhook_url)

    assert isinstance(outcome, Response)
    assert isinstance(outcome.body, dict)
    given = {start.key: start.workflow_id for start in simulator.started}
    assert outcome.body["result"]["result"] == given
    assert list(given) == ["r2", "r3", "r4"]


# What never left


async def test_a_refused_connection_is_unsent() -> None:
    with ports.kept() as port:
        [outcome] = await called(f"http://127.0.0.1:{port}/rest/1/{SECRET}/")

    assert outcome == NotSent("ClientConnectorError")


async def test_a_host_that_nobody_knows_is_unsent(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    assert await called(f"https://portal.invalid/rest/1/{SECRET}/") == [NotSent("ClientConnectorDNSError")]


async def test_tls_against_a_port_without_it_is_unsent(simulator: Simulator) -> None:
    [outcome] = await called(simulator.webhook_url.replace("http://", "https://"))

    assert isinstance(outcome, NotSent)
    assert "SSL" in outcome.cause
    assert simulator.requests == []


# What may have left


@dataclass
class RawServer:
    """A server of bytes; it counts the requests that arrived whole."""

    respond: Callable[[int, asyncio.StreamWriter], None]
    url: str = ""
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    (
                        int(line[15:])
                        for line in head.lower().splitlines()
                        if line.startswith(b"content-length:")
                    ),
                    0,
                )
                self.requests.append(head + await reader.readexactly(length))
                self.respond(len(self.requests), writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def raw_server(respond: Callable[[int, asyncio.StreamWriter], None]) -> AsyncIterator[RawServer]:
    """A server that does that with each request, which it counts from 1."""
    raw = RawServer(respond)
    async with await asyncio.start_server(raw.serve, "127.0.0.1", 0) as server:
        raw.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/rest/1/{SECRET}/"
        yield raw


def response(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    head = "".join(f"{header}\r\n" for header in headers)
    return f"HTTP/1.1 {status}\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def answering(content: bytes, *, then_close: bool = False) -> Callable[[int, asyncio.StreamWriter], None]:
    def respond(_: int, writer: asyncio.StreamWriter) -> None:
        writer.write(content)
        if then_close:
            writer.close()

    return respond


GOOD = response(b'{"result":{"result":[],"result_error":[]}}', "200 OK", "Content-Type: application/json")


@pytest.mark.parametrize(
    "answer",
    [
        response(b""),
        response(b" \n"),
        response(b"<html><body>Welcome</body></html>", "200 OK", "Content-Type: text/html"),
        response(b"<html>Bad Gateway</html>", "502 Bad Gateway"),
        response(b'{"result":{"result":{"r2":"66e.1"'),
        response(b'{"result":"66e.1"} {"result":"66e.2"}'),
        response(b'{"result":"66e.1","result":"66e.2"}'),
        response(b'{"result":{"result":{"r2":"66e.1","r2":"66e.2"},"result_error":[]}}'),
        response(b'{"result":"\xff\xfe66e.1"}'),
        response(b"[" * 200_000 + b"]" * 200_000),
        response(b"1" * 10_000),
        response(b"not what it says", "200 OK", "Content-Encoding: gzip"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\n{}",
        b"HTTP/1.1 two hundred\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    ],
    ids=[
        "an empty answer", "a blank answer", "a page", "a gateway's page", "cut JSON", "two documents",
        "a key twice", "a row's key twice", "not UTF-8", "too deep", "too long a number", "not gzip",
        "a broken chunk", "two lengths", "no status", "no HTTP",
    ],
)  # fmt: skip
async def test_an_answer_that_says_nothing_certain_is_unheard(answer: bytes) -> None:
    async with raw_server(answering(answer, then_close=True)) as server:
        outcomes = await called(server.url)

    assert [type(outcome) for outcome in outcomes] == [ResponseLost]
    assert len(server.requests) == 1
    assert SECRET not in repr(outcomes)


@pytest.mark.parametrize("body", [b"<html>Too Large</html>", b"", b'{"error":"X"}', b'{"result":"66e.1"}'])
async def test_a_request_that_a_server_finds_too_long_started_nothing(body: bytes) -> None:
    async with raw_server(answering(response(body, "413 Request Entity Too Large"), then_close=True)) as server:
        assert await called(server.url) == [TooLong()]


@pytest.mark.parametrize("body", [b"<html>Authorization Required</html>", b""])
async def test_whatever_comes_with_401_started_nothing(body: bytes) -> None:
    """The check of who calls comes before the method, in the portal and in a server in front of it."""
    async with raw_server(answering(response(body, "401 Unauthorized"), then_close=True)) as server:
        (outcome,) = await called(server.url)

    assert isinstance(outcome, Blocked)


async def test_an_answer_that_trickles_longer_than_the_time_out_is_unheard(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cut, clock = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", LoopClock(monkeypatch)
    async with raw_server(answering(cut)) as server:
        calling = asyncio.create_task(called(server.url))
        await until(lambda: len(server.requests) == 1)
        clock.put_forward(LONG_S)
        assert await calling == [ResponseLost("TimeoutError")]


async def test_a_request_that_the_server_closes_on_is_not_repeated() -> None:
    def respond(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(GOOD) if number == 1 else writer.close()

    async with raw_server(respond) as server:
        first, second = await called(server.url, times=2)

    assert isinstance(first, Response)
    assert isinstance(second, ResponseLost)
    assert len(server.requests) == 2


async def test_a_request_after_the_server_has_closed_the_connection_is_heard() -> None:
    def respond(_: int, writer: asyncio.StreamWriter) -> None:
        writer.write(GOOD)
        writer.close()

    async with raw_server(respond) as server:
        outcomes = await called(server.url, times=5)

    assert all(isinstance(outcome, Response) for outcome in outcomes)
    assert len(server.requests) == 5


async def test_an_answer_said_twice_is_not_that_of_the_next_request() -> None:
    """aiohttp#13656: on a kept connection, what came too much is taken for the next answer."""

    def respond(number: int, writer: asyncio.StreamWriter) -> None:
        last, this = (response(b'{"result":"66e.%d"}' % n) for n in (number - 1, number))
        writer.write(last + this if number > server.connections else this)

    async with raw_server(respond) as server:
        outcomes = await called(server.url, times=3)

    assert outcomes == [Response(200, {"result": f"66e.{number}"}) for number in (1, 2, 3)]


# Redirects


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_to_a_stranger_is_not_followed_and_only_its_host_is_kept(status: int) -> None:
    location = f"Location: https://user:{SECRET}@New.example:8443/rest/1/{SECRET}/batch"
    async with raw_server(answering(response(b"", f"{status} Moved", location))) as server:
        [outcome] = await called(server.url)

    assert isinstance(outcome, Redirected)
    assert outcome.host.lower() == "new.example:8443"
    assert len(server.requests) == 1


@pytest.mark.parametrize("headers", [(), ("Location: /auth/",), ("Location: ",)])
async def test_a_redirect_that_names_no_host_says_so(headers: tuple[str, ...]) -> None:
    async with raw_server(answering(response(b"", "302 Found", *headers))) as server:
        assert await called(server.url) == [Redirected("")]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_portal_that_has_moved_is_called_at_its_new_address_as_at_the_old(
    simulator: Simulator, status: int
) -> None:
    """As a POST, with its body, once; and whoever keeps the address hears of it before."""
    heard_of: list[tuple[str, int]] = []

    async def on_move(address: str) -> None:
        heard_of.append((address, len(simulator.requests)))

    there = simulator.url
    async with raw_server(answering(response(b"", f"{status} Moved", f"Location: {there}/whatever"))) as old:
        address = parse_webhook(old.url)
        async with Portal(address, on_move=on_move) as portal:
            first = await portal.call("batch", BATCH)
            second = await portal.call("batch", BATCH)

    new_name = there.removeprefix("http://")
    assert heard(200)(first)
    assert heard(200)(second)
    assert (len(old.requests), len(simulator.requests), len(simulator.started)) == (1, 2, 6)
    assert heard_of == [(new_name, 0)]
    assert (portal.name, portal.moved_to) == (address.portal, new_name)


async def test_portals_that_send_to_each_other_are_left_after_a_few_requests() -> None:
    urls: dict[str, str] = {}

    def send_to(other: str) -> Callable[[int, asyncio.StreamWriter], None]:
        def respond(_: int, writer: asyncio.StreamWriter) -> None:
            writer.write(response(b"", "302 Found", f"Location: {urls[other]}"))

        return respond

    async with raw_server(send_to("b")) as a, raw_server(send_to("a")) as b:
        urls.update(a=a.url, b=b.url)
        [outcome] = await called(a.url)

    assert isinstance(outcome, Redirected)
    assert 2 <= len(a.requests) + len(b.requests) <= 5


@pytest.mark.parametrize(
    ("portal", "location", "followed"),
    [
        ("https://old.bitrix24.com", "https://new.bitrix24.com/rest/1/x/batch", "new.bitrix24.com"),
        ("https://old.bitrix24.ru", "https://new.bitrix24.com.br/", "new.bitrix24.com.br"),
        ("https://portal.example", "https://portal.example:8443/", "portal.example:8443"),
        ("https://portal.example:8443", "https://PORTAL.example/", "portal.example"),
        ("http://127.0.0.1:8024", "http://localhost:9000/", "localhost:9000"),
        ("https://bitrix.company.ru", "https://portal.company.ru/", "portal.company.ru"),
        (
            "https://bitrix.corp.company.co.uk",
            "https://b24.corp.company.co.uk:8443/",
            "b24.corp.company.co.uk:8443",
        ),
        ("https://127.0.0.1:8024", "https://localhost:9000/", "localhost:9000"),
        # Where the secret must not go
        ("https://old.bitrix24.com", "http://new.bitrix24.com/", None),
        ("https://old.bitrix24.com", "https://bitrix24.com/", None),
        ("https://old.bitrix24.com", "https://new.bitrix24.com.example/", None),
        ("https://old.bitrix24.com", "https://new.bitrix24.zz/", None),
        ("https://old.bitrix24.com", "https://evil.new.bitrix24.com/", None),
        ("https://old.bitrix24.com", "https://newbitrix24.com/", None),
        ("https://old.bitrix24.com", "https://user:pass@new.bitrix24.com/", None),
        ("https://old.bitrix24.com", "https://new.bitrix24.com@evil.example/", None),
        ("https://old.bitrix24.com", "https://127.0.0.1/", None),
        ("https://portal.example", "https://www.portal.example/", None),
        ("https://portal.example", "https://new.bitrix24.com/", None),
        ("https://portal.example", "http://portal.example/", None),
        ("https://portal.example", "ftp://portal.example/", None),
        ("https://portal.example", "//portal.example:8443/", None),
        ("https://portal.example", "https://[::1/", None),
        ("http://127.0.0.1:8024", "https://new.bitrix24.com/", None),
        ("https://127.0.0.1:8024", "http://127.0.0.1:9000/", None),
        ("https://company.co.uk", "https://stranger.co.uk/", None),
        ("https://company.com.br", "https://stranger.com.br/", None),
        ("https://company.abc.pl", "https://stranger.abc.pl/", None),
        ("https://company.ru", "https://stranger.ru/", None),
        ("https://company.dyndns.org", "https://stranger.dyndns.org/", None),
        ("https://company.eu.elasticbeanstalk.com", "https://stranger.eu.elasticbeanstalk.com/", None),
        ("https://bitrix.company.ru", "https://a.portal.company.ru/", None),
        ("https://bitrix.company.ru", "https://company.ru/", None),
        ("https://bitrix.company.ru", "https://portal.company.ru.evil.example/", None),
        ("https://bitrix.company.ru", "http://portal.company.ru/", None),
        ("https://bitrix.company.ru", "https://-portal.company.ru/", None),
        ("https://bitrix.company.ru", "https://.company.ru/", None),
        ("https://10.0.0.5", "https://11.0.0.5/", None),
        ("https://[fd00::1]", "https://[fd00::2]/", None),
        # Back to where it came from
        ("https://portal.example", "https://portal.example/auth/", None),
        ("https://portal.example", "/auth/", None),
        ("https://portal.example", "", None),
    ],
)
def test_a_secret_follows_a_portal_home_and_nowhere_else(
    portal: str, location: str, followed: str | None
) -> None:
    access = parse_webhook(f"{portal}/rest/17/{SECRET}/")
    moved_to = access.address.moved_to(location)

    if followed is None:
        assert moved_to is None
    else:
        assert moved_to is not None
        assert moved_to.portal == followed
        assert url(access.at(moved_to)).endswith(f"://{followed}/rest/17/{SECRET}/batch")
        assert SECRET not in repr(access.at(moved_to))


# Proxies


async def test_a_proxy_that_refuses_the_tunnel_is_unsent_and_does_not_see_the_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refused = response(b"", "407 Proxy Authentication Required")
    async with raw_server(answering(refused, then_close=True)) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url.partition("/rest/")[0])
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        outcomes = await called(f"https://portal.example/rest/1/{SECRET}/")

    assert outcomes == [NotSent("ClientHttpProxyError")]
    assert proxy.requests[0].startswith(b"CONNECT portal.example:443 ")
    assert SECRET.encode() not in b"".join(proxy.requests)


async def test_the_way_to_this_machine_leads_through_no_proxy(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)

    [outcome] = await called(simulator.webhook_url)

    assert heard(200)(outcome)


# Completeness


CERTAINLY_NOT_SENT = {
    "ClientConnectorError",
    "ClientConnectorDNSError",
    "ClientConnectorSSLError",
    "ClientConnectorCertificateError",
    "ClientSSLError",
    "ClientProxyConnectionError",
    "UnixClientConnectorError",
    "ConnectionTimeoutError",
    "ClientHttpProxyError",
    "InvalidURL",
    "InvalidUrlClientError",
    "NonHttpUrlClientError",
    # Never raised: the library follows no redirect for us; and who answers with one has started nothing.
    "InvalidUrlRedirectClientError",
    "NonHttpUrlRedirectClientError",
}
"""Raised before a byte of the request was written."""

PERHAPS_SENT = {
    "ClientError",
    "ClientConnectionError",
    "ClientConnectionResetError",
    "ClientOSError",
    "ClientPayloadError",
    "ClientResponseError",
    "ContentTypeError",
    "RedirectClientError",
    "ServerConnectionError",
    "ServerDisconnectedError",
    "ServerFingerprintMismatch",
    "ServerTimeoutError",
    "SocketTimeoutError",
    "TooManyRedirects",
    "UploadAbortedError",
    "WSServerHandshakeError",
}
"""Raised once it may have been written, or said of a request at no certain moment."""


def family(error: type[BaseException]) -> Iterator[type[BaseException]]:
    yield error
    for child in error.__subclasses__():
        yield from family(child)


OF_AIOHTTP = {error.__name__: error for error in family(aiohttp.ClientError) if "aiohttp" in error.__module__}


def test_every_error_of_the_library_stands_in_one_of_the_tables() -> None:
    """A new version of the library brings new errors; somebody must look at each."""
    assert set(OF_AIOHTTP) == CERTAINLY_NOT_SENT | PERHAPS_SENT
    assert not CERTAINLY_NOT_SENT & PERHAPS_SENT


@pytest.mark.parametrize("name", sorted(OF_AIOHTTP))
def test_an_error_is_taken_for_unsent_exactly_when_nothing_can_have_left(name: str) -> None:
    error = OF_AIOHTTP[name]

    assert issubclass(error, NEVER_LEFT) == (name in CERTAINLY_NOT_SENT)
    assert issubclass(error, (*NEVER_LEFT, *MAY_HAVE_LEFT))


@pytest.mark.parametrize("error", [TimeoutError, ConnectionResetError, BrokenPipeError, OSError])
def test_an_error_of_the_system_is_never_taken_for_unsent(error: type[Exception]) -> None:
    assert issubclass(error, MAY_HAVE_LEFT)
    assert not issubclass(error, NEVER_LEFT)


# The webhook's address


def url(access: Access) -> str:
    """Where `batch` is called."""
    return f"{access.address}{access.authorisation.signature().path.value}batch"


@pytest.mark.parametrize(
    ("text", "portal", "called_at"),
    [
        (
            "https://company.bitrix24.com/rest/1/abc123/",
            "company.bitrix24.com",
            "https://company.bitrix24.com/rest/1/abc123/batch",
        ),
        ("https://a.b/rest/1/abc123", "a.b", "https://a.b/rest/1/abc123/batch"),
        ("https://a.b/rest/1/abc123/profile", "a.b", "https://a.b/rest/1/abc123/batch"),
        ("https://a.b/rest/17/abc123/crm.lead.list.json", "a.b", "https://a.b/rest/17/abc123/batch"),
        ("  https://a.b/rest/1/abc123/\n", "a.b", "https://a.b/rest/1/abc123/batch"),
        ("https://Company.Bitrix24.COM/rest/1/aBc123/", "company.bitrix24.com", None),
        ("https://a.b:443/rest/1/abc123/", "a.b", "https://a.b/rest/1/abc123/batch"),
        ("https://a.b:8443/rest/1/abc123/", "a.b:8443", "https://a.b:8443/rest/1/abc123/batch"),
        ("http://127.0.0.1:8024/rest/1/abc123/", "127.0.0.1:8024", None),
        ("http://localhost/rest/1/abc123/", "localhost", "http://localhost/rest/1/abc123/batch"),
        ("http://[::1]:8024/rest/1/abc123/", "[::1]:8024", "http://[::1]:8024/rest/1/abc123/batch"),
        ("https://[2001:DB8::1]/rest/1/abc123/", "[2001:db8::1]", "https://[2001:db8::1]/rest/1/abc123/batch"),
    ],
)
def test_a_webhooks_address_is_read_however_it_is_written(
    text: str, portal: str, called_at: str | None
) -> None:
    access = parse_webhook(text)

    assert access.portal == portal
    assert url(access).endswith("/abc123/batch" if "abc" in text else "/aBc123/batch")
    if called_at is not None:
        assert url(access) == called_at


@pytest.mark.parametrize(
    ("text", "loopback"),
    [
        ("http://127.0.0.1/rest/1/abc123/", True),
        ("http://127.8.9.1/rest/1/abc123/", True),
        ("https://localhost/rest/1/abc123/", True),
        ("http://[::1]/rest/1/abc123/", True),
        ("https://portal.example/rest/1/abc123/", False),
        ("https://127.0.0.1.portal.example/rest/1/abc123/", False),
        ("https://192.168.1.5/rest/1/abc123/", False),
    ],
)
def test_only_this_machine_is_this_machine(text: str, loopback: bool) -> None:
    assert parse_webhook(text).is_loopback is loopback


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "does not begin with https://"),
        (SECRET, "does not begin with https://"),
        (f"portal.example/rest/1/{SECRET}/", "does not begin with https://"),
        (f"ftp://portal.example/rest/1/{SECRET}/", "does not begin with https://"),
        (f"https:///rest/1/{SECRET}/", "does not begin with https://"),
        ("https://portal.example", "the address of portal.example is no incoming webhook's"),
        (f"https://portal.example/rest/{SECRET}/", "is no incoming webhook's"),
        (f"https://portal.example/rest/{SECRET}/1/", "is no incoming webhook's"),
        (f"https://portal.example/rest/1/{SECRET}/batch/more", "is no incoming webhook's"),
        (f"https://portal.example/rest/1/{SECRET}%20/", "is no incoming webhook's"),
        (f"https://portal.example/rest/1/{SECRET}/?auth={SECRET}", "is no incoming webhook's"),
        (f"https://portal.example/rest/1/{SECRET}/#{SECRET}", "is no incoming webhook's"),
        (f"https://user:{SECRET}@portal.example/rest/1/{SECRET}/", "is no incoming webhook's"),
        (f"https://portal.example:{SECRET}/rest/1/{SECRET}/", "cannot be read"),
        (f"https://portal.example:99999/rest/1/{SECRET}/", "cannot be read"),
        (f"https://[::1/rest/1/{SECRET}/", "cannot be read"),
        (f"http://portal.example/rest/1/{SECRET}/", "begins with http://"),
        (f"http://192.168.1.5/rest/1/{SECRET}/", "begins with http://"),
        (f"http://127.0.0.1.portal.example/rest/1/{SECRET}/", "begins with http://"),
        (f"http://localhost.portal.example/rest/1/{SECRET}/", "begins with http://"),
    ],
)
def test_what_is_no_webhook_is_refused_in_words_that_hold_nothing_of_the_secret(text: str, words: str) -> None:
    with pytest.raises(AddressError) as caught:
        parse_webhook(text)

    assert words in str(caught.value)
    assert SECRET not in repr(caught.value)
    assert caught.value.__cause__ is None


def test_an_address_does_not_print_its_secret() -> None:
    access = parse_webhook(f"https://portal.example/rest/1/{SECRET}/")

    assert SECRET not in f"{access} {access!r} {[access]} {access.authorisation!r} {Portal(access)!r}"
    assert SECRET not in repr(access.authorisation.signature())
    assert "portal.example" in repr(access)
    assert SECRET in url(access)


@pytest.mark.parametrize("word", [b"NaN", b"Infinity", b"-Infinity"])
async def test_what_json_does_not_know_is_unheard(word):
    async with raw_server(answering(response(b'{"result":' + word + b"}"))) as server:
        assert [type(o) for o in await called(server.url)] == [ResponseLost]


@pytest.mark.parametrize("tail", ["?x=" + SECRET, "#" + SECRET])
async def test_a_redirect_without_a_path_keeps_the_host_only(tail):
    async with raw_server(
        answering(response(b"", "302 Found", f"Location: https://new.example{tail}"))
    ) as server:
        assert await called(server.url) == [Redirected("new.example")]


async def test_the_portals_own_words_are_heard_without_the_secret():
    body = b'{"error":"X","error_description":"no /rest/1/' + SECRET.encode() + b'/batch"}'
    async with raw_server(answering(response(body, "400 Bad Request"))) as server:
        [outcome] = await called(server.url)
    assert isinstance(outcome, Response)
    assert SECRET not in repr(outcome)


async def test_a_303_says_that_the_post_was_executed_and_is_never_sent_again():
    """RFC 9110, 15.4.4: the answer to the POST stands elsewhere. So it was executed, or may have been."""
    from launcher.simulator import Settings, Simulator

    async with Simulator(Settings(burst=0, secret=SECRET)) as there:
        async with raw_server(answering(response(b"", "303 See Other", f"Location: {there.url}/"))) as old:
            [outcome] = await called(old.url)
        assert (there.started, type(outcome)) == ([], ResponseLost)
