"""What may happen to a row: one table, from which the ledger builds its SQL.

Theory of operation. A row stands in one state, and a state changes only by an event. What the table does not
have cannot happen: the ledger makes each change as `update … where state in (the event's sources)`, so a
second process, a late answer or a mistake of ours finds no row to change. The rule that everything serves can
be read here: what may have started (SENT, STARTED, UNKNOWN) becomes sendable again only by an answer to its own
request that says no, or because a person asks for it (RETRY_UNKNOWN).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from launcher.core.model import State


class Event(StrEnum):
    """What happens to a row."""

    SENT = "sent"
    """It is in a request that is about to leave."""
    TAKEN_OVER = "taken over"
    """Another row has its start key by now, and is sent in its place."""
    ANSWERED_STARTED = "answered: started"
    ANSWERED_REFUSED = "answered: refused"
    """The portal refused this row."""
    ANSWERED_LIMITED = "answered: later"
    """It did not start: a limit, no connection, two workflows on its item."""
    ANSWERED_HALTED = "answered: not in this run"
    """It did not start: the portal refused the run as a whole."""
    ANSWERED_LOST = "no answer"
    """No answer came, or none that says whether it started."""
    DOUBTED = "doubted"
    """The portal gave its workflow ID to another row of the run, too."""
    INTERRUPTED = "interrupted"
    """The process ended before the answer came."""
    RECONCILED = "reconciled"
    """Its workflow was found in the portal."""
    NOT_FOUND = "not found"
    """The portal was asked, and lists no workflow that is certainly the row's."""
    RETRIED = "retried"
    """A person has a refused row sent again."""
    RETRIED_UNKNOWN = "retried, unknown"
    """A person has a row sent again that may have started, having looked."""
    CORRECTED = "corrected"
    """A person has changed the row, and it is to be sent."""
    CORRECTED_INVALID = "corrected, invalid"
    """A person has changed the row, and it is wrong still."""
    CORRECTED_SKIPPED = "corrected, skipped"
    """A person has changed the row into one that is not to be sent."""


TRANSITIONS: Mapping[tuple[State, Event], State] = {
    (State.PENDING, Event.SENT): State.SENT,
    (State.PENDING, Event.TAKEN_OVER): State.SKIPPED,
    (State.DEFERRED, Event.SENT): State.SENT,
    (State.DEFERRED, Event.TAKEN_OVER): State.SKIPPED,
    (State.SENT, Event.ANSWERED_STARTED): State.STARTED,
    (State.SENT, Event.ANSWERED_REFUSED): State.FAILED,
    (State.SENT, Event.ANSWERED_LIMITED): State.DEFERRED,
    (State.SENT, Event.ANSWERED_HALTED): State.PENDING,
    (State.SENT, Event.ANSWERED_LOST): State.UNKNOWN,
    (State.SENT, Event.INTERRUPTED): State.UNKNOWN,
    (State.STARTED, Event.DOUBTED): State.UNKNOWN,
    (State.UNKNOWN, Event.RECONCILED): State.STARTED,
    (State.UNKNOWN, Event.NOT_FOUND): State.UNKNOWN,
    (State.UNKNOWN, Event.RETRIED_UNKNOWN): State.PENDING,
    (State.FAILED, Event.RETRIED): State.PENDING,
    (State.FAILED, Event.CORRECTED): State.PENDING,
    (State.FAILED, Event.CORRECTED_INVALID): State.INVALID,
    (State.FAILED, Event.CORRECTED_SKIPPED): State.SKIPPED,
    (State.INVALID, Event.CORRECTED): State.PENDING,
    (State.INVALID, Event.CORRECTED_INVALID): State.INVALID,
    (State.INVALID, Event.CORRECTED_SKIPPED): State.SKIPPED,
}
"""The state that a row has after an event, for each state in which the event may happen to it."""


def sources(event: Event) -> frozenset[State]:
    """Return the states in which that may happen to a row."""
    return frozenset(state for state, possible in TRANSITIONS if possible is event)


def target(event: Event) -> State:
    """Return the state that the event leads to, the same from each of its sources."""
    [state] = {after for (_, possible), after in TRANSITIONS.items() if possible is event}
    return state


ANSWERS: Mapping[State, Event] = {
    target(event): event
    for event in (
        Event.ANSWERED_STARTED,
        Event.ANSWERED_REFUSED,
        Event.ANSWERED_LIMITED,
        Event.ANSWERED_HALTED,
        Event.ANSWERED_LOST,
    )
}
"""By the state of a verdict, what it says about its row."""

CORRECTIONS: Mapping[State, Event] = {
    target(event): event for event in (Event.CORRECTED, Event.CORRECTED_INVALID, Event.CORRECTED_SKIPPED)
}
"""By the state of a new plan for a row that a person has changed, what happens to the row."""

SENDABLE = sources(Event.SENT)
"""A row in one of these did certainly not start, and waits to be sent."""

TO_FIX = sources(Event.CORRECTED)
"""A row in one of these did not start and wants a person."""

UNSETTLED = SENDABLE | sources(Event.INTERRUPTED)
"""While a run has a row in one of these, it is not over."""

MAY_HAVE_STARTED = frozenset({State.SENT, State.STARTED, State.UNKNOWN})
"""A row in one of these is never sent again by itself."""
