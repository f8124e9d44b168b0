"""The columns of a file by their headings, and what of a cell may be used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from launcher.core.documents import KINDS, Kind
from launcher.core.words import nearest
from launcher.errors import InputError, RowError

UNUSABLE_CELLS = {
    "e": "holds an error of the spreadsheet program",
    "f": "holds a formula without a stored value: open the file in the spreadsheet program and save it",
    "r": "holds a number of more than 15 digits, whose end the spreadsheet program has already lost: "
    "store it as text",
}
"""Kinds of cells that must not be taken for a value, by their letter (sheets.Row.kinds), and why."""


class MappingError(InputError):
    """The mapping does not fit the file; the text says what to change."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of one file."""

    index: int
    heading: str

    def text(self, cells: Sequence[str], kinds: str) -> str:
        """The row's cell in it. Raises RowError where it holds no value that may be used."""
        if kinds and (trouble := UNUSABLE_CELLS.get(kinds[self.index])):
            raise RowError("bad cell", "bad-cell-in-column", heading=self.heading, reason=trouble)
        return cells[self.index]


def column_named(header: Sequence[str], wanted: str, purpose: str, option: str) -> Column:
    """The one column with that heading; case and spaces count only where they must. Raises MappingError."""
    found = [index for index, heading in enumerate(header) if heading == wanted]
    if not found:
        found = [index for index, heading in enumerate(header) if folded(heading) == folded(wanted)]
    if not found:
        raise MappingError(
            "no-such-column",
            wanted=wanted,
            purpose=purpose,
            nearest=nearest(wanted, header),
            option=option,
            listed=_listed(header),
        )
    if len(found) > 1:
        places = " and ".join(str(index + 1) for index in found)
        raise MappingError("column-twice", wanted=wanted, purpose=purpose, places=places)
    return Column(found[0], header[found[0]])


def document_column(header: Sequence[str], kind: Kind | None) -> Column:
    """The one column whose heading is a usual one for the ID of such a document, in English or Russian.

    Raises MappingError where there is none, or more than one: nobody but the person can tell which is right.
    """
    usual = _usual_headings(kind)
    found = [index for index, heading in enumerate(header) if _squeezed(heading) in usual]
    what = f"the {kind.name}'s ID" if kind is not None else "the document's ID"
    if not found:
        raise MappingError("no-usual-column", what=what, listed=_listed(header))
    if len(found) > 1 and len({header[index] for index in found}) == 1:
        return column_named(header, header[found[0]], "for the document's ID", "--column")
    if len(found) > 1:
        either = " and ".join(f'"{header[index]}" (column {index + 1})' for index in found)
        raise MappingError("two-usual-columns", either=either, what=what)
    return Column(found[0], header[found[0]])


def _usual_headings(kind: Kind | None) -> frozenset[str]:
    kinds = [kind] if kind is not None else list(KINDS.values())
    words = [word for one in kinds for word in (one.name.replace("-", " "), *one.words)]
    words += ["item", "element", "document", "элемента", "документа"]
    return frozenset(
        _squeezed(heading)
        for heading in (
            *("ID", "ИД", "Идентификатор"),
            *(form.format(word) for word in words for form in ("{} ID", "ID {}", "ИД {}", "{} ИД", "номер {}")),
        )
    )


def folded(text: str) -> str:
    """The text as people compare it: case aside, and one space for any number of them."""
    return " ".join(text.split()).casefold()


def _squeezed(heading: str) -> str:
    return "".join(char for char in heading.casefold() if char.isalnum())


def _listed(header: Sequence[str]) -> str:
    return ", ".join(f'"{heading}"' for heading in header if heading)


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
