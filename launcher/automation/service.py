"""The daemon as a service: one on a ledger, from its first log line to its last."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from launcher.app.context import Context
from launcher.automation.backend import LauncherBackend, jobs_with_schedule
from launcher.automation.daemon import Daemon
from launcher.automation.notifications import Notifications
from launcher.core.summary import Exit
from launcher.engine.cancel import CancelToken
from launcher.errors import InputError
from launcher.ledger import hold_daemon
from launcher.log import get_logger

_log = get_logger()


@asynccontextmanager
async def sole_daemon(launcher: Context, cancel: CancelToken) -> AsyncIterator[Daemon]:
    """Give a daemon for the schedules of the configuration; no other one runs with this ledger meanwhile.

    Raises InputError, DaemonRunsError, LedgerError.
    """
    if not jobs_with_schedule(launcher.settings):
        raise InputError('no job has a schedule: in the configuration; give one a schedule: "0 2 * * *"')
    async with hold_daemon(await launcher.ledger()):
        yield Daemon(LauncherBackend(launcher), cancel)


async def run_daemon(launcher: Context, daemon: Daemon, listens_at: str | None = None) -> Exit:
    """Run the daemon until it is cancelled; what a killed one did not come to send is sent first.

    `listens_at`: the address at which it answers, for the log.
    """
    ledger = await launcher.ledger()
    _log.info("daemon begins", ledger=ledger.database.name, listens_at=listens_at)
    await Notifications(launcher, is_continued_later=True).send_former(ledger, None, time.time)
    code = await daemon.run()
    _log.info("daemon ends", exit_code=int(code))
    return code
