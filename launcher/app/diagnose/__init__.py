"""What is wrong with a set-up, and what to do about it. Starts nothing and changes nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from launcher.app.diagnose.configuration import Setup, check_configuration, check_secrets, open_setup
from launcher.app.diagnose.ledger import (
    check_disk,
    check_holders,
    check_last_night,
    check_ledger,
    check_unfinished,
)
from launcher.app.diagnose.portal import check_portals
from launcher.app.documents import DiagnosisDocument, DoctorDocument
from launcher.core.findings import Diagnosis, Level
from launcher.redact import redacted_text

Check = Callable[[Setup], Awaitable[list[Diagnosis]]]

CHECKS: tuple[Check, ...] = (
    check_configuration,
    check_secrets,
    check_ledger,
    check_disk,
    check_portals,
    check_holders,
    check_unfinished,
    check_last_night,
)
"""Each gives what it found, or nothing where there is nothing to look at. A new check is a line here."""


@dataclass(frozen=True, slots=True)
class Diagnoses:
    """All that was found, in the order of the checks, without secrets."""

    found: tuple[Diagnosis, ...]

    @property
    def exit_code(self) -> int:
        """1 if there is trouble, 0 if there is none."""
        return int(any(diagnosis.level is Level.TROUBLE for diagnosis in self.found))

    def to_dict(self) -> DoctorDocument:
        """Return the document of `--json`."""
        diagnoses: list[DiagnosisDocument] = [
            {"check": one.check, "level": one.level.value, "found": one.found, "mend": one.remedy}
            for one in self.found
        ]
        return {"diagnoses": diagnoses, "exit_code": self.exit_code}


async def diagnose(config: Path | None, ledger: str, more: Sequence[Check] = ()) -> Diagnoses:
    """Look at the set-up of that configuration, `./config.yaml` by default, and of that ledger.

    `ledger` comes before what the settings say of it. `more`: checks that need what is above this room; they
    come last. A configuration or a ledger that cannot be read is a diagnosis, and raises nothing.
    """
    async with open_setup(config, ledger) as setup:
        found = [one for check in (*CHECKS, *more) for one in await check(setup)]
    return Diagnoses(
        tuple(replace(one, found=redacted_text(one.found), remedy=redacted_text(one.remedy)) for one in found)
    )
