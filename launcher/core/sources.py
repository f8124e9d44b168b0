"""Where a parameter takes its text from: a column, the same for all rows, or a text such as `Lead {ID}`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from launcher.core.columns import Column, MappingError, column_named, folded
from launcher.errors import LauncherError

_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[^{}]+|[{}]")


class PatternError(LauncherError, ValueError):
    """The text cannot be read; it says what is expected."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A text in parts: those at even places stand as they are, those at odd places are headings."""

    parts: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """`{Heading}` stands for the row's cell, `{{` and `}}` for braces themselves. Raises PatternError."""
        parts = [""]
        for piece in _PIECE.finditer(text):
            written, heading = piece[0], piece[1]
            if heading is not None:
                if not heading.strip():
                    raise PatternError("heading-missing-in-braces", text=text)
                parts += [heading.strip(), ""]
            elif written in ("{{", "}}"):
                parts[-1] += written[0]
            elif written in ("{", "}"):
                raise PatternError("lone-brace", text=text)
            else:
                parts[-1] += written
        return cls(tuple(parts))

    @property
    def headings(self) -> tuple[str, ...]:
        """The headings in it, in their order."""
        return self.parts[1::2]

    def filled(self, cells: Sequence[str]) -> str:
        """The text with these cells in the headings' places."""
        parts = list(self.parts)
        parts[1::2] = cells
        return "".join(parts)


@dataclass(frozen=True, slots=True)
class FromColumn:
    """The parameter takes its value from that column."""

    column: str


@dataclass(frozen=True, slots=True)
class Fixed:
    """The parameter has this value in every row."""

    text: str


@dataclass(frozen=True, slots=True)
class Formatted:
    """The parameter is this text, with the row's cells in the places of its `{headings}`."""

    text: str


Source = FromColumn | Fixed | Formatted


def source_to_plan(source: Source) -> dict[str, str]:
    """The source in JSON's types."""
    match source:
        case FromColumn(column):
            return {"column": column}
        case Fixed(text):
            return {"value": text}
        case Formatted(text):
            return {"format": text}


def source_from_plan(plan: Mapping[str, Any]) -> Source:
    """The source that `source_to_plan` wrote."""
    if "column" in plan:
        return FromColumn(plan["column"])
    return Formatted(plan["format"]) if "format" in plan else Fixed(plan["value"])


@dataclass(frozen=True, slots=True)
class Bound:
    """A source bound to one file's headings: texts with cells between them."""

    pattern: Pattern
    columns: tuple[Column, ...]
    place: str
    """How messages call it."""

    @property
    def is_fixed(self) -> bool:
        """Whether it is the same in every row."""
        return not self.columns

    def take(self, cells: Sequence[str], kinds: str) -> tuple[str, str]:
        """The row's text and its kind. Raises RowError where a cell holds no value that may be used."""
        if self.is_fixed:
            return self.pattern.parts[0], "t"
        texts = [column.text(cells, kinds) for column in self.columns]
        if self.pattern.parts == _ONE_CELL:
            return texts[0], kinds[self.columns[0].index] if kinds else "t"
        return self.pattern.filled(texts), "t"


_ONE_CELL = ("", "", "")


def bound(name: str, source: Source, header: Sequence[str]) -> Bound:
    """The source of that parameter in a file with these headings. Raises MappingError."""
    match source:
        case Fixed(text):
            return Bound(Pattern((_sayable(name, text),)), (), f'the value of the parameter "{name}"')
        case FromColumn(heading):
            column = column_named(header, heading, f'for the parameter "{name}"', f"--param {name}=…")
            place = f'column "{column.heading}"'
            if folded(column.heading) != folded(name):
                place += f', parameter "{name}"'
            return Bound(Pattern(_ONE_CELL), (column,), place)
        case Formatted(text):
            return _formatted(name, text, header)


def _formatted(name: str, text: str, header: Sequence[str]) -> Bound:
    try:
        pattern = Pattern.parse(_sayable(name, text))
    except PatternError as error:
        raise MappingError("bad-format-of-parameter", name=name, reason=error) from None
    columns = tuple(
        column_named(header, heading, f'for the parameter "{name}"', "format:") for heading in pattern.headings
    )
    # Without its headings, since a text of one heading alone is its column's cell.
    texts = tuple("" if place % 2 else part for place, part in enumerate(pattern.parts))
    return Bound(Pattern(texts), columns, f'parameter "{name}"')


def _sayable(name: str, text: str) -> str:
    """The text; raises MappingError where it is broken, as what a terminal passes on in another encoding."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise MappingError("value-not-unicode", name=name) from None
    return text
