"""What looking for trouble has found."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    """Runs work; somebody should see to it."""
    TROUBLE = "trouble"
    """A run does not work, or a secret is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """One thing that was looked at."""

    check: str
    level: Level
    found: str
    mend: str = ""
    """What to do about it; empty where all is well."""


def ok(check: str, found: str) -> Diagnosis:
    """All is well there."""
    return Diagnosis(check=check, level=Level.OK, found=found)


def warning(check: str, found: str, mend: str) -> Diagnosis:
    """Somebody should see to it."""
    return Diagnosis(check=check, level=Level.WARNING, found=found, mend=mend)


def trouble(check: str, found: str, mend: str) -> Diagnosis:
    """It has to be mended."""
    return Diagnosis(check=check, level=Level.TROUBLE, found=found, mend=mend)


def trouble_of(check: str, message: str, mend: str) -> Diagnosis:
    """The trouble that an error's message tells; what the message says to do is the mend."""
    found, *rest = _WHAT_TO_DO.split(message, maxsplit=1)
    return trouble(check, found, rest[0] if rest else mend)


_WHAT_TO_DO = re.compile(r"; (?!known: |the )|: (?=put |say |write )")
"""Our messages say what is wrong, then what to do."""
