"""People of the portal: by number, or by e-mail or full name, which somebody must look up."""

from __future__ import annotations

import re
from collections.abc import Mapping

from launcher.core.parameters.misfit import MisfitError, shown

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
    name = " ".join(text.split()).casefold()
    return name if any(mark.isalpha() for mark in name) and _NUMBER.fullmatch(text.strip()) is None else ""


def read_user(text: str, people: People) -> str:
    """`user_14`."""
    if found := _NUMBER.fullmatch(text.strip()):
        return f"user_{found[1] or found[2]}"
    key = person_key(text)
    if not key:
        raise MisfitError(
            "bad person", f"{shown(text)} is no person: an ID, an e-mail or a full name is expected"
        )
    if key not in people:
        raise MisfitError(
            "bad person",
            f"{shown(text)} could not be looked up: give the webhook the permission Users (user), "
            "or write an ID",
        )
    ids = people[key]
    if not ids:
        raise MisfitError(
            "bad person", f"nobody active on the portal has exactly the e-mail or full name {shown(text)}"
        )
    if len(ids) > 1:
        raise MisfitError(
            "unclear person", f"{shown(text)} are {len(ids)} people: write the ID, one of {', '.join(ids)}"
        )
    return f"user_{ids[0]}"
