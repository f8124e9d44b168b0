"""Statements for many rows at once."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Dialect, Insert, Update


class ForMany:
    """A statement that takes one tuple for each row, in the order of `names`.

    Compiled once for each dialect: left to itself SQLAlchemy makes maps and lists of every row's values again,
    which costs more than what the database does with them.
    """

    def __init__(self, statement: Insert | Update, names: Sequence[str]) -> None:
        """`names`: every value that the statement takes."""
        self._statement = statement
        self._names = list(names)
        self._compiled: dict[str, tuple[str, list[int] | None]] = {}

    def execute(self, connection: Connection, values: Sequence[tuple[object, ...]]) -> None:
        """Once for each of the values, of which there is at least one."""
        dialect = connection.dialect
        if dialect.name not in self._compiled:
            self._compiled[dialect.name] = self._compile(dialect)
        statement, order = self._compiled[dialect.name]
        if order is not None:
            values = [tuple(row[index] for index in order) for row in values]
        connection.exec_driver_sql(statement, list(values))

    def _compile(self, dialect: Dialect) -> tuple[str, list[int] | None]:
        """The statement's text, and where each of its values stands in a tuple; None: in its place."""
        inserted = self._names if isinstance(self._statement, Insert) else None
        compiled = self._statement.compile(dialect=dialect, column_keys=inserted)
        order = [self._names.index(name) for name in compiled.positiontup or ()]
        if sorted(order) != list(range(len(self._names))):
            raise ValueError(f"the statement takes {compiled.positiontup}, not {self._names}")
        return str(compiled), None if order == sorted(order) else order
