"""Starts that take as long as a test likes: they begin, and end once the portal's settings say otherwise.

    portal = Simulator(Settings(burst=0, start_seconds=HELD))
    ...
    portal.settings = replace(portal.settings, start_seconds=0.0)  # now they go on

So a test is never too early or too late, however fast the machine is. The portal's accounts have it that each
took a fifth of a second: from the first one a run learns what to expect, and batches that take longer than that
keep others from following.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from launcher.simulator import calls

HELD = 0.2001
"""Every start is held."""
BATCHES_HELD = 0.2002
"""Those in requests of several rows are; the row that a run sends alone before takes a fifth of a second."""

_spend = calls._spend


async def _as_long_as_held(session: calls.Session, seconds: float) -> None:
    if seconds == HELD or (seconds == BATCHES_HELD and session.log.commands > 1):
        while session.state.settings.start_seconds == seconds:  # noqa: ASYNC110  settings set no event
            await asyncio.sleep(0.002)
    else:
        await _spend(session, seconds)


_timing = calls.timing


def _no_time(session: calls.Session, name: str, began: float, processed: float) -> dict[str, Any]:
    return _timing(session, name, began, processed) | {"duration": 0.0, "processing": 0.0}


def accounted_as_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until its test ends, the portal's accounts have it that nothing takes any time.

    So that requests are as large as they may be, however slow the machine is.
    """
    monkeypatch.setattr(calls, "timing", _no_time)


def allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulator knows of it until its test ends."""
    monkeypatch.setattr(calls, "_spend", _as_long_as_held)
