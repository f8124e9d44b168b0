"""The daemon at work: its hands are the commands' own."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from types import FrameType

import structlog

from launcher.cli.access import access_of
from launcher.cli.console import Console
from launcher.cli.daemon import Endpoint
from launcher.cli.nightly import as_step, night
from launcher.cli.options import GlobalOptions, Refused
from launcher.cli.session import interruptible, ledger_location, opened_ledger, settings_of
from launcher.cli.telling import Telling
from launcher.core.due import Timetable
from launcher.core.nights import JobResult
from launcher.engine.cancel import CancelToken
from launcher.engine.metrics import figures
from launcher.ledger import Ledger, LedgerError, Nights, hold_daemon, sqlite_file, who_holds
from launcher.nightly import StepError
from launcher.nightly.daemon import Daemon
from launcher.nightly.endpoint import listening
from launcher.nightly.health import document
from launcher.nightly.views import Watched
from launcher.report.metrics import Metric
from launcher.settings import JobConfig, Settings

_log = structlog.get_logger()

_NIGHTS = 20
"""So many of a job's nights are looked at; the last one that settled a due time is among them."""


async def work(said: GlobalOptions, endpoint: Endpoint | None) -> int:
    """Run the schedules until a signal comes; gives the exit code."""
    settings, cancel, console = settings_of(said), CancelToken(), Console(said)
    if not _scheduled(settings):
        raise Refused('no job has a schedule: in the configuration; give one a schedule: "0 2 * * *"')
    async with opened_ledger(said, settings) as ledger, hold_daemon(ledger), AsyncExitStack() as around:
        daemon, address = Daemon(_Hands(said, settings), cancel), None
        around.enter_context(interruptible(cancel, console.tell))
        _hear_hangup(daemon)
        if endpoint is not None:
            try:
                address = await around.enter_async_context(listening(daemon, endpoint.host, endpoint.port))
            except OSError as error:
                raise Refused(
                    f"--listen {endpoint}: {error.strerror or error}; name another, or none"
                ) from None
        _log.info("daemon begins", ledger=ledger.database.name, listens_at=address)
        await Telling(settings, taken_up_later=True).former(ledger, None, time.time)
        code = await daemon.run()
        _log.info("daemon ends", exit_code=int(code))
    if console.wants_json:
        console.show_json(document(daemon) | {"exit_code": int(code)})
    return int(code)


def _hear_hangup(daemon: Daemon) -> None:
    """SIGHUP has the configuration read at once, as other daemons do; Windows has no such signal.

    If the daemon has a terminal, and the signal says that it was closed, it ends the daemon as SIGTERM does.
    """
    hangup, loop = getattr(signal, "SIGHUP", None), asyncio.get_running_loop()
    if hangup is None:
        return
    end = signal.getsignal(hangup)
    terminals = [descriptor for descriptor in range(3) if os.isatty(descriptor)]

    def on_hangup(number: int, frame: FrameType | None) -> None:
        if callable(end) and not all(map(os.isatty, terminals)):
            end(number, frame)
        else:
            loop.call_soon_threadsafe(daemon.look_now)

    signal.signal(hangup, on_hangup)


def _scheduled(settings: Settings) -> dict[str, JobConfig]:
    """The jobs with a schedule. Raises Refused where one could never run."""
    found = {name: job for name, job in settings.config.jobs.items() if job.schedule}
    for name, job in found.items():
        if not job.file:
            raise Refused(f"the job {name} has a schedule: and no file:, so a night cannot run it")
    return found


class _Hands:
    """What the daemon does, with the last good configuration."""

    def __init__(self, said: GlobalOptions, settings: Settings) -> None:
        self._said, self._settings = said, settings
        self._quietly = replace(said, quiet=True, json=False)
        self._location = ledger_location(said, settings)

    def read_again(self) -> None:
        """The configuration as it stands now; where it is broken, the last good one stays."""
        with as_step():
            settings = settings_of(self._said)
            if ledger_location(self._said, settings) != self._location:
                raise Refused("the ledger is another one now; end the daemon and begin it again")
            _scheduled(settings)
        self._settings = settings

    async def jobs(self) -> list[Watched]:
        """All jobs with a schedule, and what the ledger has of their nights."""
        with as_step():
            async with self._ledger() as ledger:
                scheduled = _scheduled(self._settings)
                return [await self._watched(name, job, ledger) for name, job in scheduled.items()]

    async def holder(self, portal: str) -> str:
        """Which other run holds that portal; nothing where it is free."""
        with as_step():
            async with self._ledger() as ledger:
                return await who_holds(ledger, portal)

    async def night(self, names: Sequence[str], cancel: CancelToken) -> list[JobResult]:
        """One night of these jobs."""
        with as_step():
            return await night(self._quietly, self._settings, names, time.time, cancel)

    async def figures(self) -> list[Metric]:
        """The figures of all runs."""
        with as_step():
            async with self._ledger() as ledger:
                return await figures(ledger)

    @asynccontextmanager
    async def _ledger(self) -> AsyncIterator[Ledger]:
        # Opened anew each time: one that was open would not notice that its file has gone.
        file = sqlite_file(self._location)
        if file is not None and not file.exists():
            raise LedgerError(
                f"the ledger {file} has gone, and it is what protects against starting twice: put it back"
            )
        async with opened_ledger(self._said, self._settings) as ledger:
            yield ledger

    async def _watched(self, name: str, job: JobConfig, ledger: Ledger) -> Watched:
        schedule = job.due()
        assert schedule is not None  # noqa: S101  those without one are not asked for
        timetable = Timetable(schedule, job.zone(), job.catch_up)
        try:
            with as_step():
                self._settings.job(name)  # is refused where a ${NAME} in it is not defined
                address = access_of(self._settings.portal(job.portal)).portal
        except StepError as error:
            return Watched(name=name, portal="", timetable=timetable, nights=(), trouble=str(error))
        portal = await ledger.portal_at(address)
        nights = await Nights(ledger, name, portal).former(_NIGHTS)
        return Watched(name=name, portal=portal, timetable=timetable, nights=nights)
