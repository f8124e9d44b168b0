"""Where a job's columns, parameters and conditions come from."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from launcher.core.filters import Condition
from launcher.core.parameters import DateFormat, Reading
from launcher.core.patterns import Pattern
from launcher.settings.fields import Strict, Values


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
