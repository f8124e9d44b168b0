"""What a daemon says of itself, at a port for reading only: a document, and metrics. No secret is in either."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime

from aiohttp import web

from launcher import __version__
from launcher.automation.daemon import Daemon
from launcher.automation.documents import HealthDocument, JobHealthDocument, LastNightDocument
from launcher.automation.views import JobView
from launcher.errors import LauncherError
from launcher.redact import redacted_text
from launcher.report.metrics import Metric, as_text

SILENT_S = 60.0
"""A loop that has not looked at the clock for so long is stuck."""


def problems(daemon: Daemon) -> list[str]:
    """Return what is wrong; nothing if all is well."""
    found = [f"{what}: {reason}" for what, reason in daemon.problems.items()]
    if is_stuck(daemon):
        silent_s = daemon.clock.steady() - daemon.looked_at
        found.append(f"it has not looked at the clock for {silent_s:.0f} seconds")
    return [redacted_text(text) for text in found]


def is_stuck(daemon: Daemon) -> bool:
    """Return whether it no longer looks what is due; a restart helps, and nothing else does."""
    return daemon.clock.steady() - daemon.looked_at > SILENT_S


def document(daemon: Daemon) -> HealthDocument:
    """Return how it stands, as JSON."""
    wrong = problems(daemon)
    return {
        "status": "trouble" if wrong else "ok",
        "troubles": wrong,
        "version": __version__,
        "began_at": _utc(daemon.started_at),
        "jobs": {name: _job(daemon, view) for name, view in daemon.views.items()},
    }


async def metrics(daemon: Daemon) -> list[Metric]:
    """Return the metrics of all runs, if the ledger can be read, and those of the daemon."""
    try:
        return [*await daemon.backend.metrics(), *_own(daemon, up=not problems(daemon))]
    except LauncherError:
        return list(_own(daemon, up=False))


def _job(daemon: Daemon, view: JobView) -> JobHealthDocument:
    since = _ongoing_since(daemon, view)
    return {
        "portal": view.job.portal,
        "schedule": str(view.job.timetable.schedule),
        "next_due": view.at(view.stands.next_at),
        "going_since": None if since is None else view.at(since),
        "waits": redacted_text(view.waits) or None,
        "last_night": _last_night(view),
        "missed": [view.at(due) for due in view.missed],
    }


def _last_night(view: JobView) -> LastNightDocument | None:
    for night in view.job.nights:
        if night.ended_at is not None:
            return {
                "due": None if night.due_at is None else view.at(night.due_at),
                "begun": view.at(night.begun_at),
                "ended": view.at(night.ended_at),
                "outcome": night.outcome,
                "exit_code": night.exit_code,
            }
    # What could not begin at all is in no ledger.
    last = view.last
    return None if last is None else {"outcome": last.outcome.value, "exit_code": int(last.exit_code)}


def _ongoing_since(daemon: Daemon, view: JobView) -> float | None:
    ongoing = daemon.ongoing.get(view.job.portal)
    if ongoing is None or view.job.name not in ongoing.dues or ongoing.task.done():
        return None
    return ongoing.since


def _own(daemon: Daemon, *, up: bool) -> Iterator[Metric]:
    yield Metric("launcher_daemon_up", "1 where all is well, else 0.", [({}, float(up))])
    yield Metric("launcher_daemon_start_timestamp_seconds", "When it began.", [({}, daemon.started_at)])
    views = daemon.views.values()
    yield Metric(
        "launcher_daemon_next_due_timestamp_seconds",
        "When the job is due next.",
        [(_labels(view), view.stands.next_at) for view in views],
    )
    yield Metric(
        "launcher_daemon_night_goes_on",
        "1 while a night of the job goes on.",
        [(_labels(view), float(_ongoing_since(daemon, view) is not None)) for view in views],
    )
    yield Metric(
        "launcher_daemon_missed_nights",
        "Due times since the daemon began that had no night, and get none any more.",
        [(_labels(view), view.missed_count) for view in views],
    )
    ended = [(view, night) for view in views for night in view.job.nights[:1] if night.ended_at is not None]
    yield Metric(
        "launcher_daemon_last_night_exit_code",
        "The exit code of the job's last night.",
        [(_labels(view), night.exit_code or 0) for view, night in ended],
    )
    yield Metric(
        "launcher_daemon_last_night_timestamp_seconds",
        "When the job's last night ended.",
        [(_labels(view), night.ended_at or 0.0) for view, night in ended],
    )


def _labels(view: JobView) -> dict[str, str]:
    return {"job": view.job.name, "portal": view.job.portal}


def _utc(when: float) -> str:
    return datetime.fromtimestamp(when).astimezone().isoformat("T", "seconds")


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
