"""A row's changes of state in SQL, made from core's table: an event that the table does not have finds no row.

Nothing else in the ledger writes a state into a row that is there.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Update, literal_column, or_, update

from launcher.core.model import State
from launcher.core.states import Event, sources, target
from launcher.ledger.schema import rows


def may(event: Event) -> ColumnElement[bool]:
    """Return the condition that a row is in a state in which that may happen to it."""
    # Spelt out: a list cannot be bound in a statement for many rows.
    return or_(*(rows.c.state == _literal(state) for state in sorted(sources(event))))


def move(event: Event) -> Update:
    """Return the update that has it happen to those rows to which it may, as far as states go."""
    return update(rows).where(may(event)).values(state=_literal(target(event)))


def _literal(state: State) -> ColumnElement[str]:
    # Not bound: a bound value among those of each row would have all of them put in order anew.
    return literal_column(f"'{state.value}'")
