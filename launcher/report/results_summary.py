"""The first sheet of a results workbook: what the run came to, and why rows did not start."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from launcher.core.model import State
from launcher.core.summary import Ending, Summary
from launcher.core.words import duration
from launcher.report.results_model import writable
from launcher.sheets import SUMMARY_TITLE

SHEET_NAMES = ("Summary", "Launcher summary")
"""The second where the person's own sheet has the first."""
WIDTHS = (16, 12, 26, 80, 14)
"""Of its columns, in characters."""

Line = tuple[str | int, ...]
Styles = tuple[str, ...]
"""The format of each cell of a line, by its name; those after the last have none."""

_ENDINGS = {
    Ending.RUNNING: "is running",
    Ending.FINISHED: "has finished",
    Ending.STOPPED: "was stopped",
    Ending.INTERRUPTED: "was interrupted",
    Ending.PAUSED: "continues next night",
}


def summary_lines(summary: Summary) -> Iterator[tuple[Line, Styles]]:
    """The sheet's lines, each with its formats."""
    yield (SUMMARY_TITLE,), ("title",)
    yield (), ()
    for label, value in _facts(summary):
        yield (label, value), ("name",)
    yield (), ()
    yield ("State", "Rows"), ("head", "head")
    for state, count in summary.counts.shown(running=summary.ending is Ending.RUNNING).items():
        if count:
            yield (state, count), (state, "count")
    yield ("all", summary.counts.total), ("name", "count")
    if summary.causes:
        yield (), ()
        yield ("Did not start", "Rows", "Code", "Cause, as in the example row", "Example row"), ("head",) * 5
        for cause in summary.causes:
            state = (State.UNKNOWN if cause.state is State.SENT else cause.state).value
            cells = state, cause.rows, writable(cause.code), writable(cause.text), cause.first_row
            yield cells, (f"{state} top", "count", "top", "wrapped", "top")


def _facts(summary: Summary) -> Iterator[tuple[str, str | int]]:
    yield "Run", summary.run
    if summary.job:
        yield "Job", summary.job
    yield "Portal", summary.portal
    yield "File", writable(Path(summary.file).name)
    because = f": {summary.stopped_because}" if summary.stopped_because else ""
    yield "The run", _ENDINGS[summary.ending] + writable(because)
    yield "Began", shown_time(summary.began_at)
    if summary.ended_at is not None:
        yield "Ended", shown_time(summary.ended_at)
    yield "At work", duration(summary.seconds)
    yield "Requests", summary.requests


@lru_cache(64)  # the rows of one answer have the same
def shown_time(at: float) -> str:
    """Seconds since 1970 as the time on this machine's clock, with its offset."""
    return datetime.fromtimestamp(at).astimezone().isoformat(timespec="seconds")
