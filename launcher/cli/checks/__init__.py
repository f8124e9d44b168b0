"""What `launcher doctor` looks at, in the order in which it tells."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from launcher.cli.checks.configuration import check_configuration, check_secrets
from launcher.cli.checks.ledger import check_disk, check_ledger
from launcher.cli.checks.nights import check_schedule, check_telling
from launcher.cli.checks.portal import check_portals
from launcher.cli.checks.runs import check_holders, check_last_night, check_unfinished
from launcher.cli.checks.setup import Setup, looked_up
from launcher.core.health import Diagnosis

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
    check_schedule,
    check_telling,
)
"""Each gives what it found, or nothing where there is nothing to look at. A new check is a line here."""

__all__ = ["CHECKS", "Check", "Setup", "looked_up"]
