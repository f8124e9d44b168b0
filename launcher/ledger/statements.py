"""The statements that every row of a run passes through, compiled once, and a row's changes of state as SQL.

A row's changes of state come from core's table: nothing else in the ledger writes a state into a row that is
there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    CursorResult,
    Delete,
    Dialect,
    Insert,
    Select,
    Update,
    bindparam,
    literal_column,
    or_,
    update,
)

from launcher.core.model import Start, State
from launcher.core.states import Event, sources, target
from launcher.ledger.schema import claims, rows

Statement = Insert | Update | Delete | Select[Any]


class Prepared:
    """A statement that takes its values as a tuple, in the order of `names`.

    Compiled once for each dialect: left to itself SQLAlchemy looks at the statement anew each time and makes
    maps and lists of the values, which costs more than what the database does with them. What it gives back
    is as the driver has it.
    """

    def __init__(self, statement: Statement, names: Sequence[str]) -> None:
        """`names`: every value that the statement takes, beside those that stand in it."""
        self._statement = statement
        self._names = list(names)
        self._compiled: dict[str, _Compiled] = {}

    def execute(self, connection: Connection, values: Sequence[object]) -> CursorResult[Any]:
        """Execute it with these values."""
        compiled = self._for(connection.dialect)
        return connection.exec_driver_sql(compiled.text, compiled.ordered(values))

    def executemany(self, connection: Connection, values: Sequence[tuple[object, ...]]) -> None:
        """Execute it once for each of the values, of which there is at least one."""
        compiled = self._for(connection.dialect)
        connection.exec_driver_sql(compiled.text, [compiled.ordered(row) for row in values])

    def _for(self, dialect: Dialect) -> _Compiled:
        if dialect.name not in self._compiled:
            self._compiled[dialect.name] = self._compile(dialect)
        return self._compiled[dialect.name]

    def _compile(self, dialect: Dialect) -> _Compiled:
        is_insert = isinstance(self._statement, Insert) and self._statement.select is None
        compiled = self._statement.compile(dialect=dialect, column_keys=self._names if is_insert else None)
        places = compiled.positiontup or []
        fixed = [name for name in places if name not in self._names]
        unknown = set(self._names) - set(places)
        if unknown or any(compiled.binds[name].required for name in fixed):
            raise ValueError(f"the statement takes {places}, not {self._names}")
        given = self._names + fixed
        order = None if places == self._names else [given.index(name) for name in places]
        return _Compiled(str(compiled), order, tuple(compiled.params[name] for name in fixed))


@dataclass(frozen=True, slots=True)
class _Compiled:
    text: str
    order: list[int] | None
    """Where each of the text's values stands in those that it is given and the `fixed` ones after them; None:
    in its place."""
    fixed: tuple[object, ...]

    def ordered(self, values: Sequence[object]) -> tuple[object, ...]:
        if self.order is None:
            return tuple(values)
        given = (*values, *self.fixed)
        return tuple([given[index] for index in self.order])


class ForRows:
    """A statement about some rows of one run: compiled for each number of them, of which few are in use."""

    def __init__(self, build: Callable[[ColumnElement[bool]], Statement], names: Sequence[str] = ()) -> None:
        """`build` makes the statement from the condition that tells the rows; `names` are its other values."""
        self._build = build
        self._names = names
        self._prepared: dict[int, Prepared] = {}

    def execute(
        self, connection: Connection, run_id: int, row_numbers: Sequence[int], values: Sequence[object] = ()
    ) -> CursorResult[Any]:
        """Execute it for these rows of that run, with the other values."""
        count = len(row_numbers)
        if count not in self._prepared:
            self._prepared[count] = self._prepare(count)
        return self._prepared[count].execute(connection, (*values, run_id, *row_numbers))

    def _prepare(self, count: int) -> Prepared:
        names = [f"b_row_{number}" for number in range(count)]
        these = (rows.c.run_id == bindparam("b_run")) & rows.c.row_number.in_([*map(bindparam, names)])
        return Prepared(self._build(these), (*self._names, "b_run", *names))


def own_claims(connection: Connection, run_id: int, starts: Sequence[Start]) -> None:
    """Have these rows of that run own their start keys, whoever did before."""
    if starts:
        values = [(start.start_key, run_id, start.row_number) for start in starts]
        _owning(connection.dialect.name).executemany(connection, values)


@cache
def _owning(dialect: str) -> Prepared:
    if dialect == "sqlite":
        from sqlalchemy.dialects.sqlite import insert
    else:
        from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]  # of another class
    claim = insert(claims)
    owner = {"run_id": claim.excluded.run_id, "row_number": claim.excluded.row_number}
    return Prepared(
        claim.on_conflict_do_update(index_elements=[claims.c.start_key], set_=owner),
        ("start_key", "run_id", "row_number"),
    )


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
