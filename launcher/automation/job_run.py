"""One job in one scheduled run: what former ones left is continued first, then its file is taken."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from launcher.app.files import chosen_files, names, older_files
from launcher.automation.job_files import JobFiles
from launcher.automation.scheduled import JobRunner, ScheduledJob, Steps
from launcher.core.due import taken_up_since
from launcher.core.nights import JobResult, Outcome, Way
from launcher.core.summary import Ending, Exit
from launcher.core.words import pluralize
from launcher.engine.cancel import CancelToken
from launcher.ledger import RunRecord
from launcher.ledger.nights import NightRecord, Nights
from launcher.ledger.notices import QueuedMessage
from launcher.sheets import SheetError, fingerprint

_NAMED = 5
"""Files that were left out are named up to so many."""
ASK_AGAIN_S = 7 * 86_400.0
"""Unknown rows of older runs are not asked about each time: what is not found by then has ended long ago."""
_BEGINNINGS = 100
"""A scheduled run that is interrupted more often begins anew."""


@dataclass
class JobRun:
    """Takes one job through one scheduled run."""

    nights: Nights
    runner: JobRunner
    cancel: CancelToken
    now: Callable[[], float]
    prewritten: Callable[[int, JobResult, float], Sequence[QueuedMessage]]
    """What the next scheduled run sends of that night if this one does not come to it, by result and end."""
    _before: Sequence[RunRecord] = ()
    """What this scheduled run had begun before it was interrupted."""
    _last_night: NightRecord | None = None
    _steps: Steps = field(init=False)
    _files: JobFiles = field(init=False)

    def __post_init__(self) -> None:
        self._steps = Steps(self.runner.job, self.cancel, self.now)
        self._files = JobFiles(self.nights, self.runner, self._steps)

    @property
    def job(self) -> ScheduledJob:
        """The job."""
        return self.runner.job

    async def run(self) -> JobResult:
        """Do what the job can do now; what went wrong is in the result."""
        due = self.job.config.due()
        begun_at = self.now()
        due_at = None if due is None else due.last_by(begun_at, self.job.config.zone())
        former = await self.nights.former(_BEGINNINGS)
        self._last_night = former[0] if former else None
        since = taken_up_since(former, due_at)
        self._before = () if since is None else await self.nights.begun_since(since)
        night = await self.nights.begin(begun_at, due_at)
        if self._steps.open() and await self._resume_unfinished():
            await self._reconcile()
            await self._take_files()
        result = self._steps.result()
        ended_at = self.now()
        await self.nights.end(night, ended_at, result, self.prewritten(night, result, ended_at))
        return result

    async def _resume_unfinished(self) -> bool:
        """Continue what former scheduled runs left; return whether there is time, and a portal, for more."""
        for run in await self.nights.unfinished():
            if run.plan.get("nightly") or names(self.job.config.file, self.job.folder, run.file):
                summary = await self._steps.take(Way.RESUMED, partial(self.runner.resume, run))
                if summary is None or summary.ending is not Ending.FINISHED:
                    return False
                await self._files.finish(run.file)
        return True

    async def _reconcile(self) -> None:
        # It may have been interrupted after a run had ended and before its results were written.
        before = {run.id: run for run in self._before}
        unknown = {run.id: run for run in await self.nights.with_unknown(since=self.now() - ASK_AGAIN_S)}
        for run in (before | unknown).values():
            if not self._steps.has_taken(run.name) and not self._steps.is_over():
                await self._steps.take(Way.RECONCILED, partial(self.runner.reconcile, run))
                if run.id in before:
                    await self._files.finish(run.file)

    async def _take_files(self) -> None:
        config = self.job.config
        taken = {run.file: run for run in self._before}
        if taken and config.choose == "newest":
            self._leave(self._before[-1])
            return
        try:
            files = chosen_files(config.file, self.job.folder, config.choose)
        except SheetError as error:
            self._steps.refuse(error)
            return
        if config.choose == "newest":
            await self._name_left_out()
        new = 0
        for file in files:
            if self._steps.is_over():
                return
            given = await self._files.load(file)
            if given is None:
                continue
            if given.origin in taken:
                self._leave(taken[given.origin])
            elif not await self._files.is_unchanged(given):
                new += 1
                if await self._files.run(file, given):
                    return
        if not files and not self._files.done:
            self._steps.note(f"there is no file {config.file}")
        if not new and not self._files.done and self._steps.outcome is not Outcome.REFUSED:
            self._steps.nothing_to_do(Exit.WRONG_USAGE if config.require_file else Exit.ALL_STARTED)

    async def _name_left_out(self) -> None:
        """Note the older files that no run has read to its end.

        Exit code 2 if some came since the last run, and a bad night that should have taken them did not.
        """
        older = older_files(self.job.config.file, self.job.folder)
        if not older:
            return
        runs = await self.nights.whole_runs()
        known = {(run.file, run.fingerprint) for run in runs}
        changed_at: dict[Path, float] = {}
        for file in reversed(older):
            with suppress(OSError):  # it has gone meanwhile
                if (str(file.resolve()), fingerprint(file)) not in known:
                    changed_at[file] = file.stat().st_mtime
        if not changed_at:
            return
        left = [file.name for file in changed_at]
        more = f" and {len(left) - _NAMED:,} more" if len(left) > _NAMED else ""
        good = (Outcome.FINISHED, Outcome.NOTHING_TO_DO)
        was_bad = self._last_night is not None and self._last_night.outcome not in good
        last_run_at = max((run.created_at for run in runs), default=-math.inf)
        self._steps.note(
            f"choose: newest leaves out {pluralize(len(left), 'older file')} that no run of this job has "
            f"read: {', '.join(left[:_NAMED])}{more}. To start the rows of one: launcher run FILE --job NAME",
            Exit.WRONG_USAGE if was_bad and max(changed_at.values()) > last_run_at else Exit.ALL_STARTED,
        )

    def _leave(self, run: RunRecord) -> None:
        self._steps.note(
            f"run {run.name} took {run.file} before this night was cut off; the next one takes what is new"
        )
