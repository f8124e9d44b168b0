"""What a daemon says of itself: one document, and figures for Prometheus. No secret is in either."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from launcher import __version__
from launcher.nightly.daemon import Daemon
from launcher.nightly.job_night import StepError
from launcher.nightly.views import JobView
from launcher.redact import redacted_text
from launcher.report.metrics import Metric

SILENT_S = 60.0
"""A loop that has not looked at the clock for so long is stuck."""


def troubles(daemon: Daemon) -> list[str]:
    """What is wrong, in words; nothing where all is well."""
    found = [f"{what}: {why}" for what, why in daemon.troubles.items()]
    if is_stuck(daemon):
        silent_s = daemon.clock.steady() - daemon.looked_at
        found.append(f"it has not looked at the clock for {silent_s:.0f} seconds")
    return [redacted_text(text) for text in found]


def is_stuck(daemon: Daemon) -> bool:
    """Whether it no longer looks what is due; a restart helps, and nothing else does."""
    return daemon.clock.steady() - daemon.looked_at > SILENT_S


def document(daemon: Daemon) -> dict[str, object]:
    """How it stands, as JSON."""
    wrong = troubles(daemon)
    return {
        "status": "trouble" if wrong else "ok",
        "troubles": wrong,
        "version": __version__,
        "began_at": _utc(daemon.began_at),
        "jobs": {name: _job(daemon, view) for name, view in daemon.views.items()},
    }


async def metrics(daemon: Daemon) -> list[Metric]:
    """The figures of all runs, where the ledger can be read, and those of the daemon."""
    try:
        return [*await daemon.figures(), *_own(daemon, up=not troubles(daemon))]
    except StepError:
        return list(_own(daemon, up=False))


def _job(daemon: Daemon, view: JobView) -> dict[str, object]:
    going = _going_since(daemon, view)
    return {
        "portal": view.watched.portal,
        "schedule": str(view.watched.timetable.schedule),
        "next_due": view.at(view.stands.next_at),
        "going_since": None if going is None else view.at(going),
        "waits": redacted_text(view.waits) or None,
        "last_night": _last_night(view),
        "missed": [view.at(due) for due in view.missed],
    }


def _last_night(view: JobView) -> dict[str, object] | None:
    for night in view.watched.nights:
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


def _going_since(daemon: Daemon, view: JobView) -> float | None:
    night = daemon.going.get(view.watched.portal)
    goes_on = night is not None and view.watched.name in night.dues and not night.task.done()
    return night.since if night is not None and goes_on else None


def _own(daemon: Daemon, *, up: bool) -> Iterator[Metric]:
    yield Metric("launcher_daemon_up", "1 where all is well, else 0.", [({}, float(up))])
    yield Metric("launcher_daemon_start_timestamp_seconds", "When it began.", [({}, daemon.began_at)])
    views = daemon.views.values()
    yield Metric(
        "launcher_daemon_next_due_timestamp_seconds",
        "When the job is due next.",
        [(_labels(view), view.stands.next_at) for view in views],
    )
    yield Metric(
        "launcher_daemon_night_goes_on",
        "1 while a night of the job goes on.",
        [(_labels(view), float(_going_since(daemon, view) is not None)) for view in views],
    )
    yield Metric(
        "launcher_daemon_missed_nights",
        "Due times since the daemon began that had no night, and get none any more.",
        [(_labels(view), view.missed_count) for view in views],
    )
    ended = [(view, night) for view in views for night in view.watched.nights[:1] if night.ended_at is not None]
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
    return {"job": view.watched.name, "portal": view.watched.portal}


def _utc(when: float) -> str:
    return datetime.fromtimestamp(when).astimezone().isoformat("T", "seconds")
