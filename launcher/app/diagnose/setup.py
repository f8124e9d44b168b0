"""What is looked at: settings, ledger, and why one of them is not there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from launcher.core.health import Diagnosis
from launcher.ledger import Ledger, examine, open_ledger, sqlite_file
from launcher.settings import Settings, SettingsError, load_settings
from launcher.settings.places import ledger_location


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """Everything that can be looked at without changing it."""

    named_ledger: str
    """The ledger that was asked for; empty: the one of the configuration, or the usual one."""
    settings: Settings | None
    settings_error: str
    ledger_file: Path | None
    ledger_diagnosis: Diagnosis | None
    """None where it is not known which ledger it is."""
    ledger: Ledger | None
    """None where it cannot be read as it is."""


@asynccontextmanager
async def open_setup(config: Path | None, named_ledger: str) -> AsyncIterator[Setup]:
    """Give what that configuration and that ledger hold. No ledger is made or migrated."""
    settings, error, location = None, "", named_ledger
    try:
        settings = load_settings(config)
        location = ledger_location(settings, named_ledger)
    except SettingsError as caught:
        error = str(caught)
    diagnosis, ledger = None, None
    async with AsyncExitStack() as opened:
        if location:
            diagnosis, sound = await examine(location)
            if sound:
                ledger = await opened.enter_async_context(open_ledger(location))
        yield Setup(
            named_ledger=named_ledger,
            settings=settings,
            settings_error=error,
            ledger_file=sqlite_file(location) if location else None,
            ledger_diagnosis=diagnosis,
            ledger=ledger,
        )
