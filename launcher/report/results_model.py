"""A row of the results file, and what the two formats share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from launcher.errors import InputError

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


class ResultsError(InputError):
    """The results cannot be written; the text names the file, the reason and the next step."""


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
