"""`where:` of a job: which rows of a file it is for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from launcher.core.columns import Column, column_named, folded


@dataclass(frozen=True, slots=True)
class Condition:
    """A row is taken when its cell is one of these values, or, with `excluded`, none of them.

    Case counts as little as spaces around and between words; a blank value stands for a blank cell.
    """

    column: str
    values: tuple[str, ...]
    excluded: bool = False


class Filter:
    """Conditions bound to one file's headings; a row must meet all of them."""

    def __init__(self, conditions: Sequence[Condition], header: Sequence[str]) -> None:
        """Raises MappingError where a column is missing or ambiguous."""
        self._bound: list[tuple[Column, Condition, frozenset[str]]] = [
            (
                column_named(header, condition.column, "for where:", "where: {column: …}"),
                condition,
                frozenset(map(folded, condition.values)),
            )
            for condition in conditions
        ]

    def why_not(self, cells: Sequence[str], kinds: str) -> str:
        """Why the row is left out, in words for the person; nothing where it is taken. Raises RowError."""
        for column, condition, values in self._bound:
            text = column.text(cells, kinds)
            if (folded(text) in values) is condition.excluded:
                return f'where: the column "{column.heading}" is {_quoted(text)}, {_wanted(condition)}'
        return ""


def _wanted(condition: Condition) -> str:
    listed = ", ".join(map(_quoted, condition.values))
    if condition.excluded:
        return "which is left out" if len(condition.values) == 1 else f"one of {listed}"
    return f"not {listed}" if len(condition.values) == 1 else f"none of {listed}"


def _quoted(text: str) -> str:
    return f'"{text.strip()}"' if text.strip() else "blank"
