"""Runs the schedules of all jobs: waits until one is due, then carries out the night of its portal.

What is due is decided by `core.due`, out of the ledger. Here it is asked again and again, and done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence

import structlog

from launcher.core.due import Past, standing
from launcher.core.nights import JobResult, Outcome
from launcher.core.summary import Exit
from launcher.engine.cancel import CancelToken
from launcher.nightly.job_night import StepError
from launcher.nightly.views import Clock, DaemonHands, Going, JobView, Watched
from launcher.report.metrics import Metric

LOOK_S = 20.0
"""The clock on the wall is looked at so often: it leaps when it is set, or when the machine slept."""
HELD_LOOK_S = 5.0
"""Whether a portal that another run holds is free again."""
TRY_AGAIN_S = 60.0
"""After a night that could not be recorded, as on a full disk."""

_log = structlog.get_logger()


class Daemon:
    """Waits for what is due, until `together` is stopped."""

    def __init__(self, hands: DaemonHands, cancel: CancelToken, clock: Clock | None = None) -> None:
        self._hands, self._cancel, self.clock = hands, cancel, clock or Clock()
        self.began_at = self.clock.now()
        self.looked_at = self.clock.steady()
        self.views: dict[str, JobView] = {}
        self.going: dict[str, Going] = {}
        """By portal."""
        self.troubles: dict[str, str] = {}
        """What is wrong now, by what it is wrong with."""
        self._known: dict[str, JobView] = {}
        self._wake = asyncio.Event()
        self._was_interrupted = False

    async def run(self) -> Exit:
        """Every night that had begun has ended when this returns; INTERRUPTED where one was cut short."""
        try:
            while not self._cancel.is_set:
                await self._pause(await self._look())
        finally:
            # Also where a fault of ours ends it: no night is left without its daemon.
            self._cancel.cancel("the daemon ends")
            await asyncio.gather(*(night.task for night in self.going.values()), return_exceptions=True)
        self._reap()
        return Exit.INTERRUPTED if self._was_interrupted else Exit.ALL_STARTED

    def look_now(self) -> None:
        """Read the configuration and look what is due at once, and not only in some seconds."""
        self._wake.set()

    async def figures(self) -> list[Metric]:
        """The figures of all runs. Raises StepError."""
        return await self._hands.figures()

    async def _pause(self, seconds: float) -> None:
        """Return after that time, or when a night has ended, or when all is to stop."""
        waits: list[Awaitable[object]] = [self.clock.sleep(seconds), self._wake.wait(), self._cancel.wait()]
        tasks = [asyncio.ensure_future(wait) for wait in waits]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._wake.clear()

    async def _look(self) -> float:
        """Begin what is due; how many seconds there are until the next look."""
        self._reap()
        now, self.looked_at = self.clock.now(), self.clock.steady()
        try:
            self._hands.read_again()
            self._is_well("configuration")
        except StepError as error:
            self._is_wrong("configuration", str(error))
        try:
            watched = await self._hands.jobs()
            self._is_well("ledger")
            for gone in self.views.keys() - {job.name for job in watched}:
                self._is_well(f"job {gone}")
            self.views = {job.name: self._seen(job, now) for job in watched}
            held = [await self._on_portal(portal, due) for portal, due in self._due().items()]
        except StepError as error:
            self._is_wrong("ledger", str(error))
            return LOOK_S
        until_next_s = [view.stands.next_at - self.clock.now() for view in self.views.values()]
        return max(0.0, min([HELD_LOOK_S if any(held) else LOOK_S, *until_next_s]))

    def _reap(self) -> None:
        for portal, night in list(self.going.items()):
            if night.task.done():
                del self.going[portal]
                night.task.result()

    def _seen(self, job: Watched, now: float) -> JobView:
        """The job with what this daemon remembers of it; what it has missed is told."""
        before = self._known.get(job.name)
        if before is None or before.watched.portal != job.portal:
            # A job that never had a night on that portal is due from now on only.
            since = None if any(night.due_at is not None for night in job.nights) else now
        elif before.watched.timetable.schedule != job.timetable.schedule or (
            before.watched.timetable.zone != job.timetable.zone
        ):
            since = now
        else:
            since = None if before.since is None else min(before.since, now)
        past = Past(nights=job.nights, since=since, interrupted_before=self.began_at)
        view = before or JobView(job, standing(job.timetable, past, now), since)
        view.watched, view.stands, view.since = job, standing(job.timetable, past, now), since
        self._known[job.name] = view
        if job.trouble:
            self._is_wrong(f"job {job.name}", job.trouble)
        else:
            self._is_well(f"job {job.name}")
        self._tell_missed(view)
        return view

    def _tell_missed(self, view: JobView) -> None:
        if not view.stands.missed:
            return
        for due in view.stands.missed:
            _log.warning("missed", job=view.watched.name, due=view.at(due))
        view.missed.extend(view.stands.missed)
        view.missed_count += len(view.stands.missed)
        view.since = max(view.since or 0.0, view.stands.missed[-1])

    def _due(self) -> dict[str, list[JobView]]:
        """By portal, the jobs whose night is to begin."""
        found: dict[str, list[JobView]] = {}
        for view in self.views.values():
            portal, due = view.watched.portal, view.stands.due_at
            going = self.going.get(portal)
            runs = going is not None and going.dues.get(view.watched.name) == due
            if due is None or runs:
                view.waits = ""
            elif view.not_before <= self.clock.steady():
                found.setdefault(portal, []).append(view)
        return found

    async def _on_portal(self, portal: str, due: Sequence[JobView]) -> bool:
        """Begin the night of these jobs, or say why they wait; whether that is for another run."""
        going = self.going.get(portal)
        holder = "" if going is not None or not portal else await self._hands.holder(portal)
        why = "the night of its portal goes on" if going is not None else holder
        if why:
            for view in due:
                if view.waits != why:
                    view.waits = why
                    _log.info("waits", job=view.watched.name, due=view.at(view.stands.due_at or 0), reason=why)
            return bool(holder)
        if self._cancel.is_set:
            return False
        dues = {view.watched.name: view.stands.due_at or 0.0 for view in due}
        for view in due:
            view.waits = ""
            _log.info(
                "goes on with a night that was cut off" if view.stands.taken_up else "due",
                job=view.watched.name,
                due=view.at(dues[view.watched.name]),
            )
        _log.info("night begins", jobs=list(dues), portal=portal or None)
        self.going[portal] = Going(dues, self.clock.now(), asyncio.create_task(self._night(dues)))
        return False

    async def _night(self, dues: Mapping[str, float]) -> None:
        try:
            results = await self._hands.night(list(dues), self._cancel)
        except StepError as error:
            _log.error("night broken off", jobs=list(dues), reason=str(error))
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

    def _is_wrong(self, what: str, why: str) -> None:
        if self.troubles.get(what) != why:
            self.troubles[what] = why
            _log.error("trouble", **{"with": what}, reason=why)

    def _is_well(self, what: str) -> None:
        if self.troubles.pop(what, None) is not None:
            _log.info("well again", **{"with": what})
