"""Older files of a pattern that `choose: newest` leaves out and that no run of the job has read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from launcher.core.nights import Outcome
from launcher.core.words import counted
from launcher.ledger import NightRecord, RunRecord
from launcher.sheets import fingerprint

_NAMED = 5


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What a scheduled run leaves out."""

    files: tuple[Path, ...]
    """The newest first."""
    by_a_bad_night: bool
    """Some came since the last run, and the night that would have taken them did not come to it."""

    def __str__(self) -> str:
        names = [one.name for one in self.files[:_NAMED]]
        more = len(self.files) - len(names)
        named = ", ".join(names) + (f" and {more:,} more" if more else "")
        return (
            f"choose: newest leaves out {counted(len(self.files), 'older file')} that no run of this job has "
            f"read: {named}. To start the rows of one: launcher run FILE --job NAME"
        )


def left_out(
    older: Sequence[Path], runs: Sequence[RunRecord], last_night: NightRecord | None
) -> LeftOut | None:
    """Return what is left out of these files, the oldest first; None if all were read.

    `runs`: those of the job that have read the whole of their file.
    """
    known = {(run.file, run.fingerprint) for run in runs}
    last_run_at = max((run.created_at for run in runs), default=float("-inf"))
    files, newest_at = [], float("-inf")
    for file in reversed(older):
        try:
            is_known = (str(file.resolve()), fingerprint(file)) in known
            changed_at = file.stat().st_mtime
        except OSError:
            continue  # it has gone meanwhile
        if not is_known:
            files.append(file)
            newest_at = max(newest_at, changed_at)
    if not files:
        return None
    good = (Outcome.FINISHED, Outcome.NOTHING_TO_DO)
    was_bad = last_night is not None and last_night.outcome not in good
    return LeftOut(tuple(files), was_bad and newest_at > last_run_at)
