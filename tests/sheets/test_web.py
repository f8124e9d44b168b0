"""A table at an https:// address: fetched whole, from that host alone, and the address keeps its secrets."""

import asyncio
import base64
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from launcher.redact import MARK, redacted_text
from launcher.sheets import Row, SheetError, fetch, is_address, open_table, parse_address
from tests.support import ports

CSV = "ID;Имя\n1;Анна\n".encode()
SIGN_IN = (
    "<!DOCTYPE html><html><body><form><input type=password></form><table><tr><td>Sign in</td></tr></table>"
)
EXPORT = (
    '<meta http-equiv="Content-type" content="text/html;charset=utf-8" /><table border="1"><thead>'
    "<tr><th>ID</th><th>Имя</th></tr></thead><tbody><tr><td>1</td><td>Анна</td></tr></tbody></table>"
)
LOGIN = "Basic " + base64.b64encode(b"anna:correct horse battery").decode()
Serve = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """Serves what a test says, on loopback."""

    def __init__(self) -> None:
        self.port = 0
        self.asked: list[str] = []
        self.serve: Serve = self.table

    async def table(self, _request: web.Request) -> web.StreamResponse:
        return web.Response(body=CSV)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(str(request.rel_url))
        return await self.serve(request)

    def url(self, path: str = "/leads.csv", login: str = "") -> str:
        return f"http://{login}127.0.0.1:{self.port}{path}"


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    application = web.Application()
    application.router.add_get("/{path:.*}", made.handle)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.port = runner.addresses[0][1]
    yield made
    await runner.cleanup()


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def answering(**said: object) -> Serve:
    async def serve(request: web.Request) -> web.StreamResponse:
        return web.Response(**said)  # type: ignore[arg-type]

    return serve


def redirecting(to: str, status: int = 302) -> Serve:
    async def serve(request: web.Request) -> web.StreamResponse:
        if request.path == "/moved.csv":
            return web.Response(body=CSV)
        return web.Response(status=status, headers={"Location": to})

    return serve


async def refusal(server: Server, path: str = "/leads.csv?key=0123456789abcdef") -> str:
    with pytest.raises(SheetError) as caught:
        await fetch(parse_address(server.url(path)))
    assert "0123456789abcdef" not in str(caught.value)
    assert str(server.port) in str(caught.value)
    assert str(caught.value).endswith("and run again.")
    return str(caught.value)


async def test_a_table_is_fetched_whole_and_its_copy_is_removed(server: Server, kept: Path) -> None:
    table = open_table(await fetch(parse_address(server.url())))

    assert [row for chunk in table.chunks() for row in chunk] == [Row(2, ("1", "Анна"))]
    assert len(list(kept.iterdir())) == 1
    del table
    assert list(kept.iterdir()) == []


@pytest.mark.parametrize("body", [CSV, EXPORT.encode(), gzip.compress(CSV)], ids=["csv", "html", "gzip"])
async def test_the_format_is_known_by_content_whatever_the_server_calls_it(server: Server, body: bytes) -> None:
    server.serve = answering(body=body, content_type="application/x-nothing")

    table = open_table(await fetch(parse_address(server.url("/download?id=7"))))

    assert table.header == ("ID", "Имя")
    assert server.asked == ["/download?id=7"]


async def test_user_and_password_are_sent_and_shown_nowhere(server: Server) -> None:
    seen = []

    async def serve(request: web.Request) -> web.StreamResponse:
        seen.append(request.headers.get("Authorization"))
        return web.Response(body=CSV)

    server.serve = serve
    address = parse_address(server.url(login="anna:correct%20horse%20battery@") + "?token=0123456789abcdef")
    await fetch(address)

    assert seen == [LOGIN]
    assert address.shown == str(address) == server.url() + "?…"
    for text in (repr(address), str(address)):
        assert not any(secret in text for secret in ("anna", "horse", "0123456789abcdef", LOGIN[6:]))
    spilt = redacted_text(f"correct horse battery, correct%20horse%20battery, {LOGIN}, 0123456789abcdef")
    assert spilt == f"{MARK}, {MARK}, Basic {MARK}, {MARK}"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_on_the_same_host_is_followed(server: Server, status: int) -> None:
    server.serve = redirecting("/moved.csv?to=here", status)

    source = await fetch(parse_address(server.url()))

    assert source.path.read_bytes() == CSV
    assert source.name == "leads.csv"
    assert server.asked == ["/leads.csv", "/moved.csv?to=here"]


@pytest.mark.parametrize(
    "to",
    [
        "http://127.0.0.2/moved.csv",
        "http://localhost:{port}/moved.csv",
        "http://127.0.0.1:1/moved.csv",
        "https://127.0.0.1:{port}/moved.csv",
        "//other.example/moved.csv",
        "http://anna:pass@127.0.0.1:{port}/moved.csv",
        "http://[/",
        "file:///etc/passwd",
    ],
)
async def test_a_redirect_to_another_host_is_refused(server: Server, to: str) -> None:
    server.serve = redirecting(to.format(port=server.port))

    assert "sends on to another place" in await refusal(server)
    assert len(server.asked) == 1


async def test_redirects_in_a_ring_end(server: Server) -> None:
    server.serve = redirecting("/leads.csv")

    assert "more than 5 times" in await refusal(server)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "asks for a sign-in"),
        (403, "asks for a sign-in"),
        (404, "no such file"),
        (500, "no file"),
        (204, "no"),
    ],
)
async def test_no_file_is_said_with_its_status(server: Server, status: int, words: str) -> None:
    server.serve = answering(status=status)

    message = await refusal(server)

    assert words in message
    assert f"HTTP {status}" in message


@pytest.mark.parametrize(
    "page",
    [
        SIGN_IN,
        "\ufeff\n<!-- x --><html><body>Moved</body></html>",
        "<html><script>location='/login'</script><table></table></html>",
        "<meta charset=utf-8><title>Sign in</title>",
    ],
)
async def test_a_page_for_people_is_no_table(server: Server, page: str) -> None:
    server.serve = answering(body=page.encode(), content_type="text/csv")

    assert "gave a web page, not a table" in await refusal(server)


@pytest.mark.parametrize("said", [True, False], ids=["length said", "length not said"])
async def test_more_than_the_limit_is_refused_and_nothing_is_left(
    server: Server, kept: Path, said: bool
) -> None:
    async def serve(request: web.Request) -> web.StreamResponse:
        if said:
            return web.Response(body=bytes(3 << 20))
        answer = web.StreamResponse()
        await answer.prepare(request)
        for _ in range(3):
            await answer.write(bytes(1 << 20))
        return answer

    server.serve = serve
    with pytest.raises(SheetError, match=r"over 2 MB\. Download the file"):
        await fetch(parse_address(server.url()), most=2 << 20)

    assert list(kept.iterdir()) == []


async def test_what_unpacks_on_the_way_is_measured_unpacked(server: Server) -> None:
    server.serve = answering(body=gzip.compress(bytes(3 << 20)), headers={"Content-Encoding": "gzip"})

    with pytest.raises(SheetError, match="over 2 MB"):
        await fetch(parse_address(server.url()), most=2 << 20)


async def test_a_server_that_stops_in_the_middle_is_not_taken_for_the_whole(server: Server) -> None:
    async def serve(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": "1000"})
        await answer.prepare(request)
        await answer.write(CSV)
        assert request.transport is not None
        request.transport.close()
        return answer

    server.serve = serve

    assert "broke off" in await refusal(server)


async def test_a_server_that_never_ends_is_given_up(server: Server) -> None:
    never = asyncio.Event()

    async def serve(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        await never.wait()
        return answer

    server.serve = serve
    with pytest.raises(SheetError, match="did not come within 0 seconds"):
        await fetch(parse_address(server.url()), whole_s=0.2)
    never.set()


async def test_nobody_listening_and_no_tls_are_said_without_the_address(server: Server) -> None:
    with ports.kept() as port:
        urls = (
            f"http://127.0.0.1:{port}/leads.csv?key=0123456789abcdef",
            f"https://127.0.0.1:{server.port}/x.csv",
        )
        for url in urls:
            with pytest.raises(SheetError, match=r"connection|broke off") as caught:
                await fetch(parse_address(url))
            assert "0123456789abcdef" not in str(caught.value)


async def test_an_empty_file_is_refused_by_its_name(server: Server) -> None:
    server.serve = answering(body=b"")

    with pytest.raises(SheetError, match=r"leads\.csv is empty"):
        open_table(await fetch(parse_address(server.url())))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("http://example.com/leads.csv", "write https://"),
        ("http://anna:secret123@example.com/leads.csv?k=secret123", "write https://"),
        ("ftp://example.com/leads.csv", "only those that begin with https://"),
        ("https:///leads.csv", "only those that begin with https://"),
        ("https://[/leads.csv", "cannot be read"),
        ("https://example.com:port/leads.csv", "cannot be read"),
        ("https://example.com/\udcff.csv", "cannot be read"),
    ],
)
def test_other_addresses_are_refused(text: str, words: str) -> None:
    with pytest.raises(SheetError, match=words) as caught:
        parse_address(text)
    assert "secret123" not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/a/leads.csv", "leads.csv"),
        ("/a/%D0%BB%D0%B8%D0%B4%D1%8B.csv?x=1", "лиды.csv"),
        ("/a/..%2F..%2Fetc%2Fpasswd", "_.._etc_passwd"),
        ("/", "example.com"),
        ("", "example.com"),
        ("/..", "example.com"),
        ("/" + "a" * 300 + ".csv", "a" * 96 + ".csv"),
    ],
)
def test_the_name_is_the_paths_last_part_and_leads_to_no_other_folder(path: str, name: str) -> None:
    assert parse_address("https://example.com" + path).name == name


@pytest.mark.parametrize("text", ["leads.csv", "-", "C:\\leads.csv", "a/b://c", "./https:/x", "C://leads.csv"])
def test_a_file_is_no_address(text: str) -> None:
    assert not is_address(text)


async def test_no_error_of_the_library_gets_through(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for error in (aiohttp.ServerDisconnectedError(), aiohttp.InvalidURL("x"), aiohttp.ClientPayloadError("x")):

        async def fail(*_: object, error: Exception = error, **__: object) -> None:
            raise error

        monkeypatch.setattr(aiohttp.ClientSession, "_request", fail)
        assert "broke off" in await refusal(server)
