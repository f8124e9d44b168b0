"""Messages as codes with fields. What they say stands in texts/en.toml, apart from what decides."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True, init=False)
class Message:
    """Something that a person should know: a stable code, and what differs from case to case.

    As a text it is English; whoever knows the person's language looks the code up there.
    """

    code: str
    fields: Mapping[str, object]

    def __init__(self, code: str, /, **fields: object) -> None:
        object.__setattr__(self, "code", code)
        object.__setattr__(self, "fields", fields)

    def mapped(self, change: Callable[[object], object]) -> Message:
        """Return the same message with each field changed so."""
        return Message(self.code, **{name: change(value) for name, value in self.fields.items()})

    def __str__(self) -> str:
        try:
            return english()[self.code].format(**self.fields)
        except (OSError, LookupError, ValueError, TypeError, AttributeError):
            # The file of texts may be gone, as in an update beside a daemon, or a text be wrong. That is no
            # reason to end a run in the middle: the code and the fields say it too.
            fields = ", ".join(f"{name} {value}" for name, value in self.fields.items())
            return f"{self.code}: {fields}" if fields else self.code


Text = Message | str
"""A message, or a text that is somebody else's: the portal's, a library's, the system's."""


@cache
def english() -> Mapping[str, str]:
    """Return the English text of each code; fields stand in it as `str.format` has them."""
    return {code: text for code, text in _texts().items() if isinstance(text, str)}


def wording(table: str, name: str) -> str:
    """Return the text of that name in a table of the texts; empty where it has none."""
    try:
        found = _texts()[table]
        return found.get(name, "") if isinstance(found, Mapping) else ""
    except (OSError, LookupError, ValueError):
        return ""


@cache
def _texts() -> Mapping[str, str | Mapping[str, str]]:
    source = resources.files("launcher").joinpath("texts/en.toml").read_text(encoding="utf-8")
    return tomllib.loads(source)
