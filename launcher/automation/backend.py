"""What a daemon works with: the configuration, the ledger, and scheduled runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from launcher.app.context import Context
from launcher.app.portals import access_of
from launcher.automation.night import NightRequest, plan_night, run_night
from launcher.automation.views import TimedJob
from launcher.core.due import Timetable
from launcher.core.nights import JobResult
from launcher.engine.cancel import CancelToken
from launcher.errors import InputError, LauncherError
from launcher.ledger import Ledger, LedgerError, sqlite_file, who_holds
from launcher.ledger.nights import Nights
from launcher.redact import redacted_text
from launcher.report.metrics import Metric, figures
from launcher.settings import JobConfig, Settings, load_settings

_NIGHTS = 20
"""So many of a job's nights are looked at; the last one that settled a due time is among them."""


def jobs_with_schedule(settings: Settings) -> dict[str, JobConfig]:
    """Return the jobs with a schedule. Raises InputError if one of them could never run."""
    found = {name: job for name, job in settings.config.jobs.items() if job.schedule}
    for name, job in found.items():
        if not job.file:
            raise InputError("schedule-without-file", name=name)
    return found


class LauncherBackend:
    """Does what a daemon asks for, with the last good configuration of that launcher's.

    Each method raises a child of LauncherError if it cannot.
    """

    def __init__(self, launcher: Context) -> None:
        self._launcher = launcher
        self._location = launcher.location

    def reload(self) -> None:
        """Read the configuration as it stands now; if it is broken, the last good one stays."""
        launcher = self._launcher.beside(settings=load_settings(self._launcher.settings.path))
        if launcher.location != self._location:
            raise InputError("ledger-changed")
        jobs_with_schedule(launcher.settings)
        self._launcher = launcher

    async def jobs(self) -> list[TimedJob]:
        """Return all jobs with a schedule, and what the ledger has of their nights."""
        async with self._ledger() as ledger:
            scheduled = jobs_with_schedule(self._launcher.settings)
            return [await self._timed(name, job, ledger) for name, job in scheduled.items()]

    async def holder(self, portal: str) -> str:
        """Return which other run holds that portal; nothing if it is free."""
        async with self._ledger() as ledger:
            return await who_holds(ledger, portal)

    async def run(self, names: Sequence[str], cancel: CancelToken) -> Sequence[JobResult]:
        """Run these jobs now."""
        launcher = self._launcher  # as it is now: a later configuration is for later runs
        plan = await plan_night(launcher, NightRequest(jobs=names, by_daemon=True))
        return (await run_night(launcher, plan, cancel)).jobs

    async def metrics(self) -> list[Metric]:
        """Return the metrics of all runs."""
        async with self._ledger() as ledger:
            return await figures(ledger)

    @asynccontextmanager
    async def _ledger(self) -> AsyncIterator[Ledger]:
        # Opened anew each time: one that was open would not notice that its file has gone.
        file = sqlite_file(self._location)
        if file is not None and not file.exists():
            raise LedgerError("ledger-gone", file=file)
        async with self._launcher.beside() as launcher:
            yield await launcher.ledger()

    async def _timed(self, name: str, job: JobConfig, ledger: Ledger) -> TimedJob:
        schedule = job.due()
        assert schedule is not None  # noqa: S101  those without one are not asked for
        timetable = Timetable(schedule, job.zone(), job.catch_up)
        settings = self._launcher.settings
        try:
            settings.job(name)  # is refused if a ${NAME} in it is not defined
            address = access_of(settings.portal(job.portal)).portal
        except LauncherError as error:
            problem = redacted_text(str(error))
            return TimedJob(name=name, portal="", timetable=timetable, nights=(), problem=problem)
        portal = await ledger.portal_at(address)
        nights = await Nights(ledger, name, portal).former(_NIGHTS)
        return TimedJob(name=name, portal=portal, timetable=timetable, nights=nights)
