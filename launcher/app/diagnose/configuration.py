"""What is looked at, and whether the configuration is whole and its secrets are closed to others."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from launcher.core.documents import KindError, kind_named
from launcher.core.findings import Diagnosis, ok, trouble, trouble_of, warning
from launcher.core.words import pluralize
from launcher.ledger import Ledger, open_ledger, sqlite_file
from launcher.ledger.upkeep import examine
from launcher.settings import Settings, SettingsError, load_settings
from launcher.settings.load import ledger_location


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


_CHECK, _SECRETS = "configuration", "secrets"
_FIX = "fix it in config.yaml"


async def check_configuration(setup: Setup) -> list[Diagnosis]:
    """Check that the file can be read, every `${NAME}` is defined, and each job can be run."""
    settings = setup.settings
    if setup.settings_error or settings is None:
        return [trouble_of(_CHECK, line, _FIX) for line in setup.settings_error.splitlines()]
    messages = list(dict.fromkeys(_messages(settings)))
    if messages:
        return [trouble_of(_CHECK, message, _FIX) for message in messages]
    where = settings.path or "from the environment alone"
    return [ok(_CHECK, f"{where}: {pluralize(len(settings.config.jobs), 'job')}")]


def _messages(settings: Settings) -> Iterator[str]:
    for name, configured in settings.config.jobs.items():
        try:
            settings.job(name)
            if configured.kind:
                kind_named(configured.kind)
            settings.portal(configured.portal)
        except (SettingsError, KindError) as error:
            yield str(error)
    portals: list[str | None] = [*settings.config.portals]
    for portal in portals or [None]:
        try:
            settings.portal(portal)
        except SettingsError as error:
            yield str(error)


async def check_secrets(setup: Setup) -> list[Diagnosis]:
    """Check that files with secrets or customers' data are their owner's alone."""
    if os.name == "nt":  # its permissions are of another kind
        return []
    found = [
        trouble(_SECRETS, f"{path} can be read by others on this machine; {what}", f"chmod 600 {path}")
        for path, what in _secret_files(setup)
        if path.is_file() and path.stat().st_mode & 0o077
    ]
    if setup.settings is not None and setup.settings.path is not None:
        found += _secret_in(setup.settings.path)
    return found or [ok(_SECRETS, "no file with secrets or customers' data is open to others")]


def _secret_files(setup: Setup) -> Iterator[tuple[Path, str]]:
    """Give each file, and what is in it. Not `webhook_file:` or a sign-in, which are refused if open."""
    if setup.settings is not None:
        folder = setup.settings.path.parent if setup.settings.path else Path()
        yield folder / ".env", "it holds the webhook"
    if setup.ledger_file is not None:
        for ending in ("", "-wal"):
            yield setup.ledger_file.with_name(setup.ledger_file.name + ending), "it holds customers' data"


def _secret_in(config: Path) -> list[Diagnosis]:
    """Warn of a webhook in the configuration file, which people pass on. Its comments may show an example."""
    lines = config.read_text(encoding="utf-8-sig").splitlines()
    if not any("/rest/" in line for line in lines if not line.lstrip().startswith("#")):
        return []
    return [
        warning(
            _SECRETS,
            f"{config} holds the webhook itself",
            "put it into .env as BITRIX24_WEBHOOK_URL=…, and write webhook_url: ${BITRIX24_WEBHOOK_URL}",
        )
    ]
