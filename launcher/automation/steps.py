"""The steps of one job in one scheduled run, and what they come to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from launcher.automation.scheduled import ScheduledJob, exit_code_of_step
from launcher.core.nights import JobResult, Outcome, Step, Way, exit_codes, outcome_of, worst
from launcher.core.summary import Ending, Exit, Summary
from launcher.core.windows import Window, sends_until
from launcher.engine.cancel import CancelToken
from launcher.errors import LauncherError, StoppedError
from launcher.redact import redacted_text


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
