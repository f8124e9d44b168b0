"""What several keys of config.yaml are written like, and where columns, parameters and conditions come from."""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from launcher.core.columns import Condition
from launcher.core.parameters import DateFormat, Reading
from launcher.core.sources import Fixed, Formatted, FromColumn, Pattern, Source
from launcher.core.words import nearest, period_s


class Strict(BaseModel):
    """No unknown keys, no change after reading, and no value (it may be a secret) in an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


Period = Annotated[float, BeforeValidator(lambda text: period_s(text) if isinstance(text, str) else text)]
"""Seconds, written as `30m` or `7d`."""


def _share(written: object) -> object:
    """A part of the whole, written as `50%`."""
    if not isinstance(written, str):
        return written
    number, percent, rest = written.strip().partition("%")
    if not percent or rest.strip() or not number.strip().isdecimal() or not 1 <= int(number) <= 100:
        raise ValueError("a share such as 50%, from 1% to 100%, is expected")
    return int(number) / 100


Share = Annotated[float, BeforeValidator(_share)]
"""A part of the whole, written as `50%`."""


def _time_zone(name: str) -> str:
    try:
        return ZoneInfo(name).key if name else ""
    except (ValueError, KeyError, OSError):
        near = nearest(name, available_timezones())
        raise ValueError(
            f'there is no time zone "{name}"{near}; Europe/Berlin or the like is expected'
        ) from None


TimeZone = Annotated[str, AfterValidator(_time_zone)]
"""A name such as `Europe/Berlin`, or nothing."""


def as_list(value: object) -> object:
    """One value stands for a list of it."""
    return value if isinstance(value, list | tuple) else [value]


Values = Annotated[tuple[str, ...], BeforeValidator(as_list)]
"""One text or a list of them."""


class ColumnsConfig(Strict):
    """Which column is what."""

    document: str = ""
    """Empty: the one column with a usual heading, such as ID."""
    template: str = ""
    """The row's own template, where not all have the same."""
    kind: str = ""
    """The row's own kind, where not all have the same."""


class ParameterConfig(Strict):
    """Where a parameter of the template takes its value from, and how it is written there."""

    column: str | None = None
    value: str | None = None
    format: str | None = None
    """A text with headings in it: `Lead {ID}: {Title}`."""
    date_format: str = ""
    """Of the column's dates: `DD.MM.YYYY`."""
    decimal: Literal["", ",", "."] = ""
    """The mark before the fraction of the column's numbers."""
    split: str = Field(";", min_length=1)
    """What parts several values in one cell."""
    default: str = ""
    """Stands in for a blank cell."""

    @model_validator(mode="after")
    def _one_source(self) -> ParameterConfig:
        if sum(value is not None for value in (self.column, self.value, self.format)) != 1:
            raise ValueError("one of column:, value: and format: is expected")
        if self.format is not None:
            Pattern.parse(self.format)
        if self.date_format:
            DateFormat.parse(self.date_format)
        return self

    def source(self) -> Source:
        """Where the value comes from, as core understands it."""
        if self.column is not None:
            return FromColumn(self.column)
        return Fixed(self.value or "") if self.format is None else Formatted(self.format)

    def reading(self) -> Reading:
        """How the cells are written, as core understands it."""
        return Reading(
            date_format=self.date_format, decimal=self.decimal, split=self.split, default=self.default
        )


class ConditionConfig(Strict):
    """`where: {column: Stage, in: [New, "In work"]}`, or `not_in:`."""

    column: str
    taken: Values | None = Field(None, alias="in", min_length=1)
    left_out: Values | None = Field(None, alias="not_in", min_length=1)

    @model_validator(mode="after")
    def _one_list(self) -> ConditionConfig:
        if (self.taken is None) == (self.left_out is None):
            raise ValueError("either in: or not_in: is expected, a list of values, and not both")
        return self

    def condition(self) -> Condition:
        """The same as core understands it."""
        return Condition(self.column, self.taken or self.left_out or (), self.left_out is not None)
