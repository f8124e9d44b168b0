"""Which scheduled run of a job is due, missed or to be continued; and whether a file is being written.

Times are seconds since 1970. What the ledger knows of former nights decides, so that it makes no difference
whether somebody waits for the next due time, comes back after days, or was killed in the middle of a night.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Protocol

from launcher.core.schedules import Schedule
from launcher.core.summary import Exit
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


MOST_MISSED = 100
"""As many are reported, the newest: after a year, a job that is due each minute has missed half a million."""


@dataclass(frozen=True, slots=True)
class Timetable:
    """When a job is due, and for how long a night that was missed is made up for."""

    schedule: Schedule
    zone: tzinfo | None
    catch_up_s: float

    def last_by(self, now: float) -> float:
        """When it was due last."""
        return self.schedule.last_by(now, self.zone)

    def next_after(self, now: float) -> float:
        """When it is due next."""
        return self.schedule.next_after(now, self.zone)


class PastNight(Protocol):
    """A night as the ledger has it."""

    @property
    def due_at(self) -> float | None: ...
    @property
    def begun_at(self) -> float: ...
    @property
    def ended_at(self) -> float | None: ...
    @property
    def exit_code(self) -> int | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What is known of a job's nights."""

    nights: Sequence[PastNight]
    """The newest first."""
    since: float | None = None
    """What was due by then needs nothing more, whatever the ledger says."""
    interrupted_before: float = float("-inf")
    """A night that was interrupted before this is continued; later ones somebody has stopped on purpose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a job stands now."""

    due_at: float | None
    """The due time whose night is to be run now; None: there is nothing to do before `next_at`."""
    taken_up: bool
    """That night had begun already, and was killed or interrupted."""
    missed: tuple[float, ...]
    """Due times that had no night and get none any more; the oldest first, MOST_MISSED of them at most."""
    next_at: float


def standing(timetable: Timetable, past: Past, now: float) -> Standing:
    """What is to be done now about a job.

    It is run for its last due time, where that has had no night to its end and is no longer ago than
    `catch_up`. One night makes up for all due times before it. A night that was killed is continued until so
    long after it had begun. A job that never had a night when it was due waits for its next due time.
    """
    last = timetable.last_by(now)
    settled = _latest([night for night in _known(past, now) if _is_settled(night, past)], past, now)
    due_at, taken_up = None, False
    if settled is not None and last > settled:
        begun = [night.begun_at for night in _known(past, now) if night.due_at == last and not _gave_way(night)]
        taken_up = bool(begun)
        if now - max([last, *begun]) <= timetable.catch_up_s:
            due_at = last
    return Standing(
        due_at=due_at,
        taken_up=taken_up and due_at is not None,
        missed=missed(timetable, past, now),
        next_at=timetable.next_after(now),
    )


def missed(timetable: Timetable, past: Past, now: float) -> tuple[float, ...]:
    """Due times since the last known night that had none, and that are too long ago to be made up for.

    The oldest first, MOST_MISSED of them at most; none of a job that never had a night when it was due.
    """
    begun = [night for night in _known(past, now) if not _gave_way(night)]
    known = _latest(begun, past, now)
    found: list[float] = []
    if known is not None:
        due = timetable.last_by(now)
        while due > known and len(found) < MOST_MISSED:
            if now - due > timetable.catch_up_s:
                found.append(due)
            due = timetable.last_by(due - 1)  # a schedule knows whole minutes
    return tuple(reversed(found))


def taken_up_since(nights: Sequence[PastNight], due_at: float | None) -> float | None:
    """When a night began that is continued by one more for the same due time; None if there is none.

    Each of its beginnings was killed or interrupted. `nights`: the newest first.
    """
    began = None
    for night in nights:
        if due_at is None or night.due_at != due_at:
            break
        if night.ended_at is not None and night.exit_code not in (Exit.INTERRUPTED, Exit.PORTAL_IN_USE):
            break
        if not _gave_way(night):
            began = night.begun_at
    return began


def _known(past: Past, now: float) -> list[PastNight]:
    # Those of the future come from a clock that was wrong: they must not keep the job from running until then.
    return [night for night in past.nights if night.due_at is not None and night.due_at <= now]


def _gave_way(night: PastNight) -> bool:
    """It did nothing, as another run held its portal."""
    return night.exit_code == Exit.PORTAL_IN_USE


def _is_settled(night: PastNight, past: Past) -> bool:
    if night.ended_at is None or _gave_way(night):
        return False
    return night.exit_code != Exit.INTERRUPTED or night.ended_at >= past.interrupted_before


def _latest(nights: Sequence[PastNight], past: Past, now: float) -> float | None:
    """The last due time that such a night had; just before the first one known where none of these did."""
    found = [night.due_at for night in nights if night.due_at is not None]
    if past.since is not None:
        found.append(min(past.since, now))
    first = [night.due_at - 1 for night in _known(past, now) if night.due_at is not None]
    return max(found) if found else min(first, default=None)
