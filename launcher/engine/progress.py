"""What is known of a run while it goes, for whoever shows it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from launcher.core.model import State
from launcher.core.states import SENDABLE
from launcher.core.summary import Counts


@dataclass(slots=True)
class Progress:
    """Counts since the sitting began. One task at a time changes it, so no lock is needed."""

    rows: int = 0
    """Rows that the run has; grows while the file is read."""
    expected_rows: int = 0
    """Rows that it will have."""
    settled: Counter[State] = field(default_factory=Counter)
    """Rows that need nothing more in this sitting, by state."""
    settled_before: int = 0
    """Of these, settled by earlier sittings."""
    requests: int = 0
    waiting: str = ""
    """What every worker waits for, in words: `rate limit, 0.4 s`. Empty where none does."""

    def begin(self, counts: Counts) -> None:
        """Take account of what earlier sittings of the run have settled."""
        self.rows = counts.total
        for state, number in counts.by_state.items():
            if state not in SENDABLE:
                self.settled[state] += number
        self.settled_before = self.done

    def doubted(self, rows: int) -> None:
        """So many started rows are unknown now: another row got the same workflow ID."""
        self.settled[State.STARTED] -= rows
        self.settled[State.UNKNOWN] += rows

    def reconciled(self, found: int) -> None:
        """So many unknown rows were found running."""
        self.settled[State.UNKNOWN] -= found
        self.settled[State.STARTED] += found
        self.waiting = ""

    @property
    def done(self) -> int:
        return self.settled.total()
