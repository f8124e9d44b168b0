"""A daemon's own port: /healthz, /livez and /metrics, for reading only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from launcher.automation.daemon import Daemon
from launcher.automation.health import document, is_stuck, metrics
from launcher.report.metrics import as_text


@asynccontextmanager
async def listening(daemon: Daemon, host: str, port: int) -> AsyncIterator[str]:
    """Answer while the block runs; give the address, with its port if 0 was asked for. Raises OSError."""

    async def healthz(_request: web.Request) -> web.Response:
        found = document(daemon)
        return web.json_response(found, status=200 if found["status"] == "ok" else 503, headers=_FRESH)

    async def livez(_request: web.Request) -> web.Response:
        stuck = is_stuck(daemon)
        return web.Response(text="stuck\n" if stuck else "ok\n", status=503 if stuck else 200, headers=_FRESH)

    async def figures(_request: web.Request) -> web.Response:
        text = as_text(await metrics(daemon))
        # The format's own type: prometheus.io, "Exposition formats".
        headers = {**_FRESH, "Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        return web.Response(body=text.encode(), headers=headers)

    application = web.Application()
    application.router.add_get("/healthz", healthz)
    application.router.add_get("/livez", livez)
    application.router.add_get("/metrics", figures)
    runner = web.AppRunner(application, access_log=None, handle_signals=False, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        shown = f"[{host}]" if ":" in host else host
        yield f"http://{shown}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


_FRESH = {"Cache-Control": "no-store"}
