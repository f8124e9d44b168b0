"""From a cell's text to the value as the portal takes it, by the template's own type."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from launcher.core.columns import folded
from launcher.core.model import Value
from launcher.core.parameters.dates import DateFormat, read_date, read_datetime, with_offset
from launcher.core.parameters.scalars import read_binding, read_bool, read_double, read_int, read_select
from launcher.core.templates import FILE, Parameter
from launcher.core.words import quoted
from launcher.errors import RowError

People = Mapping[str, tuple[str, ...]]
"""Who was looked up, as `person_key` writes it → the IDs of those who are called so; none, one or more."""

_NUMBER = re.compile(
    r"(?:user_)?0*([1-9]\d{0,9})(?:\.0+)?|.*\[(?:user_)?([1-9]\d{0,9})\]", re.IGNORECASE | re.ASCII | re.DOTALL
)
"""`14`, `user_14`, and `Vera Orlova [14]` as the portal itself shows people."""


def person_key(text: str) -> str:
    """What a person is looked up by: case and spaces aside; empty where the text names nobody.

    A number is not looked up.
    """
    name = folded(text)
    return name if any(mark.isalpha() for mark in name) and _NUMBER.fullmatch(text.strip()) is None else ""


def person_search(name: str) -> dict[str, object]:
    """The parameters of `user.get` that find this person. Source: official REST documentation, "user.get"."""
    written = " ".join(name.split())
    return {"FILTER": {"EMAIL" if "@" in written else "NAME_SEARCH": written}}


def people_found(name: str, listed: object) -> tuple[str, ...]:
    """The IDs of those in an answer of `user.get` who are active and have exactly that e-mail or full name.

    The portal finds by words and beginnings, so it lists others too.
    """
    users = [user for user in listed if isinstance(user, dict)] if isinstance(listed, list) else []
    key = person_key(name)
    return tuple(str(user.get("ID")) for user in users if _is_active(user) and key in _keys(user))


def _is_active(user: Mapping[str, object]) -> bool:
    return user.get("ACTIVE", True) in (True, "Y", "1", 1, "true")


def _keys(user: Mapping[str, object]) -> set[str]:
    """All that this person is called by."""
    first, second, last = (str(user.get(field) or "") for field in ("NAME", "SECOND_NAME", "LAST_NAME"))
    names = (f"{first} {last}", f"{last} {first}", f"{first} {second} {last}", f"{last} {first} {second}")
    return {person_key(name) for name in (*names, str(user.get("EMAIL") or ""))} - {""}


def read_user(text: str, people: People) -> str:
    """`user_14`."""
    if found := _NUMBER.fullmatch(text.strip()):
        return f"user_{found[1] or found[2]}"
    key = person_key(text)
    if not key:
        raise RowError("bad person", "not-a-person", quoted=quoted(text))
    if key not in people:
        raise RowError("bad person", "people-not-readable", quoted=quoted(text))
    ids = people[key]
    if not ids:
        raise RowError("bad person", "no-such-person", quoted=quoted(text))
    if len(ids) > 1:
        raise RowError(
            "unclear person", "several-people", quoted=quoted(text), ids=len(ids), listed=", ".join(ids)
        )
    return f"user_{ids[0]}"


_TEXTS = frozenset({"string", "text"})
_USER, _BINDING = "user", "uf:crm"
DATES = frozenset({"date", "datetime"})
KNOWN_TYPES = _TEXTS | DATES | {_USER, _BINDING, FILE, "bool", "int", "double", "select"}
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
            raise RowError("blank parameter", "value-required")
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
        if self.parameter.type not in DATES:
            return local
        return with_offset(local, self._surroundings.offset, self._surroundings.zone)


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
