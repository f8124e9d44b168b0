"""What checking a file and its portal, or a set-up, has found."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Literal, TypedDict

from launcher.core.summary import Exit
from launcher.messages import Text


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
    remedy: str = ""
    """What to do about it; empty where all is well."""


def ok(check: str, found: str) -> Diagnosis:
    """All is well there."""
    return Diagnosis(check=check, level=Level.OK, found=found)


def warning(check: str, found: str, remedy: str) -> Diagnosis:
    """Somebody should see to it."""
    return Diagnosis(check=check, level=Level.WARNING, found=found, remedy=remedy)


def trouble(check: str, found: str, remedy: str) -> Diagnosis:
    """It has to be fixed."""
    return Diagnosis(check=check, level=Level.TROUBLE, found=found, remedy=remedy)


def trouble_of(check: str, message: str, remedy: str) -> Diagnosis:
    """The trouble that an error's message tells; what the message says to do is the remedy."""
    found, *rest = _WHAT_TO_DO.split(message, maxsplit=1)
    return trouble(check, found, rest[0] if rest else remedy)


_WHAT_TO_DO = re.compile(r"; (?!known: |the )|: (?=put |say |write )")
"""Our messages say what is wrong, then what to do."""

ROWS_NAMED = 1000
"""Row numbers that are kept of one finding; its count goes on."""


class Severity(IntEnum):
    """What a finding means, the gravest first."""

    STOPS = 0
    """A run could start nothing, or would be stopped."""
    ROWS = 1
    """These rows would not start."""
    WARNING = 2
    """A run would go on; whoever reads it may want something else."""
    NOTE = 3
    """Good to know; also what could not be checked."""

    @property
    def word(self) -> SeverityWord:
        """As reports name it."""
        return _WORDS[self]


SeverityWord = Literal["stops", "rows", "warning", "note"]

_WORDS: dict[Severity, SeverityWord] = {
    Severity.STOPS: "stops",
    Severity.ROWS: "rows",
    Severity.WARNING: "warning",
    Severity.NOTE: "note",
}


class FindingDocument(TypedDict):
    """One thing that a check has found."""

    severity: SeverityWord
    """`stops`: a run would start nothing, or would be stopped; `rows`: these rows would not start; `warning`: a
    run would go on, perhaps not as intended; `note`: good to know."""
    code: str
    """Groups equal findings."""
    text: str
    """For people; of several rows, about the first."""
    rows: int
    """How many rows it is about; 0 if it is about the file, the job or the portal."""
    row_numbers: list[int]
    """Their numbers as the spreadsheet shows them; at most 1000."""


@dataclass(slots=True)
class Finding:
    """One thing found, with the rows that it is about; none where it is about all or none of them."""

    severity: Severity
    code: str
    """In two words, by which rows are counted together."""
    text: Text
    """For the person; of several rows, about the first."""
    row_numbers: list[int] = field(default_factory=list)
    """At most ROWS_NAMED."""
    rows: int = 0

    def to_dict(self) -> FindingDocument:
        """Return its entry of the document of `--json`."""
        return {
            "severity": self.severity.word,
            "code": self.code,
            "text": str(self.text),
            "rows": self.rows,
            "row_numbers": self.row_numbers,
        }


class Findings:
    """All that was found, once each."""

    def __init__(self) -> None:
        self._found: dict[tuple[Severity, str, str], Finding] = {}
        self.refused = False
        """Whether it is the portal that would stop a run, and not the configuration or the file."""

    def add(self, severity: Severity, code: str, text: Text, *, refused: bool = False) -> None:
        """Something about the whole run."""
        self._found.setdefault((severity, code, str(text)), Finding(severity, code, text))
        self.refused |= refused

    def add_row(self, severity: Severity, code: str, row_number: int, text: str) -> None:
        """Something about one row."""
        finding = self._found.setdefault((severity, code, ""), Finding(severity, code, text))
        finding.rows += 1
        if len(finding.row_numbers) < ROWS_NAMED:
            finding.row_numbers.append(row_number)

    def sorted(self) -> list[Finding]:
        """The gravest first, then what is about most rows; row numbers in the file's order."""
        for found in self._found.values():
            found.row_numbers.sort()
        return sorted(self._found.values(), key=lambda found: (found.severity, -found.rows))

    @property
    def exit_code(self) -> Exit:
        """The exit code of a check that found this."""
        worst = min((found.severity for found in self._found.values()), default=Severity.NOTE)
        if worst is Severity.STOPS:
            return Exit.STOPPED if self.refused else Exit.WRONG_USAGE
        return Exit.SOME_NOT_STARTED if worst is Severity.ROWS else Exit.ALL_STARTED


def row_ranges(row_numbers: list[int], rows: int, most: int = 8) -> str:
    """`3, 7-9, 15` for these rows, and how many more there are: `(+120)`."""
    ranges: list[list[int]] = []
    for number in row_numbers:
        if ranges and number == ranges[-1][-1] + 1:
            ranges[-1][1:] = [number]
        else:
            ranges.append([number])
    shown = ranges[:most]
    told = sum(run[-1] - run[0] + 1 for run in shown)
    text = ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in shown)
    return f"{text} (+{rows - told:,})" if rows > told else text
