"""Runs the schedules of all jobs: waits until one is due, then runs what is due on its portal.

`core.due` decides what is due, out of the ledger. Here it is asked again and again, and carried out.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager

from launcher.app.context import Context
from launcher.automation.backend import LauncherBackend, jobs_with_schedule
from launcher.automation.notifications import Notifications
from launcher.automation.views import Clock, JobView, OngoingRun, TimedJob
from launcher.core.due import Past, standing
from launcher.core.nights import JobResult, Outcome
from launcher.core.summary import Exit
from launcher.engine.cancel import CancelToken
from launcher.errors import InputError, LauncherError
from launcher.ledger import hold_daemon
from launcher.log import get_logger
from launcher.redact import redacted_text

LOOK_S = 20.0
"""The clock on the wall is looked at so often: it leaps when it is set, or when the machine slept."""
HELD_LOOK_S = 5.0
"""Whether a portal that another run holds is free again."""
TRY_AGAIN_S = 60.0
"""After a scheduled run that could not be recorded, as on a full disk."""

_log = get_logger()


class Daemon:
    """Waits for what is due, until it is cancelled."""

    def __init__(self, backend: LauncherBackend, cancel: CancelToken, clock: Clock | None = None) -> None:
        self.backend, self._cancel, self.clock = backend, cancel, clock or Clock()
        self.started_at = self.clock.now()
        self.looked_at = self.clock.steady()
        self.views: dict[str, JobView] = {}
        self.ongoing: dict[str, OngoingRun] = {}
        """By portal."""
        self.problems: dict[str, str] = {}
        """What is wrong now, by what it is wrong with."""
        self._known: dict[str, JobView] = {}
        self._wake = asyncio.Event()
        self._was_interrupted = False

    async def run(self) -> Exit:
        """Return once every run that had begun has ended; INTERRUPTED if one was cut short."""
        try:
            while not self._cancel.is_set:
                await self._pause(await self._look())
        finally:
            # Also if a fault of ours ends it: no run is left without its daemon.
            self._cancel.cancel("the daemon ends")
            await asyncio.gather(*(one.task for one in self.ongoing.values()), return_exceptions=True)
        self._reap()
        return Exit.INTERRUPTED if self._was_interrupted else Exit.ALL_STARTED

    def wake(self) -> None:
        """Read the configuration and look what is due at once, and not only in some seconds."""
        self._wake.set()

    async def _pause(self, seconds: float) -> None:
        """Return after that time, or when a run has ended, or when all is to stop."""
        waits: list[Awaitable[object]] = [self.clock.sleep(seconds), self._wake.wait(), self._cancel.wait()]
        tasks = [asyncio.ensure_future(wait) for wait in waits]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._wake.clear()

    async def _look(self) -> float:
        """Begin what is due; return how many seconds there are until the next look."""
        self._reap()
        now, self.looked_at = self.clock.now(), self.clock.steady()
        try:
            self.backend.reload()
            self._is_well("configuration")
        except LauncherError as error:
            self._is_wrong("configuration", _text_of(error))
        try:
            jobs = await self.backend.jobs()
            self._is_well("ledger")
            for gone in self.views.keys() - {job.name for job in jobs}:
                self._is_well(f"job {gone}")
            self.views = {job.name: self._seen(job, now) for job in jobs}
            held = [await self._on_portal(portal, due) for portal, due in self._due().items()]
        except LauncherError as error:
            self._is_wrong("ledger", _text_of(error))
            return LOOK_S
        until_next_s = [view.stands.next_at - self.clock.now() for view in self.views.values()]
        return max(0.0, min([HELD_LOOK_S if any(held) else LOOK_S, *until_next_s]))

    def _reap(self) -> None:
        for portal, ongoing in list(self.ongoing.items()):
            if ongoing.task.done():
                del self.ongoing[portal]
                ongoing.task.result()

    def _seen(self, job: TimedJob, now: float) -> JobView:
        """Return the job with what this daemon remembers of it; what it has missed is logged."""
        before = self._known.get(job.name)
        if before is None or before.job.portal != job.portal:
            # A job that never had a night on that portal is due from now on only.
            since = None if any(night.due_at is not None for night in job.nights) else now
        elif before.job.timetable.schedule != job.timetable.schedule or (
            before.job.timetable.zone != job.timetable.zone
        ):
            since = now
        else:
            since = None if before.since is None else min(before.since, now)
        past = Past(nights=job.nights, since=since, interrupted_before=self.started_at)
        view = before or JobView(job, standing(job.timetable, past, now), since)
        view.job, view.stands, view.since = job, standing(job.timetable, past, now), since
        self._known[job.name] = view
        if job.problem:
            self._is_wrong(f"job {job.name}", job.problem)
        else:
            self._is_well(f"job {job.name}")
        self._log_missed(view)
        return view

    def _log_missed(self, view: JobView) -> None:
        if not view.stands.missed:
            return
        for due in view.stands.missed:
            _log.warning("missed", job=view.job.name, due=view.at(due))
        view.missed.extend(view.stands.missed)
        view.missed_count += len(view.stands.missed)
        view.since = max(view.since or 0.0, view.stands.missed[-1])

    def _due(self) -> dict[str, list[JobView]]:
        """Return by portal the jobs that are to begin."""
        found: dict[str, list[JobView]] = {}
        for view in self.views.values():
            portal, due = view.job.portal, view.stands.due_at
            ongoing = self.ongoing.get(portal)
            runs = ongoing is not None and ongoing.dues.get(view.job.name) == due
            if due is None or runs:
                view.waits = ""
            elif view.not_before <= self.clock.steady():
                found.setdefault(portal, []).append(view)
        return found

    async def _on_portal(self, portal: str, due: Sequence[JobView]) -> bool:
        """Begin these jobs, or log why they wait; return whether they wait for a run of another process."""
        is_ongoing = portal in self.ongoing
        holder = "" if is_ongoing or not portal else await self.backend.holder(portal)
        reason = "the night of its portal goes on" if is_ongoing else holder
        if reason:
            for view in due:
                if view.waits != reason:
                    view.waits = reason
                    _log.info("waits", job=view.job.name, due=view.at(view.stands.due_at or 0), reason=reason)
            return bool(holder)
        if self._cancel.is_set:
            return False
        dues = {view.job.name: view.stands.due_at or 0.0 for view in due}
        for view in due:
            view.waits = ""
            _log.info(
                "continues an interrupted night" if view.stands.taken_up else "due",
                job=view.job.name,
                due=view.at(dues[view.job.name]),
            )
        _log.info("night begins", jobs=list(dues), portal=portal or None)
        self.ongoing[portal] = OngoingRun(dues, self.clock.now(), asyncio.create_task(self._run(dues)))
        return False

    async def _run(self, dues: Mapping[str, float]) -> None:
        try:
            results = await self.backend.run(list(dues), self._cancel)
        except LauncherError as error:
            _log.error("night broken off", jobs=list(dues), reason=_text_of(error))
            self._was_interrupted = self._was_interrupted or self._cancel.is_set
            for name in dues:
                self._known[name].not_before = self.clock.steady() + TRY_AGAIN_S
        else:
            for result in results:
                self._ended(result, dues[result.job])
        finally:
            self._wake.set()

    def _ended(self, result: JobResult, due: float) -> None:
        view = self._known[result.job]
        view.last = result
        if result.exit_code is Exit.PORTAL_IN_USE:
            view.not_before = self.clock.steady() + HELD_LOOK_S
        else:
            view.since = max(view.since or 0.0, due)
        if result.outcome is Outcome.INTERRUPTED:
            self._was_interrupted = True
        log = _log.info if result.exit_code is Exit.ALL_STARTED else _log.warning
        log(
            "night ended",
            job=result.job,
            outcome=result.outcome.value,
            exit_code=int(result.exit_code),
            runs=[step.summary.run for step in result.steps],
            notes=list(result.notes),
        )

    def _is_wrong(self, what: str, reason: str) -> None:
        if self.problems.get(what) != reason:
            self.problems[what] = reason
            _log.error("trouble", **{"with": what}, reason=reason)

    def _is_well(self, what: str) -> None:
        if self.problems.pop(what, None) is not None:
            _log.info("well again", **{"with": what})


@asynccontextmanager
async def sole_daemon(launcher: Context, cancel: CancelToken) -> AsyncIterator[Daemon]:
    """Give a daemon for the schedules of the configuration; no other one runs with this ledger meanwhile.

    Raises InputError, DaemonRunsError, LedgerError.
    """
    if not jobs_with_schedule(launcher.settings):
        raise InputError("no-schedules")
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


def _text_of(error: LauncherError) -> str:
    return redacted_text(str(error))
