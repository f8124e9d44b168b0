"""Whether a file is still being written, judged by when it was changed. Times are seconds since 1970."""

from __future__ import annotations

from dataclasses import dataclass

from launcher.core.words import duration


@dataclass(frozen=True, slots=True)
class BeingWritten:
    """A program may still be writing the file."""

    reason: str
    """Of the file: `was changed 3.0 s ago`."""
    wait_s: float
    """The file is complete after that time, unless it is changed again."""


def being_written(changed_at: float, now: float, settled_after_s: float) -> BeingWritten | None:
    """Return why the file is not taken yet; None if it is taken. With `settled_after_s` 0 it always is."""
    age_s = now - changed_at
    if settled_after_s == 0 or age_s >= settled_after_s:
        return None
    wait_s = settled_after_s - age_s
    if age_s < 0:
        # A clock was set back, or that of a file server is ahead: the file may have been changed just now.
        return BeingWritten(f"has a time of change {duration(-age_s)} in the future; check the clocks", wait_s)
    return BeingWritten(f"was changed {duration(age_s)} ago and may still be being written", wait_s)
