"""Bitrix24's token server: the only place where an application's secret is sent.

Source: official REST documentation, "Complete OAuth 2.0 authorisation protocol".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp

from launcher import __version__
from launcher.core.answers import NotSent, error_of
from launcher.portal.access import Hidden, trusted
from launcher.portal.address import AddressError, is_loopback
from launcher.redact import register, without_known

OFFICIAL = ("https://oauth.bitrix.info", "https://oauth.bitrix24.tech")
"""The second is the one of Russian portals; nothing else is ever sent an application's secret."""

ANSWER_TIMEOUT_S = 30.0
"""As long as the code of a sign-in lives."""

_LOST = (aiohttp.ClientError, TimeoutError, OSError, ValueError)


@dataclass(frozen=True, slots=True)
class Granted:
    """New tokens; the refresh token that was given for them is spent."""

    access: Hidden
    refresh: Hidden


@dataclass(frozen=True, slots=True)
class Denied:
    """The server refused, and will again."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Application:
    """A local application of the portal, as its card shows it."""

    client_id: str
    client_secret: Hidden
    token_server: str = OFFICIAL[0]

    ca_file: Path | None = None

    async def grant_for_code(self, code: Hidden) -> Granted | Denied | NotSent:
        """Tokens for the code of a sign-in, which lives 30 seconds and is good once. Raises AddressError."""
        return await self._ask("authorization_code", "code", code)

    async def renew(self, refresh: Hidden) -> Granted | Denied | NotSent:
        """Tokens for a refresh token. NotSent: none were heard of; whether the old one is spent is unknown."""
        return await self._ask("refresh_token", "refresh_token", refresh)

    async def _ask(self, grant_type: str, name: str, value: Hidden) -> Granted | Denied | NotSent:
        try:
            async with (
                aiohttp.ClientSession(
                    connector=aiohttp.TCPConnector(ssl=trusted(self.ca_file), force_close=True),
                    cookie_jar=aiohttp.DummyCookieJar(),
                    trust_env=not is_loopback(urlsplit(self.token_server).hostname or ""),
                    middlewares=(_once,),
                ) as session,
                session.get(
                    f"{self.token_server}/oauth/token/",
                    params={
                        "grant_type": grant_type,
                        "client_id": self.client_id,
                        "client_secret": self.client_secret.value,
                        name: value.value,
                    },
                    headers={"User-Agent": f"bizproc-launcher/{__version__}", "Accept": "application/json"},
                    allow_redirects=False,
                    timeout=aiohttp.ClientTimeout(total=ANSWER_TIMEOUT_S),
                ) as response,
            ):
                return _understood(response.status, await response.read())
        except _LOST as error:
            # Without its text: that holds the URL, and the URL holds the secret.
            return NotSent(f"token server: {type(error).__name__}")


async def _once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """The library sends a GET whose answer was lost a second time, unless its error is another one than these.

    The second would find its refresh token spent by the first.
    """
    try:
        return await send(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise aiohttp.ClientConnectionError(type(error).__name__) from None


def _understood(status: int, content: bytes) -> Granted | Denied | NotSent:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        body = None
    if (error := error_of(body)) is not None and status < 500 and status != 429:
        return Denied(error[0], without_known(error[1]))
    match body:
        case {"access_token": str(access), "refresh_token": str(refresh)} if (
            status == 200 and access and refresh
        ):
            register(access)
            register(refresh)
            return Granted(Hidden(access), Hidden(refresh))
    return NotSent(f"token server: HTTP {status}")


def token_server_named(text: str) -> str:
    """The token server that the configuration names, without a slash at its end, else Bitrix24's own.

    Raises AddressError for any that is neither Bitrix24's own nor on this machine.
    """
    found = text.strip().removesuffix("/").removesuffix("/oauth/token") or OFFICIAL[0]
    if found in OFFICIAL:
        return found
    try:
        parts = urlsplit(found)
        here = is_loopback((parts.hostname or "").lower()) and parts.scheme in ("http", "https")
    except ValueError:
        here = False
    if not here or parts.path or parts.query or parts.fragment or parts.username:
        raise AddressError("foreign-token-server", official=" or ".join(OFFICIAL))
    return found
