"""Calls the portal over one aiohttp session.

This is the one border where the library's errors become facts: the request never left (`Unsent`), or it
may have left and no whole answer came back (`Unheard`). No exception crosses it, because aiohttp writes the
full URL, which is the credential, into its errors.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import aiohttp

from launcher import __version__
from launcher.core.answers import Heard, Moved, Outcome, Unheard, Unsent
from launcher.portal.address import Address
from launcher.redact import without_known

ANSWER_TIMEOUT_S = 90.0
"""The cloud cuts a request after 60 s, so a shorter time-out would lose answers that still come.
Source: official REST documentation, "Limits"."""

CONNECT_TIMEOUT_S = 15.0

REDIRECTS_AT_MOST = 3

REDIRECTS = (301, 302, 307, 308)
"""Not 303: that says the request was executed, and its answer stands elsewhere."""

KEEPALIVE_S = 10.0
"""Idle connections are closed by us, before a server in front of the portal does it under a request."""

NEVER_LEFT = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientHttpProxyError,
    aiohttp.InvalidURL,
    aiohttp.NonHttpUrlClientError,
)
"""What aiohttp raises before a byte of the request was written: connection refused, no such host, no TLS,
a proxy that refuses the tunnel, an address that it cannot use."""

MAY_HAVE_LEFT = (aiohttp.ClientError, TimeoutError, OSError, ValueError)
"""Everything else that a call raises. ValueError: an answer that is not JSON, or not UTF-8."""


async def _tell_nobody(_address: str) -> None:
    return


class Portal:
    """One portal, called through its incoming webhook."""

    def __init__(
        self,
        address: Address,
        *,
        name: str = "",
        on_move: Callable[[str], Awaitable[None]] = _tell_nobody,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> None:
        """`name`: the portal's in the ledger, where it is not its address. `on_move` is awaited with the new
        address before anything is sent there."""
        self._address = address
        self._on_move = on_move
        self.name = name or address.portal
        self.moved_to = ""
        """The address to which the portal sent us; empty where it did not."""
        self._timeout = aiohttp.ClientTimeout(total=answer_timeout_s, sock_connect=CONNECT_TIMEOUT_S)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        # No limit on connections: how many requests are in the air is the engine's decision, and one that
        # waited for a connection would spend its time-out without having been sent.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEPALIVE_S),
            timeout=self._timeout,
            headers={"User-Agent": f"bizproc-launcher/{__version__}", "Accept": "application/json"},
            cookie_jar=aiohttp.DummyCookieJar(),
            # The proxy of the environment is the way out of many offices, but not the way to this machine.
            trust_env=not self._address.is_loopback,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def call(self, method: str, body: Mapping[str, object]) -> Outcome:
        """What the portal answered to one POST of that method, or how the answer was lost.

        The request is sent once; again only to the new address of a portal that has moved, where the
        redirect proves that it was not executed.
        """
        for _ in range(REDIRECTS_AT_MOST):
            outcome = await self._post(method, body)
            if not isinstance(outcome, _Redirect):
                return outcome
            address = self._address.moved_to(outcome.location)
            if address is None:
                return Moved(_host_of(outcome.location))
            await self._on_move(address.portal)
            self._address, self.moved_to = address, address.portal
        return Moved(self._address.portal)

    async def _post(self, method: str, body: Mapping[str, object]) -> Heard | Unsent | Unheard | _Redirect:
        if self._session is None:
            raise RuntimeError("a portal is called inside its `async with`")
        try:
            async with self._session.post(
                self._address.url(method), json=body, allow_redirects=False
            ) as response:
                if response.status in REDIRECTS:
                    return _Redirect(response.headers.get("Location", ""))
                return _parsed(response.status, await response.read())
        except NEVER_LEFT as error:
            return Unsent(type(error).__name__)
        except MAY_HAVE_LEFT as error:
            return Unheard(type(error).__name__)


@dataclass(frozen=True, slots=True)
class _Redirect:
    location: str

    def __repr__(self) -> str:
        return "_Redirect([secret])"


def _parsed(status: int, content: bytes) -> Heard | Unheard:
    try:
        # A portal may repeat the address that it was called at in its own words.
        text = without_known(content.decode())
        return Heard(status, json.loads(text, object_pairs_hook=_no_key_twice, parse_constant=_no_constant))
    except (ValueError, RecursionError):
        return Unheard(f"HTTP {status} without JSON")


def _no_key_twice(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A key that stands twice has two answers, and nobody can say which is the row's."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


def _host_of(location: str) -> str:
    """The host of a redirect, with its port; empty where it names none. The rest holds the secret."""
    try:
        return urlsplit(location).netloc.rpartition("@")[2]
    except ValueError:
        return ""
