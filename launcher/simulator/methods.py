"""What a REST method is: it gets a call and gives a reply, or raises a PortalError."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from launcher.simulator.php import Array
from launcher.simulator.state import RequestLog, State

PAGE = 50
"""Elements that a list method gives at once (docs: "List methods")."""


@dataclass(slots=True)
class Call:
    """One call of a method: single, or a command of a batch."""

    state: State
    log: RequestLog
    params: Array
    """With upper-case names on the first level."""
    offset: int = 0
    """`start` of list methods."""
    key: str | None = None
    webhook: bool = True


@dataclass(slots=True)
class Reply:
    """What a method answers, and the seconds that its execution takes."""

    result: Any
    total: int | None = None
    next: int | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Method:
    """One REST method: the scope that it needs ("": none) and what it does."""

    scope: str
    run: Callable[[Call], Reply]


def page(rows: Sequence[Any], offset: int) -> Reply:
    """Return the page of rows that begins at the offset, with total and next as the portal gives them.

    A negative offset asks for the first page uncounted: without total and next.
    """
    if offset < 0:
        return Reply(rows[:PAGE])
    shown = rows[offset : offset + PAGE]
    after = offset + len(shown)
    return Reply(shown, total=len(rows), next=after if after < len(rows) else None)
