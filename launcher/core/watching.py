"""How often a run's workflows are looked at, and how they are described."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from launcher.core.words import counted

LONGEST_WAIT_S = 300.0
_GROWTH = 1.5
_ROWS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Watched:
    """A run's workflows at one moment."""

    started: int = 0
    running: int = 0
    stuck: tuple[tuple[int, str], ...] = ()
    """Row and workflow ID of each that hangs."""

    def text(self) -> str:
        """One line for the person."""
        if not self.started:
            return "no workflow was started"
        if not self.running:
            return f"none of the {counted(self.started, 'started workflow')} runs any more"
        line = f"still running: {self.running:,} of {counted(self.started, 'started workflow')}"
        if not self.stuck:
            return line
        rows = ("row " if len(self.stuck) == 1 else "rows ") + ", ".join(
            str(row) for row, _ in self.stuck[:_ROWS_SHOWN]
        )
        more = ", …" if len(self.stuck) > _ROWS_SHOWN else ""
        return f"{line}, {len(self.stuck):,} of them stuck for over five minutes ({rows}{more})"


def next_wait_s(every_s: float, wait_s: float, *, changed: bool) -> float:
    """Seconds until the next look: longer each time that nothing has changed, five minutes at most."""
    return every_s if changed else max(every_s, min(LONGEST_WAIT_S, wait_s * _GROWTH))


def wait_until_deadline_s(wait_s: float, *, now: float, deadline: float | None) -> float:
    """The wait, cut where the time is over before its end."""
    return wait_s if deadline is None else max(0.0, min(wait_s, deadline - now))


class WorkflowDocument(TypedDict):
    """A workflow, and the row that started it."""

    row: int
    """As the spreadsheet shows it."""
    workflow_id: str


def of_rows(rows: Sequence[tuple[int, str]]) -> list[WorkflowDocument]:
    """Row and workflow ID of each, for the JSON document."""
    return [{"row": row, "workflow_id": workflow_id} for row, workflow_id in rows]
