"""The OAuth server's paths, on the portal's own port: sign-in and tokens."""

import asyncio
from urllib.parse import urlencode

from aiohttp import web

from launcher.simulator import delivery
from launcher.simulator.errors import PortalError
from launcher.simulator.faults import Moment, Script
from launcher.simulator.oauth import MEMBER_ID
from launcher.simulator.state import State


def add_routes(application: web.Application, state: State, script: Script, closing: asyncio.Event) -> None:
    """Serve /oauth/authorize/ and /oauth/token/; faults scripted for `oauth.token` hit the latter."""

    async def authorize(request: web.Request) -> web.StreamResponse:
        """Act as a person who signs in and agrees: lead back to the application's own address."""
        if request.query.get("client_id") != state.settings.client_id:
            refusal = PortalError(400, "invalid_client", "The client is unknown")
            return delivery.json_answer(refusal.body, refusal.status)
        query = {
            "code": state.tokens.code(state.clock.now()),
            "state": request.query.get("state", ""),
            "domain": request.host,
            "member_id": MEMBER_ID,
            "scope": ",".join(state.settings.scopes),
            "server_domain": request.host,
        }
        mark = "&" if "?" in state.settings.redirect_uri else "?"
        return web.Response(
            status=302, headers={"Location": f"{state.settings.redirect_uri}{mark}{urlencode(query)}"}
        )

    async def token(request: web.Request) -> web.StreamResponse:
        query = dict(request.query)
        if request.method == "POST":
            query |= {name: str(value) for name, value in (await request.post()).items()}
        fault = script.take("oauth.token")
        try:
            if fault and fault.moment is Moment.BEFORE:
                return await delivery.before(fault, request, closing)
            granted = state.tokens.answer(query, state.settings, state.clock.now())
            granted["domain"] = request.host
            granted["client_endpoint"] = granted["server_endpoint"] = f"{request.scheme}://{request.host}/rest/"
            if fault and fault.moment is Moment.AFTER:
                return await delivery.after(fault, request, granted, closing)
            if fault and fault.name == "slow":
                await delivery.hang(request, fault["seconds"], closing)
        except PortalError as error:
            return delivery.json_answer(error.body, error.status)
        return delivery.json_answer(granted)

    for path in ("/oauth/authorize", "/oauth/authorize/"):
        application.router.add_get(path, authorize)
    for path in ("/oauth/token", "/oauth/token/"):
        application.router.add_route("*", path, token)
