"""People of the portal: by number, or by e-mail or full name, which somebody must look up."""

from __future__ import annotations

import re
from collections.abc import Mapping

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
    name = " ".join(text.split()).casefold()
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
        raise RowError(
            "bad person", f"{quoted(text)} is no person: an ID, an e-mail or a full name is expected"
        )
    if key not in people:
        raise RowError(
            "bad person",
            f"{quoted(text)} could not be looked up: give the webhook the permission Users (user), "
            "or write an ID",
        )
    ids = people[key]
    if not ids:
        raise RowError(
            "bad person", f"nobody active on the portal has exactly the e-mail or full name {quoted(text)}"
        )
    if len(ids) > 1:
        raise RowError(
            "unclear person", f"{quoted(text)} are {len(ids)} people: write the ID, one of {', '.join(ids)}"
        )
    return f"user_{ids[0]}"
