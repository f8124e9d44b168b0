"""What a use case says while it works. Whoever opens the launcher subscribes; nothing waits for an answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from launcher.engine.cancel import CancelToken
from launcher.engine.progress import Progress


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a person should know, and that stops nothing."""

    text: str


@dataclass(frozen=True, slots=True)
class RunBegan:
    """A run sends its rows from now on."""

    run_id: str
    portal: str
    progress: Progress
    """Kept up to date while the run goes; only to be read."""
    cancel: CancelToken
    """Stops the run in good order."""


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The run sends nothing any more; its results are written next."""

    run_id: str


@dataclass(frozen=True, slots=True)
class Step:
    """How far a use case is; replaces the step before it."""

    text: str


Event = Notice | RunBegan | RunEnded | Step
Subscriber = Callable[[Event], None]


def nobody(_event: Event) -> None:
    """Let the event pass."""
