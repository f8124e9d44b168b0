"""A job that knows its file, the steps of its scheduled runs and what they come to, and which came late."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from launcher.app.context import Context
from launcher.app.files import have_same_results, named_by_job
from launcher.app.inputs import Input, load_input
from launcher.app.requests import RunRequest
from launcher.app.runs import reconcile, resume, run
from launcher.core.due import Past, Timetable, missed
from launcher.core.nights import JobResult, Outcome, Step, Way, exit_codes, outcome_of, worst
from launcher.core.schedules import Window, sends_until
from launcher.core.summary import Ending, Exit, Summary, exit_code_of
from launcher.core.words import duration
from launcher.engine.cancel import CancelToken
from launcher.errors import LauncherError, PortalError, StoppedError
from launcher.ledger import Ledger, RunRecord
from launcher.ledger.nights import NightRecord, Nights
from launcher.messages import Message, Text
from launcher.redact import redacted_text
from launcher.settings import JobConfig
from launcher.sheets import WebAddress


@dataclass(frozen=True, slots=True)
class ScheduledJob:
    """A job that knows its file."""

    name: str
    config: JobConfig
    folder: Path
    """Of the configuration file."""
    portal: str


def exit_code_of_step(error: LauncherError) -> Exit:
    """Return the exit code of a job that such an error ends.

    A portal that does not answer stops a job as one that refuses does: nobody is there to try again.
    """
    return Exit.STOPPED if isinstance(error, PortalError) else exit_code_of(error)


@dataclass(frozen=True, slots=True)
class JobRunner:
    """Carries out the steps of one job, on a launcher that is its portal's own.

    Each step raises a child of LauncherError if it cannot be carried out.
    """

    launcher: Context
    job: ScheduledJob

    async def load(self, file: Path | WebAddress) -> Input:
        """Return the file as it stands now."""
        given, folder = await load_input(file, self.job.folder), self.job.folder
        others = [job for name, job in self.launcher.settings.config.jobs.items() if name != self.job.name]
        if any(other.file and have_same_results(other.file, folder, given.origin) for other in others):
            # With the file's name alone, the results of the one job would overwrite those of the other.
            given = replace(given, beside=named_by_job(given.beside, self.job.name))
        return given

    async def begin(self, given: Input, cancel: CancelToken) -> Summary:
        """Take that input through a new run."""
        return await run(self.launcher, RunRequest(file=given, job=self.job.name, scheduled=True), cancel)

    async def resume(self, record: RunRecord, cancel: CancelToken) -> Summary:
        """Take that run to its end, or to where it stops."""
        return await resume(self.launcher, record.name, cancel=cancel)

    async def reconcile(self, record: RunRecord, cancel: CancelToken) -> Summary:
        """Ask the portal about the run's unknown rows."""
        return await reconcile(self.launcher, record.name, cancel=cancel)

    def tell(self, text: Text) -> None:
        """Show the text at once to a person who may be there."""
        self.launcher.tell(Message("of-job", name=self.job.name, text=text))


_NIGHTS = 20


async def lateness(ledger: Ledger, job: ScheduledJob, now: float, late_after_s: float) -> list[str]:
    """Return what there is to say of due times that had no run, and of this one's; nothing if all is well."""
    schedule = job.config.due()
    if schedule is None:
        return []
    timetable = Timetable(schedule, job.config.zone(), job.config.catch_up)
    former = await Nights(ledger, job.name, job.portal).former(_NIGHTS)
    texts = [
        f"there was no night when it was due at {_when(due, timetable)}"
        for due in missed(timetable, Past(nights=former), now)
    ]
    late = _late(timetable, former, now, late_after_s)
    return texts + ([late] if late else [])


def _late(timetable: Timetable, former: Sequence[NightRecord], now: float, late_after_s: float) -> str:
    """Return how late it begins; nothing if it is in time, or if it was not waited for."""
    due = timetable.last_by(now)
    known = [night.due_at for night in former if night.due_at is not None]
    if not known or max(known) >= due or now - due < late_after_s:
        return ""
    return f"it began {duration(now - due)} after it was due at {_when(due, timetable)}"


def _when(at: float, timetable: Timetable) -> str:
    return datetime.fromtimestamp(at, timetable.zone).strftime("%Y-%m-%d %H:%M")


@dataclass
class Steps:
    """Takes steps while there is time for them, and gathers the job's result."""

    job: ScheduledJob
    cancel: CancelToken
    now: Callable[[], float]
    until: float = 0.0
    """When its time is over; known once `open` has returned."""
    outcome: Outcome = Outcome.NOTHING_TO_DO
    _taken: list[Step] = field(default_factory=list)
    _notes: list[str] = field(default_factory=list)
    _codes: list[Exit] = field(default_factory=list)

    def open(self) -> bool:
        """Return whether steps may be taken at all now; if not, the result says why."""
        if self.cancel.is_set:
            return not self.is_over()
        config = self.job.config
        window = Window.parse(config.window) if config.window else None
        until = sends_until(self.now(), window, config.zone(), config.max_duration)
        if until is None:
            self.end(Outcome.CONTINUES, f"it is outside its window, {config.window}")
            return False
        self.until = until
        return True

    async def take(self, way: Way, work: Callable[[CancelToken], Awaitable[Summary]]) -> Summary | None:
        """Do it, and note what came of it; return None if it could not be done."""
        cancel = CancelToken()
        try:
            async with self.cancel.child(self.until, self._time_is_over(), self.now) as cancel:
                summary = await work(cancel)
        except StoppedError:
            code = Exit.INTERRUPTED if cancel.ending is Ending.INTERRUPTED else Exit.ALL_STARTED
            self.end(outcome_of(cancel.ending), cancel.reason, code)
            return None
        except LauncherError as error:
            self.refuse(error)
            return None
        self._taken.append(Step(way, summary))
        if self.outcome is not Outcome.REFUSED:
            self.outcome = outcome_of(summary.ending)
        return summary

    def is_over(self) -> bool:
        """Return whether no more steps may be taken; if so, the result says why."""
        if self.cancel.is_set:
            self.end(Outcome.INTERRUPTED, self.cancel.reason, Exit.INTERRUPTED)
        elif self.now() >= self.until:
            self.end(Outcome.CONTINUES, self._time_is_over())
        else:
            return False
        return True

    def note(self, text: str, code: Exit = Exit.ALL_STARTED) -> None:
        """Add a note for the person, and what it adds to the exit code."""
        self._notes.append(text)
        self._codes.append(code)

    def end(self, outcome: Outcome, note: str, code: Exit = Exit.ALL_STARTED) -> None:
        """Note what the job came to without a step that says so."""
        self.outcome = outcome
        self.note(note, code)

    def nothing_to_do(self, code: Exit) -> None:
        """Note that there was no new file."""
        self.outcome = Outcome.NOTHING_TO_DO
        self._codes.append(code)

    def refuse(self, error: LauncherError) -> None:
        """Note that the job, or a step of it, could not begin."""
        self.end(Outcome.REFUSED, redacted_text(str(error)), exit_code_of_step(error))

    def has_taken(self, run: str) -> bool:
        """Return whether one of the steps was about that run."""
        return any(step.summary.run == run for step in self._taken)

    def results_moved(self, run: str, results: str, failed: str) -> None:
        """Note where the results of that run stand now, and its rows to correct."""
        self._taken = [
            replace(step, summary=replace(step.summary, results=results, failed=failed))
            if step.summary.run == run
            else step
            for step in self._taken
        ]

    def result(self) -> JobResult:
        """Return what the job has come to so far."""
        return JobResult(
            job=self.job.name,
            portal=self.job.portal,
            outcome=self.outcome,
            exit_code=worst([*self._codes, *exit_codes(self._taken)]),
            steps=tuple(self._taken),
            notes=tuple(self._notes),
        )

    def _time_is_over(self) -> str:
        config = self.job.config
        bounds = [f"window: {config.window}"] if config.window else []
        bounds += ["max_duration:"] if config.max_duration is not None else []
        return f"its time was over ({' and '.join(bounds)})"
