"""A scheduled run of all jobs that know their file: those of one portal in turn, portals side by side."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from launcher.app.context import Context, Event, Notice
from launcher.app.portals import access_of
from launcher.app.query import unsent_documents, unsent_messages
from launcher.automation.documents import NightDocument
from launcher.automation.job_run import JobRun
from launcher.automation.notifications import Notifications
from launcher.automation.scheduled import JobRunner, ScheduledJob, exit_code_of_step
from launcher.core.nights import JobResult, Outcome, worst
from launcher.core.summary import Exit
from launcher.engine.cancel import CancelToken
from launcher.errors import InputError, LauncherError
from launcher.ledger import Ledger, LedgerError, who_holds
from launcher.ledger.nights import Nights
from launcher.ledger.notices import UnsentMessage
from launcher.messages import Message
from launcher.redact import redacted_text
from launcher.settings import Settings

_LOOK_S = 5.0
"""Whether a portal is free again is looked at so often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NightRequest:
    """Jobs to run now."""

    jobs: Sequence[str] = ()
    """Without any, all that have a file."""
    wait: bool = False
    """Begin jobs whose portal another run holds after that run's end."""
    by_daemon: bool = False
    """A daemon runs them, and continues by itself what is interrupted or gives way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NightPlan:
    """The jobs of a scheduled run, with the portals that they run on."""

    request: NightRequest
    jobs: tuple[ScheduledJob, ...]
    refused: tuple[JobResult, ...]
    """Of jobs that cannot begin."""


@dataclass(frozen=True, slots=True)
class NightResult:
    """What a scheduled run came to."""

    jobs: tuple[JobResult, ...]
    """In the order of the configuration."""
    unsent: tuple[UnsentMessage, ...] = ()
    """Messages of the last day that nobody has got."""

    @property
    def exit_code(self) -> Exit:
        """That of the job that needs a person most."""
        return worst(result.exit_code for result in self.jobs)

    def to_dict(self) -> NightDocument:
        """Return the document of `--json`."""
        document: NightDocument = {
            "jobs": [result.to_dict() for result in self.jobs],
            "exit_code": int(self.exit_code),
        }
        if self.unsent:
            document["messages_not_sent"] = unsent_documents(self.unsent)
        return document


async def plan_night(launcher: Context, request: NightRequest) -> NightPlan:
    """Return which jobs would run; makes or migrates the ledger. Raises InputError, LedgerError."""
    jobs, refused = [], []
    # Once alone: a new ledger is made, or an old one migrated, by one and not by all at once.
    async with launcher.beside() as own:
        ledger = await own.ledger()
        for name in _names(launcher.settings, request.jobs):
            try:
                jobs.append(await _scheduled_job(launcher, name, ledger))
            except LauncherError as error:
                refused.append(_refused(name, error))
    return NightPlan(request=request, jobs=tuple(jobs), refused=tuple(refused))


async def run_night(
    launcher: Context, plan: NightPlan, cancel: CancelToken, now: Callable[[], float] = time.time
) -> NightResult:
    """Run the jobs of the plan and notify whoever is to know. Raises LedgerError."""
    return await _Night(launcher, plan, cancel, now).run()


def _names(settings: Settings, names: Sequence[str]) -> list[str]:
    """Return the jobs to run. Raises InputError."""
    with_file = [name for name, job in settings.config.jobs.items() if job.file]
    for name in names:
        settings.job(name)
        if name not in with_file:
            raise InputError("job-without-file", name=name)
    if not with_file:
        raise InputError("no-job-files")
    return [name for name in with_file if name in names] if names else with_file


async def _scheduled_job(launcher: Context, name: str, ledger: Ledger) -> ScheduledJob:
    found = launcher.settings.job(name)
    assert found is not None  # noqa: S101  a job that was named is there, or an error
    config = found[1]
    address = access_of(launcher.settings.portal(config.portal)).portal
    return ScheduledJob(name, config, launcher.folder, await ledger.portal_at(address))


def _refused(name: str, error: LauncherError) -> JobResult:
    return JobResult(
        job=name,
        portal="",
        outcome=Outcome.REFUSED,
        exit_code=exit_code_of_step(error),
        notes=(redacted_text(str(error)),),
    )


def _broken_off(job: ScheduledJob, error: BaseException) -> JobResult:
    """Return the result of a job whose run has not come to its end."""
    why = str(error) if isinstance(error, LedgerError) else f"a fault of the launcher's: {type(error).__name__}"
    return JobResult(
        job=job.name,
        portal=job.portal,
        outcome=Outcome.STOPPED,
        exit_code=Exit.STOPPED,
        notes=(f"broken off: {why}",),
    )


class _Night:
    """One scheduled run."""

    def __init__(
        self, launcher: Context, plan: NightPlan, cancel: CancelToken, now: Callable[[], float]
    ) -> None:
        self._launcher, self._plan, self._cancel, self._now = launcher, plan, cancel, now
        self._notifications = Notifications(launcher, is_continued_later=plan.request.by_daemon)

    async def run(self) -> NightResult:
        by_portal: dict[str, list[ScheduledJob]] = {}
        for job in self._plan.jobs:
            by_portal.setdefault(job.portal, []).append(job)
        # Not a TaskGroup: what breaks on one portal must not end the runs on another.
        ended = await asyncio.gather(*map(self._on_portal, by_portal.values()), return_exceptions=True)
        results = {result.job: result for result in self._plan.refused}
        for jobs, each in zip(by_portal.values(), ended, strict=True):
            found = each if isinstance(each, list) else [_broken_off(job, each) for job in jobs]
            results |= {result.job: result for result in found}
        broken = next((each for each in ended if isinstance(each, BaseException)), None)
        in_order = [results[name] for name in self._launcher.settings.config.jobs if name in results]
        # What the ledger refused to a daemon is tried again in a minute: nobody is notified each time.
        if not (isinstance(broken, LedgerError) and self._plan.request.by_daemon):
            await self._notifications.send(in_order, self._now, self._cancel)
        if broken is not None:
            raise broken
        return NightResult(tuple(in_order), tuple(await self._unsent()))

    async def _on_portal(self, jobs: Sequence[ScheduledJob]) -> list[JobResult]:
        # A launcher of its own, whose runs tell no more than notices.
        async with self._launcher.beside(self._pass_on) as launcher:
            ledger = await launcher.ledger()
            if self._plan.request.wait:
                await self._until_free(ledger, jobs[0].portal)
            await self._notifications.send_former(ledger, [jobs[0].portal], self._now)
            return [await self._job(launcher, ledger, job) for job in jobs]

    async def _job(self, launcher: Context, ledger: Ledger, job: ScheduledJob) -> JobResult:
        # Not sooner: whether it is late is known when what it waited for is over, as its window is.
        await self._notifications.begin(ledger, job, self._now())
        return await JobRun(
            nights=Nights(ledger, job.name, job.portal),
            runner=JobRunner(launcher, job),
            cancel=self._cancel,
            now=self._now,
            prewritten=partial(self._notifications.prewritten, job),
        ).run()

    async def _until_free(self, ledger: Ledger, portal: str) -> None:
        """Return once no other run holds the portal, or when all is to stop."""
        told = False
        while not self._cancel.is_set and (holder := await who_holds(ledger, portal)):
            if not told:
                self._launcher.tell(Message("waiting-for-run", holder=holder))
            told = True
            await self._cancel.sleep(_LOOK_S)

    def _pass_on(self, event: Event) -> None:
        # No more than notices: several runs go on at once, and each has its end in the result.
        if isinstance(event, Notice):
            self._launcher.emit(event)

    async def _unsent(self) -> list[UnsentMessage]:
        # The results are here: a ledger that has gone since must not hide them.
        with suppress(LedgerError):
            async with self._launcher.beside() as own:
                return await unsent_messages(own, self._now())
        return []
