"""A loopback port on which a browser comes back from a sign-in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

from aiohttp import web

from launcher.portal.signing_in import ForeignSignInError, Returned, SignInError, returned

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
            raise SignInError(
                f"--port {port}: {error.strerror or error}; choose another, or say --paste"
            ) from None
        yield _in_time(back)
    finally:
        await runner.cleanup()


async def _in_time(back: asyncio.Future[Returned]) -> Returned:
    try:
        return await asyncio.wait_for(back, LONGEST_S)
    except TimeoutError:
        raise SignInError(
            f"nobody came back from the portal in {LONGEST_S / 60:.0f} minutes; begin again"
        ) from None


def _page(text: str, status: int) -> web.Response:
    return web.Response(text=_PAGE.format(text=text), status=status, content_type="text/html", headers=_HEADERS)
