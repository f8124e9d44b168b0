"""Signing in to a portal with a local application: to the portal, back with a code, and to the token server.

Source: official REST documentation, "Complete OAuth 2.0 authorisation protocol".
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlencode, urlsplit

from aiohttp import web

from launcher.core.answers import NotSent
from launcher.core.catalogue import spoken
from launcher.errors import InputError
from launcher.portal.access import Hidden
from launcher.portal.address import Address
from launcher.portal.oauth import SignIn, explanation
from launcher.portal.token_server import OFFICIAL, Application, Denied, Granted
from launcher.redact import register


class SignInError(InputError):
    """The sign-in came to nothing; the text says what to do."""


class ForeignSignInError(SignInError):
    """This is not the sign-in that was begun here: whoever sent it is not listened to."""


def authorise_url(address: Address, client_id: str, state: str) -> str:
    """Where the person signs in and agrees. It leads back to the address in the application's card."""
    return f"{address}/oauth/authorize/?{urlencode({'client_id': client_id, 'state': state})}"


@dataclass(frozen=True, slots=True)
class Returned:
    """What a sign-in that succeeded comes back with."""

    code: Hidden
    server: str
    """The token server that the portal names; empty where it names none of Bitrix24's own."""


def returned(query: Mapping[str, str], state: str) -> Returned:
    """What the query of the address says to which the portal led back. Raises SignInError."""
    if not hmac.compare_digest(query.get("state", "").encode(), state.encode()):
        raise ForeignSignInError("foreign-sign-in")
    code = query.get("code", "")
    if not code:
        reported = query.get("error_description") or query.get("error") or "it gave no code"
        raise SignInError("sign-in-refused", reported=reported)
    register(code)
    server = f"https://{query.get('server_domain', '')}"
    return Returned(Hidden(code), server if server in OFFICIAL else "")


def returned_by_paste(text: str, state: str) -> Returned:
    """The same from the whole address, as the person copied it from the browser. Raises SignInError."""
    try:
        query = urlsplit(text.strip()).query
    except ValueError:
        query = ""
    return returned(dict(parse_qsl(query)), state)


async def exchange(address: Address, application: Application, code: Hidden) -> SignIn:
    """What the code of a sign-in is good for, not yet stored. Raises SignInError."""
    answer = await application.grant_for_code(code)
    match answer:
        case Granted(access, refresh):
            return SignIn(
                portal=str(address),
                client_id=application.client_id,
                client_secret=application.client_secret,
                token_server=application.token_server,
                access=access,
                refresh=refresh,
            )
        case Denied(refused) if refused.lower() == "invalid_grant":
            raise SignInError("code-not-taken")
        case Denied(refused, text):
            raise SignInError("given-text", text=explanation(refused, text))
        case NotSent(cause):
            reason = spoken(cause.removeprefix("token server: "))
            reported = f" ({reason})" if reason else ""
            raise SignInError(
                "no-token-server-answer", token_server=application.token_server, reported=reported
            )


def without_secret(signed_in: SignIn) -> SignIn:
    """The same for a file that need not hold the application's secret, since the configuration has it."""
    return replace(signed_in, client_secret=Hidden(""))


LONGEST_S = 600.0

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>launcher</title>
<p style="font: 1.2em sans-serif; margin: 3em">{text}</p></html>"""
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
}


@asynccontextmanager
async def listen_for_sign_in(port: int, state: str) -> AsyncIterator[Awaitable[Returned]]:
    """Listen while the block runs; what it gives is awaited for the sign-in. Both raise SignInError.

    A visit without this sign-in's `state` is turned away and changes nothing.
    """
    back: asyncio.Future[Returned] = asyncio.get_running_loop().create_future()

    async def visit(request: web.Request) -> web.Response:
        try:
            found = returned(request.query, state)
        except ForeignSignInError:
            return _page(
                "This is not the sign-in that the launcher waits for. Begin again in the terminal.", 400
            )
        except SignInError as error:
            if not back.done():
                back.set_exception(error)
            return _page("The portal did not agree. The terminal says more; you may close this window.", 400)
        if not back.done():
            back.set_result(found)
        return _page("The launcher has what it needs: you may close this window.", 200)

    application = web.Application()
    application.router.add_get("/{tail:.*}", visit)
    runner = web.AppRunner(application, access_log=None, handle_signals=False, shutdown_timeout=1)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
        except OSError as error:
            raise SignInError("port-not-free", port=port, reason=error.strerror or error) from None
        yield _in_time(back)
    finally:
        await runner.cleanup()


async def _in_time(back: asyncio.Future[Returned]) -> Returned:
    try:
        return await asyncio.wait_for(back, LONGEST_S)
    except TimeoutError:
        raise SignInError("sign-in-timed-out", longest_s=LONGEST_S / 60) from None


def _page(text: str, status: int) -> web.Response:
    return web.Response(text=_PAGE.format(text=text), status=status, content_type="text/html", headers=_HEADERS)
