"""A table's address in the web: what may be shown of it, and where it may be fetched from.

This is the one border where aiohttp's errors become ours: it writes the full address, which may hold a password
or a token, into its errors, so none of their texts goes on.
"""

from __future__ import annotations

import base64
import codecs
import ipaddress
import re
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, parse_qsl, unquote, urljoin, urlsplit

from launcher import __version__
from launcher.redact import redacted_text, register
from launcher.sheets.containers import Kept
from launcher.sheets.model import SheetError, Source

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession


_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_NO_NAME = re.compile(r"[^\w .()-]")
_LONGEST_NAME = 100
_TOKEN_CHARS = 12
"""A shorter value of a query is a word or a number that may stand in any text; hiding it would spoil that."""


def is_address(text: str) -> bool:
    """Whether the text names something in the web and no file. `C:\\leads.csv` is a file."""
    return _SCHEME.match(text) is not None


@dataclass(frozen=True, slots=True)
class WebAddress:
    """An address that a table may be fetched from. Neither its repr nor `shown` holds a secret."""

    shown: str
    """As it stands in messages and in the ledger: without user and password, the query as `?…`."""
    name: str
    """The path's last part, as the name of a file."""
    host: str
    is_loopback: bool
    url: str = field(repr=False)
    """What to ask for: without user and password. It may hold a secret: keep it nowhere."""
    login: str = field(repr=False, default="")
    """The value of an Authorization header; empty where the address has no user."""

    def __str__(self) -> str:
        return self.shown

    def after(self, location: str) -> WebAddress | None:
        """Where a redirect leads; None where it must not be followed: to another host, or out of TLS."""
        try:
            there = urlsplit(urljoin(self.url, location))
            here = urlsplit(self.url)
            same = (there.scheme, there.hostname, there.port) == (here.scheme, here.hostname, here.port)
        except ValueError:
            return None
        if not same or there.username is not None:
            return None
        _hide_query(there.query)
        return replace(self, url=there._replace(fragment="").geturl())


def parse_address(text: str) -> WebAddress:
    """The address in the text. Its secrets are known to `redact` when this returns. Raises SheetError."""
    parts, port = _split(text.strip())
    host = (parts.hostname or "").lower()
    login = ""
    if parts.username is not None:
        user, password = unquote(parts.username), unquote(parts.password or "")
        login = f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"
        for secret in (parts.password or "", password, login.removeprefix("Basic ")):
            register(secret)
    _hide_query(parts.query)
    loopback = _is_loopback(host)
    if parts.scheme == "http" and not loopback:
        raise SheetError("http-not-read", host=host)
    if parts.scheme not in ("https", "http") or not host:
        raise SheetError("address-not-https")
    place = f"[{host}]" if ":" in host else host
    place += f":{port}" if port is not None else ""
    clean = parts._replace(netloc=place, fragment="")
    shown = redacted_text(clean._replace(query="").geturl()) + ("?…" if parts.query else "")
    return WebAddress(shown, _file_name(clean.path, host), place, loopback, clean.geturl(), login)


def _split(text: str) -> tuple[SplitResult, int | None]:
    try:
        text.encode()
        parts = urlsplit(text)
        return parts, parts.port
    except ValueError:
        raise SheetError("table-address-unreadable") from None


def _file_name(path: str, host: str) -> str:
    last = _NO_NAME.sub("_", unquote(PurePosixPath(path).name))[-_LONGEST_NAME:].strip(" .")
    return last or _NO_NAME.sub("_", host) or "table"


def _hide_query(query: str) -> None:
    for secret in (query, *(value for _, value in parse_qsl(query))):
        if len(secret) >= _TOKEN_CHARS:
            register(secret)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


MAX_BYTES = 1 << 30
"""Nine times a CSV file of a million rows and ten columns, and all of it goes to the temporary folder."""
WHOLE_S = 600.0
"""At 15 Mbit/s the largest file takes as long; a server that needs more has most likely hung."""
CONNECT_S = 15.0
SILENCE_S = 60.0
"""Servers that make an export while one waits say nothing for as long as a proxy lets them."""
REDIRECTS_AT_MOST = 5
REDIRECTS = frozenset({301, 302, 303, 307, 308})
SIGN_IN = frozenset({401, 403, 407})
PAGE_BYTES = 1 << 20
"""A page for people says in its first part that it is one."""

_HTML = re.compile(
    rb"\s*(?:<!--.*?-->\s*)*(?:<\?xml[^>]*>\s*)?<(?:!doctype html|html|head|meta|body|title|script)",
    re.I | re.S,
)
_FOR_PEOPLE = re.compile(rb"<(?:form|input|script|button|iframe)\b", re.IGNORECASE)
_BY_HAND = "Download the file and name it"


async def fetch(address: WebAddress, *, most: int = MAX_BYTES, whole_s: float = WHOLE_S) -> Source:
    """What stands at the address, in a temporary file. Raises SheetError when it is not all there."""
    import aiohttp

    seconds = aiohttp.ClientTimeout(total=whole_s, sock_connect=CONNECT_S, sock_read=SILENCE_S)
    headers = {"User-Agent": f"bizproc-launcher/{__version__}", "Accept": "*/*"}
    if address.login:
        headers["Authorization"] = address.login
    try:
        async with aiohttp.ClientSession(
            timeout=seconds,
            headers=headers,
            cookie_jar=aiohttp.DummyCookieJar(),
            # The proxy of the environment is the way out of many offices, but not the way to this machine.
            trust_env=not address.is_loopback,
        ) as session:
            source = await _follow(session, address, most)
    except TimeoutError:
        raise _failed(address, f"it did not come within {whole_s:.0f} seconds", "Try again") from None
    except aiohttp.ClientConnectorCertificateError:
        raise _failed(address, "its certificate is not one that this machine trusts") from None
    except aiohttp.ClientConnectorDNSError:
        raise _failed(address, "no host has that name", "Correct the address") from None
    except aiohttp.ClientConnectorError:
        raise _failed(address, "there is no connection to it", "Try again") from None
    except (aiohttp.ClientError, OSError, ValueError):
        raise _failed(address, "the answer broke off", "Try again") from None
    _refuse_page(address, source)
    return source


async def _follow(session: ClientSession, address: WebAddress, most: int) -> Source:
    for _ in range(REDIRECTS_AT_MOST + 1):
        async with session.get(address.url, allow_redirects=False) as answer:
            if answer.status not in REDIRECTS:
                return await _kept(answer, address, most)
            there = address.after(answer.headers.get("Location", ""))
        if there is None:
            raise _failed(
                address,
                "it sends on to another place, where a file is never taken from",
                "Give the address where the file itself stands, or download it and name it",
            )
        address = there
    raise _failed(address, f"it sends on more than {REDIRECTS_AT_MOST} times")


async def _kept(answer: ClientResponse, address: WebAddress, most: int) -> Source:
    if answer.status in SIGN_IN:
        raise _failed(address, f"it asks for a sign-in (HTTP {answer.status})", _BY_HAND)
    if answer.status == 404:
        raise _failed(address, "there is no such file (HTTP 404)", "Correct the address")
    if answer.status != 200:
        raise _failed(address, f"the server gave no file (HTTP {answer.status})", "Try again")
    too_much = _failed(address, f"over {most >> 20:,} MB", _BY_HAND)
    if (answer.content_length or 0) > most:
        raise too_much
    with Kept(address.name, most, too_much) as kept:
        async for block in answer.content.iter_any():
            kept.add(block)
    return kept.source


def _refuse_page(address: WebAddress, source: Source) -> None:
    """Raises SheetError for a page that is made for people. Bitrix24's own export is one with a table alone."""
    with source.path.open("rb") as file:
        head = file.read(PAGE_BYTES).removeprefix(codecs.BOM_UTF8)
    if _HTML.match(head) and (_FOR_PEOPLE.search(head) or b"<table" not in head.lower()):
        raise _failed(
            address,
            "the address gave a web page, not a table; most likely it asks for a sign-in",
            "Download the file in a browser and name it",
        )


def _failed(address: WebAddress, what: str, advice: str = _BY_HAND) -> SheetError:
    return SheetError("fetch-failed", shown=address.shown, what=what, advice=advice)
