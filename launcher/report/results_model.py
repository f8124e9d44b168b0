"""A row of the results file, and what the two formats share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from launcher.core.model import State
from launcher.core.summary import Ending, Summary
from launcher.core.words import duration
from launcher.sheets import SUMMARY_TITLE

LAUNCH_COLUMNS = (
    "launch_row",
    "launch_status",
    "launch_workflow_id",
    "launch_error_code",
    "launch_error",
    "launch_attempts",
    "launch_time",
    "launch_run",
)
CONTROLS = {code: f"\\x{code:02x}" for code in range(32) if chr(code) not in "\t\n\r"}


class ResultRow(NamedTuple):
    """What became of one row: the person's own cells, then ours.

    `cells` has one text for each heading of the file, `kinds` is that of the row that was read.
    """

    cells: tuple[str, ...]
    kinds: str
    row_number: int
    status: str
    workflow_id: str
    error_code: str
    error: str
    attempts: int
    time: str
    run: str

    def launch_cells(self) -> tuple[str, ...]:
        """Our cells, in the order of `LAUNCH_COLUMNS`."""
        return (
            str(self.row_number),
            self.status,
            writable(self.workflow_id),
            writable(self.error_code),
            writable(self.error),
            str(self.attempts),
            self.time,
            self.run,
        )


def writable(text: str) -> str:
    """The text without what no table can hold: control characters, and halves of surrogate pairs.

    A portal's answer may have either, and the results must still read back.
    """
    if text.isprintable():
        return text
    return text.translate(CONTROLS).encode("utf-8", "backslashreplace").decode()


def own_columns(header: Sequence[str]) -> tuple[int, ...]:
    """The columns that are the person's: all but those that an earlier results file added."""
    return tuple(index for index, text in enumerate(header) if text.strip().casefold() not in LAUNCH_COLUMNS)


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
