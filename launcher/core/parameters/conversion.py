"""From a cell's text to the value as the portal takes it, by the template's own type."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from launcher.core.model import Value
from launcher.core.parameters.bindings import read_binding
from launcher.core.parameters.choices import read_bool, read_select
from launcher.core.parameters.date_format import DateFormat
from launcher.core.parameters.dates import read_date, read_datetime, with_offset
from launcher.core.parameters.numbers import read_double, read_int
from launcher.core.parameters.people import People, person_key, read_user
from launcher.core.templates import FILE, Parameter
from launcher.errors import RowError

_TEXTS = frozenset({"string", "text"})
_USER, _BINDING = "user", "uf:crm"
_DATES = frozenset({"date", "datetime"})
KNOWN_TYPES = _TEXTS | _DATES | {_USER, _BINDING, FILE, "bool", "int", "double", "select"}
"""Every other type is passed on as text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How the job says that a parameter's cells are written, where their own text does not."""

    date_format: str = ""
    decimal: str = ""
    """The mark before a number's fraction, `,` or `.`."""
    split: str = ";"
    """What parts the values of one cell for a parameter that takes several."""
    default: str = ""
    """Stands in for a blank cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What of the portal a value depends on."""

    offset: str = "+00:00"
    """The portal's own, as its times show it."""
    zone: dt.tzinfo | None = None
    """The portal's time zone, where it is known: its offset may be another one in summer."""
    people: People = field(default_factory=dict)
    """Those that were looked up; it may grow while rows are read."""


@dataclass(frozen=True, slots=True)
class Converted:
    """A cell as it is sent."""

    value: Value | None
    """None: it is left out, and the portal takes the template's default."""
    identity: Value
    """What the start key is made of: the value, but for what differs from day to day as the portal's offset
    does in summer; a blank where it is left out."""


class Conversion:
    """One parameter of the template, bound to how the job's cells are written."""

    def __init__(self, parameter: Parameter, reading: Reading, surroundings: Surroundings) -> None:
        """Raises DateFormatError."""
        self.parameter = parameter
        self._reading = reading
        self._surroundings = surroundings
        self._read = _reader(parameter, reading, surroundings.people)

    def convert(self, text: str, letter: str = "t") -> Converted:
        """The cell's value; `letter` is the cell's kind as the file knows it. Raises RowError."""
        if not text.strip():
            text, letter = self._reading.default or text, "t"
        parts = self._parts(text, letter)
        if not parts:
            return self._blank(text)
        read = tuple(self._read(part, letter) for part in parts)
        sent = tuple(self._sent(one) for one in read)
        return Converted(sent, read) if self.parameter.multiple else Converted(sent[0], read[0])

    def names(self, text: str) -> Iterator[str]:
        """The people whom this cell names, and whom somebody must look up."""
        if self.parameter.type == _USER:
            text = text if text.strip() else self._reading.default
            for part in self._parts(text, "t"):
                if person_key(part):
                    yield part

    def _blank(self, text: str) -> Converted:
        if self.parameter.must_be_given:
            raise RowError("blank parameter", "it is blank, and the template requires it")
        if self.parameter.type in _TEXTS and not self.parameter.default and not self.parameter.multiple:
            return Converted(text, text)
        return Converted(None, text)

    def _parts(self, text: str, letter: str) -> list[str]:
        """The values in one cell: none where it is blank, and one only where the parameter takes one."""
        if not text.strip():
            return []
        if not self.parameter.multiple or letter in ("n", "d", "D"):
            return [text]
        return [part.strip() for part in text.split(self._reading.split) if part.strip()]

    def _sent(self, local: str) -> str:
        return (
            with_offset(local, self._surroundings.offset, self._surroundings.zone)
            if self.parameter.type in _DATES
            else local
        )


def _reader(parameter: Parameter, reading: Reading, people: People) -> Callable[[str, str], str]:
    """What reads one value of the parameter's type, of its text and its cell's kind."""
    form = DateFormat.parse(reading.date_format) if reading.date_format else None
    decimal, options = reading.decimal, parameter.options
    match parameter.type:
        case "user":
            return lambda text, _: read_user(text, people)
        case "bool":
            return lambda text, _: read_bool(text)
        case "int":
            return lambda text, letter: read_int(text, letter, decimal)
        case "double":
            return lambda text, letter: read_double(text, letter, decimal)
        case "date":
            return lambda text, letter: read_date(text, letter, form)
        case "datetime":
            return lambda text, letter: read_datetime(text, letter, form)
        case "select" if options:
            return lambda text, _: read_select(text, options)
        case "uf:crm":
            return lambda text, _: read_binding(text, options)
        case _:
            return lambda text, _: text
