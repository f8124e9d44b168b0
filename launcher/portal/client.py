"""Calls the portal, each time over a connection of its own.

This is the one border where the library's errors become facts: the request never left (`NotSent`), or it
may have left and no whole answer came back (`ResponseLost`). No exception crosses it, because aiohttp writes
the full URL, which is the credential, into its errors.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import aiohttp

from launcher import __version__
from launcher.core.answers import (
    Blocked,
    NoAnswer,
    NotSent,
    Outcome,
    Redirected,
    Response,
    ResponseLost,
    TooLong,
    answer_of,
    contradicts_itself,
    error_of,
)
from launcher.core.catalogue import refused_caller_text
from launcher.errors import PortalError
from launcher.portal.access import Access, Signature, trusted
from launcher.redact import without_known

ANSWER_TIMEOUT_S = 90.0
"""The cloud cuts a request after 60 s, so a shorter time-out would lose answers that still come.
Source: official REST documentation, "Limits"."""

CONNECT_TIMEOUT_S = 15.0

REDIRECTS_AT_MOST = 3

REDIRECTS = (301, 302, 307, 308)
"""Not 303: that says the request was executed, and its answer stands elsewhere."""

UNAUTHORIZED = 401
"""The check of who calls comes before the method, in the portal and in a server in front of it."""

TOO_LONG = 413
"""Whatever stands in the answer: it is mostly a page of a server in front, which has passed nothing on."""

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
    """One portal, called as its access says."""

    def __init__(
        self,
        access: Access,
        *,
        name: str = "",
        on_move: Callable[[str], Awaitable[None]] = _tell_nobody,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> None:
        """`name`: the portal's in the ledger, where it is not its address. `on_move` is awaited with the new
        address before anything is sent there. Raises AddressError where the `ca_file` cannot be used."""
        self._access = access
        self._on_move = on_move
        self._moving = asyncio.Lock()
        self._left: set[str] = set()
        self.name = name or access.portal
        self.moved_to = ""
        """The address to which the portal sent us; empty where it did not."""
        self._timeout = aiohttp.ClientTimeout(total=answer_timeout_s, sock_connect=CONNECT_TIMEOUT_S)
        self._session: aiohttp.ClientSession | None = None
        self._trusted: ssl.SSLContext | bool = trusted(access.ca_file) if access.ca_file else True

    async def __aenter__(self) -> Self:
        # No limit on connections: how many requests are in flight is the engine's decision, and one that
        # waited for a connection would spend its time-out without having been sent.
        # And none is kept: aiohttp takes what a server says once more on it for the answer to the next request
        # (aiohttp#13656), which gives one row's workflow ID to another; and servers close idle connections
        # under a request, which leaves its rows unknown.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=True, ssl=self._trusted),
            timeout=self._timeout,
            headers={"User-Agent": f"bizproc-launcher/{__version__}", "Accept": "application/json"},
            cookie_jar=aiohttp.DummyCookieJar(),
            # The proxy of the environment is the way out of many offices, but not the way to this machine.
            trust_env=not self._access.is_loopback,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._access.authorisation.settled()
        if self._session is not None:
            await self._session.close()

    async def call(self, method: str, body: Mapping[str, object]) -> Outcome:
        """What the portal answered to one POST of that method, or how the answer was lost.

        The request is sent once; again only to the new address of a portal that has moved, and with a new token
        in place of an expired one, where the portal's answer proves that it was not executed.
        """
        renewed = False
        for _ in range(REDIRECTS_AT_MOST + 1):
            access, signature = self._access, self._access.authorisation.signature()
            outcome = await self._post(access, signature, method, body)
            if isinstance(outcome, _Redirect):
                if not await self._follow(access, outcome.location):
                    return Redirected(_host_of(outcome.location))
            elif isinstance(outcome, Response) and _has_expired(outcome) and not renewed:
                failed = await access.authorisation.renew(signature, outcome)
                if failed is not None:
                    return failed
                renewed = True
            else:
                return outcome
        return Redirected(self._access.portal)

    async def _follow(self, sent_to: Access, location: str) -> bool:
        """Whether there is another address to send to; where a request has found it before, it is that one."""
        async with self._moving:
            if self._access is not sent_to:
                return True
            address = sent_to.address.moved_to(location, sent_to.may_move_to)
            if address is None or str(address) in self._left:
                return False
            await self._on_move(address.portal)
            self._left.add(str(sent_to.address))
            self._access, self.moved_to = sent_to.at(address), address.portal
            return True

    async def _post(
        self, access: Access, signature: Signature, method: str, body: Mapping[str, object]
    ) -> Response | NotSent | ResponseLost | TooLong | Blocked | _Redirect:
        try:
            async with self._in_session().post(
                f"{access.address}{signature.path.value}{method}",
                json={**body, **signature.fields()},
                allow_redirects=False,
            ) as response:
                if response.status in REDIRECTS:
                    return _Redirect(response.headers.get("Location", ""))
                return _parsed(response.status, await response.read())
        except aiohttp.ClientConnectorCertificateError as error:
            return Blocked("certificate", _distrusted(access, error.certificate_error))
        except NEVER_LEFT as error:
            return NotSent(type(error).__name__)
        except MAY_HAVE_LEFT as error:
            return ResponseLost(type(error).__name__)

    def _in_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("a portal is called inside its `async with`")
        return self._session


def _distrusted(access: Access, error: Exception) -> str:
    reason = getattr(error, "verify_message", "")
    why = f" ({reason})" if reason else ""
    return (
        f"{access.portal} shows a certificate that is not trusted here{why}; nothing was sent. Where it "
        f"is a portal of your own, name its authority's certificate with ca_file: under portal: in config.yaml"
    )


def _has_expired(answer: Response) -> bool:
    """Whether the portal refused the request for its token's age. With 401 alone: then nothing was executed."""
    if answer.status != UNAUTHORIZED or contradicts_itself(answer.body):
        return False
    error = error_of(answer.body)
    return error is not None and error[0].lower() == "expired_token"


@dataclass(frozen=True, slots=True)
class _Redirect:
    location: str

    def __repr__(self) -> str:
        return "_Redirect([secret])"


def _parsed(status: int, content: bytes) -> Response | ResponseLost | TooLong | Blocked:
    if status == TOO_LONG:
        return TooLong()
    try:
        # A portal may repeat the address that it was called at in its own words.
        text = without_known(content.decode())
        return Response(status, json.loads(text, object_pairs_hook=_no_key_twice, parse_constant=_no_constant))
    except (ValueError, RecursionError):
        if status == UNAUTHORIZED:
            return Blocked(f"HTTP {status}", refused_caller_text("", f"a page with HTTP {status}"))
        return ResponseLost(f"HTTP {status} without JSON")


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


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose access it is that the portal is called with."""

    user_id: str
    name: str
    is_administrator: bool


async def owner_of(portal: Portal) -> Owner:
    """Asks the portal who it is that calls; changes nothing there. Raises PortalError."""
    answer = answer_of(await portal.call("profile", {}))
    if isinstance(answer, NoAnswer):
        raise PortalError("portal-answered", name=portal.name, text=answer.text, refused=answer.refused)
    result = answer["result"]
    if not isinstance(result, dict):
        raise PortalError("answer-not-understood", name=portal.name)
    name = " ".join(str(result[key]) for key in ("NAME", "LAST_NAME") if result.get(key))
    return Owner(str(result.get("ID", "")), name or "nameless", result.get("ADMIN") in (True, "Y", "1", 1))
