"""Whether a file is still being written, by its time of change and its end. Times are seconds since 1970."""

from __future__ import annotations

from dataclasses import dataclass

from launcher.core.words import duration

OPEN_LINE_S = 600.0
"""A last line without its end is taken as it stands after that time: many programs never end the last line."""


@dataclass(frozen=True, slots=True)
class BeingWritten:
    """A program may still be writing the file."""

    reason: str
    """Of the file: `was changed 3.0 s ago`."""
    wait_s: float
    """The file is complete after that time, unless it is changed again."""


def being_written(
    changed_at: float, now: float, settled_after_s: float, *, lacks_line_end: bool
) -> BeingWritten | None:
    """Return why the file is not taken yet; None if it is taken. With `settled_after_s` 0 it always is."""
    age_s = now - changed_at
    wait_s = settled_after_s - age_s
    if settled_after_s == 0:
        return None
    if age_s < 0:
        # A clock was set back, or that of a file server is ahead: the file may have been changed just now.
        return BeingWritten(f"has a time of change {duration(-age_s)} in the future; check the clocks", wait_s)
    if wait_s > 0:
        return BeingWritten(f"was changed {duration(age_s)} ago and may still be being written", wait_s)
    if lacks_line_end and age_s < OPEN_LINE_S:
        ago = f"was changed {duration(age_s)} ago"
        return BeingWritten(
            f"ends without a line end, so its last line may be half written; it {ago}", OPEN_LINE_S - age_s
        )
    return None
