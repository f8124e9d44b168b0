"""What several keys of config.yaml are written like."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from launcher.core.periods import period_s
from launcher.core.words import nearest


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
