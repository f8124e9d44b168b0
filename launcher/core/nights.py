"""What a night came to: one result for each job, and the exit code of them all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypedDict

from launcher.core.summary import Ending, Exit, RunDocument, Summary

_WORST_FIRST = (
    Exit.STOPPED,
    Exit.PORTAL_IN_USE,
    Exit.WRONG_USAGE,
    Exit.SOME_UNKNOWN,
    Exit.INTERRUPTED,
    Exit.SOME_NOT_STARTED,
    Exit.ALL_STARTED,
)
"""What needs a person most stands first: a portal that refuses, a job that could not begin, rows that may have
started; then what the next night continues by itself, and rows to fix."""


def worst(codes: Iterable[int]) -> Exit:
    """The exit code of several jobs: that which needs a person most; 0 where there is none."""
    found = set(codes)
    return next((code for code in _WORST_FIRST if code in found), Exit.ALL_STARTED)


class Outcome(StrEnum):
    """What became of a job in a night, in words for the person."""

    FINISHED = "finished"
    NOTHING_TO_DO = "nothing to do"
    CONTINUES = "continues next night"
    INTERRUPTED = "interrupted"
    STOPPED = "stopped"
    REFUSED = "could not begin"


_OF_ENDING = {
    Ending.FINISHED: Outcome.FINISHED,
    Ending.PAUSED: Outcome.CONTINUES,
    Ending.INTERRUPTED: Outcome.INTERRUPTED,
    Ending.STOPPED: Outcome.STOPPED,
    Ending.RUNNING: Outcome.STOPPED,
}


def outcome_of(ending: Ending) -> Outcome:
    """What a job came to whose last run ended so."""
    return _OF_ENDING[ending]


class Way(StrEnum):
    """How a night took up a run."""

    RESUMED = "resume"
    RECONCILED = "reconcile"
    BEGUN = "run"


class StepDocument(RunDocument):
    """One run of a scheduled run: its document, and how it was taken up."""

    step: Literal["resume", "reconcile", "run"]
    """`resume`: an earlier run was continued; `reconcile`: the portal was asked about its unknown rows;
    `run`: a new one."""


@dataclass(frozen=True, slots=True)
class Step:
    """One run that a night took up, and what it came to."""

    way: Way
    summary: Summary

    def to_dict(self) -> StepDocument:
        """Return its entry of the document of `--json`."""
        return {"step": self.way.value, **self.summary.to_dict()}


def superseded(steps: Sequence[Step]) -> frozenset[str]:
    """The runs of a night whose file a new run of it took to its end: their rows to fix have been seen to.

    The new one has taken all rows that had not started; a run that was only asked about, or continued,
    has not. Unknown rows stay those of their own run.
    """
    begun = {
        step.summary.file: number
        for number, step in enumerate(steps)
        if step.way is Way.BEGUN and step.summary.ending is Ending.FINISHED
    }
    return frozenset(
        step.summary.run for number, step in enumerate(steps) if number < begun.get(step.summary.file, 0)
    )


def exit_codes(steps: Sequence[Step]) -> list[Exit]:
    """What the runs of a night add to its exit code."""
    over = superseded(steps)
    return [
        Exit.ALL_STARTED
        if step.summary.run in over and step.summary.exit_code is Exit.SOME_NOT_STARTED
        else step.summary.exit_code
        for step in steps
    ]


class JobResultDocument(TypedDict):
    """One job of a scheduled run."""

    job: str
    portal: str
    """Host of the portal; empty if the job could not begin."""
    outcome: Literal[
        "finished", "nothing to do", "continues next night", "interrupted", "stopped", "could not begin"
    ]
    exit_code: int
    """That of the job's run that needs a person most."""
    notes: list[str]
    """Why nothing was done, what was refused, where files were moved to."""
    runs: list[StepDocument]
    """In the order in which they were taken up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResult:
    """What became of one job."""

    job: str
    portal: str
    outcome: Outcome
    exit_code: Exit
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()
    """Why nothing was done, what was refused, where files were moved to."""

    def to_dict(self) -> JobResultDocument:
        """Return its entry of the document of `--json`."""
        return {
            "job": self.job,
            "portal": self.portal,
            "outcome": self.outcome.value,
            "exit_code": int(self.exit_code),
            "notes": list(self.notes),
            "runs": [step.to_dict() for step in self.steps],
        }
