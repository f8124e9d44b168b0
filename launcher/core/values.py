"""A row's parameters: each from its source, and by its template's own type where that is known."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from launcher.core.columns import MappingError
from launcher.core.model import Value
from launcher.core.parameters import DATES, KNOWN_TYPES, Conversion, People, Reading, Surroundings
from launcher.core.sources import Fixed, Source, bound
from launcher.core.templates import FILE, Parameter
from launcher.core.words import nearest
from launcher.errors import RowError


@dataclass(frozen=True, slots=True, kw_only=True)
class Types:
    """What is known of the templates' parameters, and of how the job writes their values."""

    declared: Mapping[int, tuple[Parameter, ...]] = field(default_factory=dict)
    """By template. Parameters of one that is not here go as the texts that they are."""
    readings: Mapping[str, Reading] = field(default_factory=dict)
    """By parameter."""
    offset: str = "+00:00"
    """The portal's own, which times are sent with."""
    time_zone: str = ""
    """The portal's, by its name, if the person configured it."""
    people: People = field(default_factory=dict)
    """Those who were looked up before the first row."""

    def need_offset(self, names: Sequence[str]) -> bool:
        """Whether one of these parameters is a time."""
        return any(parameter.type in DATES for parameter in self._named(names))

    def unknown(self, names: Sequence[str]) -> dict[str, str]:
        """Those of these parameters whose type nobody here knows, and that type."""
        return {each.name: each.type for each in self._named(names) if each.type not in KNOWN_TYPES}

    def _named(self, names: Sequence[str]) -> Iterator[Parameter]:
        every = chain.from_iterable(self.declared.values())
        return (parameter for parameter in every if parameter.name in names)

    @classmethod
    def from_plan(cls, plan: Mapping[str, Any]) -> Types:
        """Return the types of which `asdict` gave this, also if it was JSON meanwhile."""
        return cls(
            declared={
                int(template_id): tuple(Parameter.from_plan(one) for one in parameters)
                for template_id, parameters in plan["declared"].items()
            },
            readings={name: Reading(**reading) for name, reading in plan["readings"].items()},
            offset=plan["offset"],
            time_zone=plan["time_zone"],
            people={key: tuple(ids) for key, ids in plan["people"].items()},
        )


def names_said(sources: Mapping[str, Source], types: Types) -> Iterator[str]:
    """The people whom the job itself names, in values and defaults, and whom somebody must look up."""
    for conversions in _conversions(sources, types, Surroundings()).values():
        for name, conversion in conversions.items():
            source = sources[name]
            yield from conversion.names(source.text if isinstance(source, Fixed) else "")


class Values:
    """The parameters of one job, bound to one file's headings."""

    def __init__(
        self,
        sources: Mapping[str, Source],
        types: Types,
        header: Sequence[str],
        zone: dt.tzinfo | None = None,
    ) -> None:
        """`zone`: the time zone that `types` names.

        Raises MappingError where a column is missing or ambiguous.
        """
        self.people: dict[str, tuple[str, ...]] = dict(types.people)
        """Those who are known so far; whoever looks people up adds them."""
        self._sources = {name: bound(name, source, header) for name, source in sources.items()}
        self._types = types
        surroundings = Surroundings(offset=types.offset, zone=zone, people=self.people)
        self._conversions = _conversions(sources, types, surroundings)
        self._troubles = {
            template_id: why
            for template_id, parameters in types.declared.items()
            if (why := _trouble(sources, parameters))
        }
        self.name_people = any(
            conversion.parameter.type == "user"
            for conversions in self._conversions.values()
            for conversion in conversions.values()
        )
        """Whether a cell may name a person who must be looked up."""

    def check(self, template_id: int) -> None:
        """Raises MappingError where the job does not fit the template that all of its rows have."""
        if template_id not in self._types.declared:
            return
        declared = [parameter.name for parameter in self._types.declared[template_id]]
        for name in self._sources:
            if name not in declared:
                known = ", ".join(f'"{each}"' for each in declared) or "none"
                raise MappingError(
                    "no-such-parameter",
                    template_id=template_id,
                    name=name,
                    nearest=nearest(name, declared),
                    known=known,
                )
        if why := self._troubles.get(template_id):
            raise MappingError("of-template", template_id=template_id, reason=why)
        for name, conversion in self._conversions[template_id].items():
            source = self._sources[name]
            try:
                if source.is_fixed:
                    conversion.convert(source.take((), "")[0])
                elif self._types.readings.get(name, Reading()).default:
                    conversion.convert("")
            except RowError as error:
                place = source.place if source.is_fixed else f'the default of the parameter "{name}"'
                raise MappingError("at-place", place=place, reason=error) from None

    def of(
        self, template_id: int, cells: Sequence[str], kinds: str
    ) -> tuple[dict[str, Value], dict[str, Value]]:
        """What the row sends, and what its start key is made of. Raises RowError."""
        if why := self._troubles.get(template_id):
            raise RowError("bad parameters", "given-text", text=why)
        conversions = self._conversions.get(template_id, {})
        sent: dict[str, Value] = {}
        identity: dict[str, Value] = {}
        for name, source in self._sources.items():
            text, letter = source.take(cells, kinds)
            conversion = conversions.get(name)
            if conversion is None:
                sent[name] = identity[name] = text
                continue
            try:
                converted = conversion.convert(text, letter)
            except RowError as error:
                raise RowError(error.kind, "at-place", place=source.place, reason=error) from None
            identity[name] = converted.identity
            if converted.value is not None:
                sent[name] = converted.value
        return sent, identity

    def names(self, template_id: int, cells: Sequence[str], kinds: str) -> Iterator[str]:
        """The people whom the row names, and whom somebody must look up. Raises RowError."""
        for name, conversion in self._conversions.get(template_id, {}).items():
            if conversion.parameter.type == "user":
                yield from conversion.names(self._sources[name].take(cells, kinds)[0])


def _conversions(
    sources: Mapping[str, Source], types: Types, surroundings: Surroundings
) -> dict[int, dict[str, Conversion]]:
    return {
        template_id: {
            parameter.name: Conversion(parameter, types.readings.get(parameter.name, Reading()), surroundings)
            for parameter in parameters
            if parameter.name in sources
        }
        for template_id, parameters in types.declared.items()
    }


def _trouble(sources: Mapping[str, Source], parameters: Sequence[Parameter]) -> str:
    """Why no row can start a template with these parameters; empty where they can."""
    for parameter in parameters:
        if parameter.name in sources and parameter.type == FILE:
            return (
                f'the parameter "{parameter.name}" takes a file, which a spreadsheet cannot hold; '
                "leave it out of the job"
            )
    missing = [each.name for each in parameters if each.must_be_given and each.name not in sources]
    if not missing:
        return ""
    names = ", ".join(f'"{name}"' for name in missing)
    what = f"the parameter {names} is" if len(missing) == 1 else f"the parameters {names} are"
    return f"{what} required; say where from, with --param {missing[0]}=COLUMN or in the job"
