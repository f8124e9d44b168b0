"""What a run came to: counts, and the exit code that follows from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

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
    """Spent working, over all sittings."""
    began_at: float = 0
    """Seconds since 1970."""
    ended_at: float | None = None
    results: str = ""
    failed: str = ""
    """The file of the rows to mend, where one was written."""
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

    def as_json(self) -> dict[str, object]:
        """The one JSON document of the contract."""
        return {
            "run_id": self.run,
            "job": self.job,
            "file": self.file,
            "portal": self.portal,
            "rows": self.counts.total,
            **self.counts.shown(running=self.ending is Ending.RUNNING),
            "requests": self.requests,
            "seconds": round(self.seconds, 3),
            "results": self.results,
            "exit_code": int(self.exit_code),
            "stopped_because": self.stopped_because,
        }
