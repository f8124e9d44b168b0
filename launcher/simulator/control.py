"""Control over HTTP, under /simulator/: for tests in another process. Counts for no limit, and is in no log."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from launcher.simulator import settings as portal_settings
from launcher.simulator.delivery import json_answer
from launcher.simulator.faults import Script
from launcher.simulator.state import State


def add_routes(application: web.Application, state: State, faults: Script) -> None:
    """Serve the control paths of this portal."""
    control = _Control(state, faults)
    routes: list[tuple[str, str, Callable[[web.Request], Awaitable[Any]]]] = [
        ("GET", "started", control.started),
        ("GET", "requests", control.requests),
        ("GET", "notifications", control.notifications),
        ("GET", "tokens", control.token_requests),
        ("GET", "settings", control.settings),
        ("POST", "settings", control.change_settings),
        ("GET", "script", control.script),
        ("POST", "script", control.add_to_script),
        ("POST", "bucket", control.fill_bucket),
        ("POST", "end", control.end),
        ("POST", "expire", control.expire),
    ]
    for verb, name, act in routes:
        application.router.add_route(verb, f"/simulator/{name}", _handler(act))


def _handler(act: Callable[[web.Request], Awaitable[Any]]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        try:
            return json_answer(await act(request))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            return json_answer({"error": f"{type(error).__name__}: {error}"}, 400)

    return handle


class _Control:
    def __init__(self, state: State, faults: Script) -> None:
        self._state, self._faults = state, faults

    async def started(self, request: web.Request) -> Any:
        """Give the true list after the first N, and how many there are."""
        return _tail("started", self._state.workflows.started, request)

    async def requests(self, request: web.Request) -> Any:
        """Give the log of requests after the first N, and how many there are."""
        return _tail("requests", self._state.requests, request)

    async def notifications(self, _: web.Request) -> Any:
        return {"notifications": self._state.notifications}

    async def token_requests(self, _: web.Request) -> Any:
        """Give what the token endpoint was asked for, and what that came to; no token among it."""
        return {"token_requests": self._state.tokens.asked}

    async def settings(self, _: web.Request) -> Any:
        return portal_settings.as_json(self._state.settings)

    async def change_settings(self, request: web.Request) -> Any:
        """Change the settings named in the body; the others stay."""
        self._state.change(portal_settings.changed(self._state.settings, await request.json()))
        return await self.settings(request)

    async def script(self, _: web.Request) -> Any:
        """Give what is left of the script."""
        return {"script": [entry.as_json() for entry in self._faults.entries]}

    async def add_to_script(self, request: web.Request) -> Any:
        """Add the entries of the body: all of them, or none when one is wrong."""
        before = list(self._faults.entries)
        usual: dict[str, Any] = {"seed": self._state.settings.seed}
        try:
            for entry in await request.json():
                self._faults.add(**usual | entry)
        except (ValueError, TypeError):
            self._faults.entries[:] = before
            raise
        return await self.script(request)

    async def fill_bucket(self, request: web.Request) -> Any:
        """Act as another program on the same IP that has made requests."""
        body = await request.json()
        source = body.get("source", request.remote or "")
        state = self._state
        bucket = state.bucket(source)
        bucket.fill(state.clock.now(), float(body["fill"]), state.settings.burst, state.settings.per_second)
        return {"source": source, "level": bucket.level}

    async def end(self, request: web.Request) -> Any:
        """End running workflows, those named or all."""
        named = (await request.json())["workflow_ids"]
        return {"ended": self._state.workflows.end(None if named == "all" else named)}

    async def expire(self, _: web.Request) -> Any:
        """Let every access token expire now."""
        self._state.tokens.expire()
        return {}


def _tail(name: str, entries: list[Any], request: web.Request) -> dict[str, Any]:
    after = int(request.query.get("after", 0))
    return {name: list(map(portal_settings.as_json, entries[after:])), "total": len(entries)}
