"""What a run came to: counts, and the exit code that follows from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import TypedDict

from launcher.core.model import State
from launcher.errors import (
    InUseError,
    LauncherError,
    NothingToDoError,
    PortalError,
    RunStoppedError,
    StoppedError,
)


class Ending(StrEnum):
    """How a run stands, or how it ended."""

    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"
    """The portal refused the run as a whole, or nothing could be recorded any more."""
    INTERRUPTED = "interrupted"
    """A person or the system asked it to stop."""
    PAUSED = "paused"
    """Its time was over; the next night goes on."""


class Exit(IntEnum):
    """The exit codes of the contract."""

    ALL_STARTED = 0
    SOME_NOT_STARTED = 1
    WRONG_USAGE = 2
    STOPPED = 3
    INTERRUPTED = 4
    SOME_UNKNOWN = 5
    PORTAL_IN_USE = 6


def exit_code_of(error: LauncherError) -> Exit:
    """Return the exit code of a command that such an error ends."""
    match error:
        case InUseError():
            return Exit.PORTAL_IN_USE
        case PortalError(refused=True) | RunStoppedError():
            return Exit.STOPPED
        case StoppedError():
            return Exit.INTERRUPTED
        case NothingToDoError():
            return Exit.ALL_STARTED
        case _:
            return Exit.WRONG_USAGE


SHOWN = (
    State.STARTED,
    State.FAILED,
    State.UNKNOWN,
    State.INVALID,
    State.SKIPPED,
    State.PENDING,
    State.DEFERRED,
)
"""The states of the JSON document, in the contract's order."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows by state."""

    by_state: Mapping[State, int] = field(default_factory=dict)

    def __getitem__(self, state: State) -> int:
        return self.by_state.get(state, 0)

    @property
    def total(self) -> int:
        return sum(self.by_state.values())

    def shown(self, *, running: bool) -> dict[str, int]:
        """The counts of the contract: a sent row counts as pending while the run goes, as unknown after."""
        counted = {state.value: self[state] for state in SHOWN}
        counted[State.PENDING if running else State.UNKNOWN] += self[State.SENT]
        return counted


@dataclass(frozen=True, slots=True)
class UnknownBefore:
    """Rows that a run skipped because an earlier run may have started them, and does not know still."""

    run: str
    """The earlier run, as people name it: `r12`."""
    rows: int


def exit_code(counts: Counts, ending: Ending, unknown_before: Sequence[UnknownBefore] = ()) -> Exit:
    """The exit code of a run that ended so with these rows."""
    match ending:
        case Ending.STOPPED:
            return Exit.STOPPED
        case Ending.INTERRUPTED:
            return Exit.INTERRUPTED
        case Ending.RUNNING | Ending.FINISHED | Ending.PAUSED:
            pass
    shown = counts.shown(running=ending is Ending.RUNNING)
    if shown[State.UNKNOWN] or unknown_before:
        return Exit.SOME_UNKNOWN
    # Rows that wait for the next night are no fault of this one.
    waiting = () if ending is Ending.PAUSED else (State.DEFERRED, State.PENDING)
    if any(shown[state] for state in (State.FAILED, State.INVALID, *waiting)):
        return Exit.SOME_NOT_STARTED
    return Exit.ALL_STARTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One cause for which rows did not start: how many share it, and the first of them with its own text."""

    state: State
    code: str
    text: str
    rows: int
    first_row: int


class RunDocument(TypedDict):
    """One run, as `run`, `resume`, `retry`, `reconcile`, `demo` and `status` give it. Scripts rely on it."""

    run_id: str
    """As commands take it: `r12`. Empty for a dry run."""
    job: str
    """The job's name in the configuration; empty for a run without a job."""
    file: str
    """Path or address of the input."""
    portal: str
    """Host of the portal, and its path if it has one."""
    rows: int
    """All rows; the counts below add up to it."""
    started: int
    """Rows whose workflow the portal started."""
    failed: int
    """Rows that the portal refused; they did not start."""
    unknown: int
    """Rows that may have started: no response was received. Never sent again automatically."""
    invalid: int
    """Rows that are wrong themselves; nothing was sent."""
    skipped: int
    """Rows left out on purpose, for example because an earlier run started them."""
    pending: int
    """Rows not sent yet. Rows in flight count here while the run is going, and as unknown after it."""
    deferred: int
    """Rows that did not start and are sent again later."""
    requests: int
    """HTTP requests sent to the portal."""
    seconds: float
    """Time spent working, added up over all sessions."""
    results: str
    """Path of the results file; `-` for standard output, empty if there is none."""
    exit_code: int
    """The exit code of the run, which `status` gives too although it ends with 0 itself."""
    stopped_because: str
    """Why the run stopped before its end; else empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One run as `run`, `resume` and `status` show it."""

    run: str
    job: str
    file: str
    portal: str
    ending: Ending
    counts: Counts
    requests: int
    seconds: float
    """Spent working, over all sessions."""
    began_at: float = 0
    """Seconds since 1970."""
    ended_at: float | None = None
    results: str = ""
    failed: str = ""
    """The file of the rows to fix, where one was written."""
    stopped_because: str = ""
    causes: tuple[Cause, ...] = ()
    unknown_before: tuple[UnknownBefore, ...] = ()
    pruned: bool = False
    """Whether its rows are gone, but for those that protect against starting twice."""
    ledger_gone: bool = False
    """Whether the ledger's file was removed or replaced: until it is put back, rows would start twice."""

    @property
    def exit_code(self) -> Exit:
        return exit_code(self.counts, self.ending, self.unknown_before)

    def to_dict(self) -> RunDocument:
        """Return the document of `--json`."""
        shown = self.counts.shown(running=self.ending is Ending.RUNNING)
        return {
            "run_id": self.run,
            "job": self.job,
            "file": self.file,
            "portal": self.portal,
            "rows": self.counts.total,
            "started": shown[State.STARTED],
            "failed": shown[State.FAILED],
            "unknown": shown[State.UNKNOWN],
            "invalid": shown[State.INVALID],
            "skipped": shown[State.SKIPPED],
            "pending": shown[State.PENDING],
            "deferred": shown[State.DEFERRED],
            "requests": self.requests,
            "seconds": round(self.seconds, 3),
            "results": self.results,
            "exit_code": int(self.exit_code),
            "stopped_because": self.stopped_because,
        }
