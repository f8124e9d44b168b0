"""Scheduled runs in the process of a test, with the configuration of the current folder."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from launcher.app.context import Event, Notice
from launcher.app.launcher import Launcher
from launcher.automation.night import NightRequest, plan_night, run_night
from launcher.core.nights import JobResult
from launcher.engine.cancel import CancelToken

A_NIGHT = """
import asyncio, logging, time
from launcher import Launcher
from launcher.app.launcher import Launcher
from launcher.automation.night import NightRequest, plan_night, run_night
from launcher.engine.cancel import CancelToken

async def night():
    async with Launcher.open() as launcher:
        plan = await plan_night(launcher, NightRequest())
        await run_night(launcher, plan, CancelToken(), time.time)

logging.basicConfig(level=logging.INFO)
asyncio.run(night())
"""
"""The same as a program, which can be killed; its log is on stderr."""


async def night(
    now: Callable[[], float] = time.time,
    cancel: CancelToken | None = None,
    *,
    wait: bool = False,
    by_daemon: bool = False,
) -> tuple[JobResult, ...]:
    """One night of all jobs; what it tells is on stderr."""
    async with Launcher.open(on_event=_show) as launcher:
        plan = await plan_night(launcher, NightRequest(wait=wait, by_daemon=by_daemon))
        return (await run_night(launcher, plan, cancel or CancelToken(), now)).jobs


def _show(event: Event) -> None:
    if isinstance(event, Notice):
        print(event.text, file=sys.stderr)
