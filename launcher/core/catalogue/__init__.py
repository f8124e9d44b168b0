"""The one catalogue of errors: of every code what it means, whether anything started, and who can fix it how.

Messages, results files and `launcher explain` all take their words from here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from launcher.core.catalogue.entries import (
    ANSWERS_LOST,
    ANY_CODE,
    ANY_TEXT,
    BUSY,
    ENTRIES,
    PORTAL,
    REFUSED_CALLER,
    SIGNING_IN,
    is_busy,
)
from launcher.core.catalogue.entry import Action, Entry, Started, Who
from launcher.core.words import nearest
from launcher.messages import Message

__all__ = [
    "BUSY",
    "ENTRIES",
    "PORTAL_CODES",
    "STOPPING",
    "Action",
    "Entry",
    "Started",
    "Who",
    "answers_lost_text",
    "cause_text",
    "entry_of",
    "explained",
    "found",
    "given_up_text",
    "is_busy",
    "lost_text",
    "moved_text",
    "refused_caller_text",
    "refuses_caller",
    "row_text",
    "spoken",
    "stop_text",
    "suggestion",
]

PORTAL_CODES: Mapping[str, Entry] = {entry.code: entry for entry in (*PORTAL, *SIGNING_IN) if entry.code}
"""By the portal's code, in capitals."""

STOPPING = frozenset(code for code, entry in PORTAL_CODES.items() if entry.does is Action.STOPS)
"""The portal's codes, in capitals, that stop a run."""

_FIXED_TEXTS = {entry.text: entry for entry in PORTAL if entry.text}
_BY_NAME = {name.casefold(): entry for entry in ENTRIES for name in entry.names}
_FAMILIES = (
    (re.compile(r"TOKEN SERVER: .+"), _BY_NAME["token server"]),
    (re.compile(r"HTTP \d+ without JSON"), _BY_NAME["http 502 without json"]),
    (re.compile(r"HTTP \d+"), _BY_NAME["http 500"]),
)
"""Codes with a number in them."""

_LONGEST = 200


def entry_of(code: str, text: str = "") -> Entry:
    """What stands behind a row's code, or behind the portal's text where it gave no code."""
    if not code:
        return _FIXED_TEXTS.get(text.strip(), ANY_TEXT)
    entry = found(code)
    # One command of a batch may have started something before it was refused with such a code.
    return ANY_CODE if entry is None or entry is REFUSED_CALLER else entry


def refuses_caller(status: int, code: str) -> bool:
    """Whether a whole request with that status and code was refused for who sent it: nothing was started.

    For codes that say nothing more, a blank one too. The portal looks at who calls before it calls the method.
    """
    return status in (401, 403) and code.upper() not in PORTAL_CODES


def found(name: str) -> Entry | None:
    """The entry that a person asks for by its code, its text or another of its names; case does not count."""
    wanted = " ".join(name.split())
    for pattern, entry in _FAMILIES:
        if pattern.fullmatch(wanted.upper().replace("WITHOUT JSON", "without JSON")):
            return entry
    return _BY_NAME.get(wanted.casefold())


def suggestion(name: str) -> str:
    """` (did you mean "NO_AUTH_FOUND"?)`, where a name is near."""
    return nearest(name, [name for entry in ENTRIES for name in entry.names])


def row_text(code: str, text: str) -> str:
    """What became of a row, for its results: the portal's own words, or ours, and then what to do.

    Nothing for a row without either.
    """
    if not code and not text:
        return ""
    entry = entry_of(code, text)
    given = text or entry.meaning
    return f"{given} ({entry.remedy})" if entry.remedy and not entry.says_remedy else given


def spoken(code: str) -> str:
    """The code where people are told it; nothing for a library's name, which says what its text says."""
    entry = found(code) if code else None
    return "" if entry is not None and entry.unspoken else code


def cause_text(code: str, text: str) -> str:
    """Why rows did not start, where no column holds the code: the code, and then as in their results."""
    return ": ".join(part for part in (spoken(code), row_text(code, text)) if part)


def lost_text(cause: str, otherwise: str) -> str:
    """How a request or its answer got lost, by its cause's name; `otherwise` where the name is not known."""
    entry = found(cause)
    given = otherwise if entry is None else entry.meaning
    return f"{given} ({spoken(cause)})" if spoken(cause) else given


def explained(code: str) -> str:
    """What a code of the portal means, and what to do about it, in capitals as it stands in PORTAL_CODES."""
    entry = PORTAL_CODES[code]
    return str(Message("means-and-remedy", meaning=entry.meaning, remedy=entry.remedy))


def stop_text(code: str, text: str = "") -> str:
    """Why a run stops, in words: what is wrong, what to do, the answer of the portal, and where to read."""
    return _stopped_by(entry_of(code, text), text)


def refused_caller_text(code: str, text: str) -> str:
    """The same of a whole request that was refused for who sent it, with that code."""
    return _stopped_by(REFUSED_CALLER, ": ".join(part for part in (code, text) if part))


def _stopped_by(entry: Entry, text: str) -> str:
    answered = " ".join(text.split())
    if len(answered) > _LONGEST:
        answered = answered[: _LONGEST - 1] + "…"
    if answered and answered[-1] not in ".!?…":
        answered += "."
    meaning, remedy, name = entry.meaning, entry.remedy, entry.name
    if answered:
        message = Message("stopped-by-portal", meaning=meaning, remedy=remedy, name=name, answered=answered)
    else:
        message = Message("stopped", meaning=meaning, remedy=remedy, name=name)
    return str(message)


def moved_text(host: str) -> str:
    """The same of a portal that answers at that other host; where it names none, of its redirect."""
    remedy = _BY_NAME["moved"].remedy
    if host:
        return str(Message("stopped-as-portal-moved", host=host, remedy=remedy))
    return str(Message("stopped-by-redirect", remedy=remedy))


def given_up_text(trouble: str, period: str) -> str:
    """Why a run stops in which nothing has got through for so long, for that reason."""
    entry = found(trouble) or _BY_NAME["no connection"]
    return str(Message("given-up", trouble=trouble, period=period, remedy=entry.remedy, name=entry.name))


def answers_lost_text(times: int) -> str:
    """Why a run stops in which that many answers in a row did not come."""
    return str(Message("answers-lost", times=times, remedy=ANSWERS_LOST.remedy, name=ANSWERS_LOST.name))
