"""One job in one night: what former nights left goes on first, then its file."""

from __future__ import annotations

import asyncio
import math
import shlex
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from launcher.core.being_written import BeingWritten
from launcher.core.due import taken_up_since
from launcher.core.nights import JobResult, Outcome, Step, Way, exit_codes, outcome_of, worst
from launcher.core.summary import Ending, Exit, Summary
from launcher.core.windows import Window, sends_until
from launcher.engine.cancel import CancelToken
from launcher.errors import LauncherError, StoppedError
from launcher.ledger import Letter, NightRecord, Nights, RunRecord
from launcher.nightly.file_wait import FileWait
from launcher.nightly.files import chosen_files, have_same_results, move_away, names, older_files
from launcher.nightly.left_out import left_out
from launcher.settings import JobConfig
from launcher.sheets import SheetError, Source, WebAddress, content_fingerprint, fingerprint

ASK_AGAIN_S = 7 * 86_400.0
"""Unknown rows of older runs are not asked about every night: what is not found by then has ended long ago."""
_BEGINNINGS = 100
"""A night that is cut off more often begins anew."""
_DONE = (Exit.ALL_STARTED, Exit.SOME_NOT_STARTED)
"""After these, a file has nothing more to give."""


class StepError(LauncherError):
    """A step could not begin, or was broken off; the text says why."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = Exit(exit_code)


@dataclass(frozen=True, slots=True)
class Taken:
    """A job's input, all of it on this machine, and what begins a new run on it."""

    origin: str
    """As the ledger keeps it."""
    fingerprint: str
    begin: Callable[[CancelToken], Awaitable[Summary]]


class Hands(Protocol):
    """What carries out a night's steps for one job. Each raises StepError where it cannot."""

    async def take(self, file: Path | WebAddress) -> Taken:
        """The file as it stands now."""

    async def go_on(self, run: RunRecord, cancel: CancelToken) -> Summary:
        """That run, taken to its end or to where it stops."""

    async def reconcile(self, run: RunRecord, cancel: CancelToken) -> Summary:
        """That run, after the portal was asked about its unknown rows."""

    def tell(self, text: str) -> None:
        """Show the text at once to a person who may be there."""


@dataclass(frozen=True, slots=True)
class NightJob:
    """A job that knows its file."""

    name: str
    config: JobConfig
    folder: Path
    """Of the configuration file."""
    portal: str


def shared_by(jobs: Mapping[str, JobConfig], job: NightJob, origin: str) -> list[str]:
    """The other jobs whose results would go where those of this file go."""
    return [
        name
        for name, other in jobs.items()
        if name != job.name and other.file and have_same_results(other.file, job.folder, origin)
    ]


@dataclass
class JobNight:
    """Takes one job through one night."""

    job: NightJob
    nights: Nights
    hands: Hands
    cancel: CancelToken
    now: Callable[[], float]
    drafts: Callable[[int, JobResult, float], Sequence[Letter]]
    """What is to be told of that night if nobody comes to it, by what it came to and when."""
    _until: float = 0.0
    _steps: list[Step] = field(default_factory=list)
    _notes: list[str] = field(default_factory=list)
    _codes: list[Exit] = field(default_factory=list)
    _outcome: Outcome = Outcome.NOTHING_TO_DO
    _done: set[str] = field(default_factory=set)
    """Files that were taken to their end in this night."""
    _contents: dict[str, str] = field(default_factory=dict)
    """By file, what this night began to read."""
    _before: Sequence[RunRecord] = ()
    """What this night had begun before it was cut off or interrupted."""
    _last_night: NightRecord | None = None

    def __post_init__(self) -> None:
        settled_after_s = self.job.config.file_settled_after
        self._file_wait = FileWait(settled_after_s, self.cancel, self.now, self.hands.tell)

    async def go(self) -> JobResult:
        """The job has done what it can in this night when this returns; what went wrong is in the result."""
        due = self.job.config.due()
        begun_at = self.now()
        due_at = None if due is None else due.last_by(begun_at, self.job.config.zone())
        former = await self.nights.former(_BEGINNINGS)
        self._last_night = former[0] if former else None
        since = taken_up_since(former, due_at)
        self._before = () if since is None else await self.nights.begun_since(since)
        night = await self.nights.begin(begun_at, due_at)
        if self.cancel.is_set:
            self._over(Outcome.INTERRUPTED, self.cancel.reason, Exit.INTERRUPTED)
        elif self._opens() and await self._leftovers():
            await self._reconcile()
            await self._files()
        result = self._result()
        ended_at = self.now()
        await self.nights.end(night, ended_at, result, self.drafts(night, result, ended_at))
        return result

    def _result(self) -> JobResult:
        return JobResult(
            job=self.job.name,
            portal=self.job.portal,
            outcome=self._outcome,
            exit_code=worst([*self._codes, *exit_codes(self._steps)]),
            steps=tuple(self._steps),
            notes=tuple(self._notes),
        )

    def _opens(self) -> bool:
        config = self.job.config
        window = Window.parse(config.window) if config.window else None
        until = sends_until(self.now(), window, config.zone(), config.max_duration)
        if until is None:
            self._over(Outcome.CONTINUES, f"it is outside its window, {config.window}")
            return False
        self._until = until
        return True

    async def _leftovers(self) -> bool:
        """Go on with what former nights left; whether there is time, and a portal, for more."""
        for run in await self.nights.unfinished():
            if run.plan.get("nightly") or names(self.job.config.file, self.job.folder, run.file):
                summary = await self._step(Way.RESUMED, lambda stop, run=run: self.hands.go_on(run, stop))  # type: ignore[misc]
                if summary is None or summary.ending is not Ending.FINISHED:
                    return False
                await self._is_done(run.file)
        return True

    async def _reconcile(self) -> None:
        # A night may have been cut off after its run had ended and before its results were written.
        before = {run.id: run for run in self._before}
        unknown = {run.id: run for run in await self.nights.with_unknown(since=self.now() - ASK_AGAIN_S)}
        resumed = {step.summary.run for step in self._steps}
        for run in (before | unknown).values():
            if run.name not in resumed and not self._is_over():
                await self._step(Way.RECONCILED, lambda stop, run=run: self.hands.reconcile(run, stop))  # type: ignore[misc]
                if run.id in before:
                    await self._is_done(run.file)

    async def _files(self) -> None:
        config = self.job.config
        taken = {run.file: run for run in self._before}
        if taken and config.choose == "newest":
            self._leave(self._before[-1])
            return
        try:
            files = chosen_files(config.file, self.job.folder, config.choose)
        except SheetError as error:
            self._over(Outcome.REFUSED, str(error), Exit.WRONG_USAGE)
            return
        if config.choose == "newest":
            await self._name_left_out()
        new = 0
        for file in files:
            if self._is_over():
                return
            given = await self._take(file)
            if given is None:
                continue
            if given.origin in taken:
                self._leave(taken[given.origin])
            elif not await self._is_unchanged(given):
                new += 1
                if await self._begin(file, given):
                    return
        if not files and not self._done:
            self._notes.append(f"there is no file {config.file}")
        if not new and not self._done and Outcome.REFUSED is not self._outcome:
            self._outcome = Outcome.NOTHING_TO_DO
            if config.require_file:
                self._codes.append(Exit.WRONG_USAGE)

    async def _name_left_out(self) -> None:
        """Name the older files that were never read; a person hears of those that a bad night let pass."""
        older = older_files(self.job.config.file, self.job.folder)
        if not older:
            return
        found = left_out(older, await self.nights.whole_runs(), self._last_night)
        if found is not None:
            self._notes.append(str(found))
            if found.by_a_bad_night:
                self._codes.append(Exit.WRONG_USAGE)

    async def _take(self, file: Path | WebAddress) -> Taken | None:
        """The file as it stands now; None where it could not be taken: it is noted why."""
        try:
            return await self.hands.take(file)
        except StepError as error:
            self._over(Outcome.REFUSED, str(error), error.exit_code)
            return None

    async def _complete(self, file: Path | WebAddress, given: Taken) -> Taken | None:
        """The file once nobody writes it any more; None where it is not taken, and then it is noted why."""
        taken: Taken | None = given
        while taken is not None and isinstance(file, Path):
            found = await self._file_wait.wait(file, self._until)
            if found is not None:
                if not self.cancel.is_set:
                    self._over(Outcome.REFUSED, self._not_taken(file, found), Exit.WRONG_USAGE)
                return None
            # Taken before the last look at it: else it could have been changed in between.
            before, taken = taken, await self._take(file)
            if taken is not None and taken.fingerprint == before.fingerprint:
                break
        return taken

    def _not_taken(self, file: Path, found: BeingWritten) -> str:
        by_hand = f"launcher run {shlex.quote(str(file))} --job {shlex.quote(self.job.name)}"
        return (
            f"{file} is not taken: it {found.reason}. The next night takes it once it is complete; "
            f"to start it before then: {by_hand}"
        )

    def _leave(self, run: RunRecord) -> None:
        self._notes.append(
            f"run {run.name} took {run.file} before this night was cut off; the next one takes what is new"
        )

    async def _begin(self, file: Path | WebAddress, given: Taken) -> bool:
        """Run a new file once nobody writes it any more; whether the job is over for this night."""
        complete = await self._complete(file, given)
        if complete is None:
            return self._is_over()
        if self.job.config.after is not None and isinstance(file, Path):
            with suppress(OSError):  # opening it says what is wrong
                self._contents[complete.origin] = await _content(file)
        summary = await self._step(Way.BEGUN, complete.begin)
        if summary is None:
            return False
        if summary.ending is not Ending.FINISHED:
            return True
        await self._is_done(complete.origin)
        return False

    async def _is_done(self, origin: str) -> None:
        """A run has taken this file to its end, unless it was cut off before it had read all of it."""
        last = await self.nights.last_finished(origin)
        if last is not None:
            self._done.add(origin)
            await self._put_away(last)

    async def _is_unchanged(self, given: Taken) -> bool:
        """Whether the last run has done with this very file. A job that forgets its starts runs it again."""
        last = await self.nights.last_finished(given.origin)
        if last is None or last.fingerprint != given.fingerprint:
            return False
        forget_after_s = self.job.config.started_before_rule().forget_after_s
        if given.origin not in self._done:
            if 0 < forget_after_s < math.inf:
                return False
            self._notes.append(f"{given.origin} is unchanged since run {last.name}")
            await self._put_away(last)
        return True

    async def _step(self, way: Way, work: Callable[[CancelToken], Awaitable[Summary]]) -> Summary | None:
        """Do it, and note what came of it; None where it could not be done."""
        cancel = CancelToken()
        try:
            async with self.cancel.child(self._until, self._because(), self.now) as cancel:
                summary = await work(cancel)
        except StoppedError:
            code = Exit.INTERRUPTED if cancel.ending is Ending.INTERRUPTED else Exit.ALL_STARTED
            self._over(outcome_of(cancel.ending), cancel.reason, code)
            return None
        except StepError as error:
            self._over(Outcome.REFUSED, str(error), error.exit_code)
            return None
        self._steps.append(Step(way, summary))
        if self._outcome is not Outcome.REFUSED:
            self._outcome = outcome_of(summary.ending)
        return summary

    def _is_over(self) -> bool:
        """Whether nothing more may begin; it is noted why."""
        if self.cancel.is_set:
            self._over(Outcome.INTERRUPTED, self.cancel.reason, Exit.INTERRUPTED)
        elif self.now() >= self._until:
            self._over(Outcome.CONTINUES, self._because())
        else:
            return False
        return True

    def _because(self) -> str:
        config = self.job.config
        bounds = [f"window: {config.window}"] if config.window else []
        bounds += ["max_duration:"] if config.max_duration is not None else []
        return f"its time was over ({' and '.join(bounds)})"

    def _over(self, outcome: Outcome, note: str, code: Exit = Exit.ALL_STARTED) -> None:
        self._outcome = outcome
        self._notes.append(note)
        self._codes.append(code)

    async def _is_same(self, file: Path, run: RunRecord) -> bool:
        """Whether the file is still what the run has read; where it is not, it is new to the next night."""
        if fingerprint(file) != run.fingerprint:
            return False
        content = self._contents.get(run.file)
        if content is None or content == await _content(file):
            return True
        await self.nights.file_replaced(run)
        return False

    async def _put_away(self, run: RunRecord) -> None:
        """Move the file of a run, and its results, where the job says so and nothing of it is open."""
        after, file = self.job.config.after, Path(run.file)
        if after is None or not file.is_file() or await self.nights.exit_code(run.id) not in _DONE:
            return
        if not await self._is_same(file, run):
            # What an earlier night began to read is taken in this one.
            if run.file in self._contents:
                self._notes.append(
                    f"{file} changed while run {run.name} was going. It is not moved; the next night takes it"
                )
                self._codes.append(Exit.WRONG_USAGE)
            return
        if (found := self._file_wait.look(file)) is not None:
            self._notes.append(f"{file} is not moved yet: it {found.reason}")
            return
        results = Path(run.results)
        # Not whatever stands at the usual place: a person may have changed what an earlier run wrote there.
        failed = [Path(written)] if (written := await self.nights.failed_file(run.id)) else []
        try:
            moved = move_away(file, [results, *failed], self.job.folder / after.move_to)
        except OSError as error:
            self._notes.append(f"{file} could not be moved to {after.move_to}: {error.strerror}")
            self._codes.append(Exit.WRONG_USAGE)
            return
        if results in moved:
            where = str(moved[results].resolve())
            there = next((str(moved[one].resolve()) for one in failed if one in moved), "")
            await self.nights.results_moved(run.id, where, there)
            self._steps = [_at(step, run.name, where, there) for step in self._steps]
        self._notes.append(f"moved to {moved[file]}")


async def _content(file: Path) -> str:
    return await asyncio.to_thread(content_fingerprint, Source(file, file.name))


def _at(step: Step, run: str, results: str, failed: str) -> Step:
    moved = replace(step.summary, results=results, failed=failed)
    return step if step.summary.run != run else replace(step, summary=moved)
