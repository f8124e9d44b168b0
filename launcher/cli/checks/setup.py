"""What is looked at: settings, ledger, and why one of them is not there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from launcher.cli.options import GlobalOptions
from launcher.cli.session import ledger_location
from launcher.core.health import Diagnosis
from launcher.ledger import Ledger, examine, open_ledger, sqlite_file
from launcher.settings import Settings, SettingsError, load_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """Everything that can be looked at without changing it."""

    said: GlobalOptions
    settings: Settings | None
    settings_error: str
    ledger_file: Path | None
    ledger_diagnosis: Diagnosis | None
    """None where it is not known which ledger it is."""
    ledger: Ledger | None
    """None where it cannot be read as it is."""


@asynccontextmanager
async def looked_up(said: GlobalOptions) -> AsyncIterator[Setup]:
    """What those options name. No ledger is made or migrated."""
    settings, error, location = None, "", said.ledger
    try:
        settings = load_settings(said.config)
        location = ledger_location(said, settings)
    except SettingsError as caught:
        error = str(caught)
    diagnosis, ledger = None, None
    async with AsyncExitStack() as opened:
        if location:
            diagnosis, sound = await examine(location)
            if sound:
                ledger = await opened.enter_async_context(open_ledger(location))
        yield Setup(
            said=said,
            settings=settings,
            settings_error=error,
            ledger_file=sqlite_file(location) if location else None,
            ledger_diagnosis=diagnosis,
            ledger=ledger,
        )
