"""The first configuration: a job in config.yaml, and the webhook in .env beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from launcher.app.portals import access_of
from launcher.portal.access import Access
from launcher.portal.address import AddressError
from launcher.portal.tokens import TokensError
from launcher.settings import SettingsError, load_settings
from launcher.settings.private_files import env_value, write_config, write_env

WEBHOOK_NAME = "BITRIX24_WEBHOOK_URL"

_HEAD = f"""\
# How the launcher reaches your portal, and what it starts there.

portal:
  # Its address is a password: it stands in .env beside this file, and nowhere else.
  webhook_url: ${{{WEBHOOK_NAME}}}
  # standard, enterprise or self-hosted: sets the portal's limits.
  plan: standard

jobs:
"""


def configured_access(config: Path) -> Access | None:
    """Return the access that the environment, .env or that file names already; None if none does."""
    try:
        return access_of(load_settings(config if config.exists() else None).portal(None))
    except (SettingsError, AddressError, TokensError):
        return None


@dataclass(frozen=True, slots=True)
class FirstFiles:
    """The two files. Neither is overwritten unless somebody calls for it."""

    config: Path

    @property
    def env(self) -> Path:
        """The file with the webhook."""
        return self.config.parent / ".env"

    def has_another_webhook(self, url: str) -> bool:
        """Return whether a webhook would be lost if this one is written. Raises SettingsError."""
        return env_value(self.env, WEBHOOK_NAME) not in (None, "", url)

    def write_webhook(self, url: str) -> None:
        """Put the webhook into .env; what else is there stays. Raises SettingsError."""
        write_env(self.env, WEBHOOK_NAME, url)

    def write_config(self, job_entry: str) -> None:
        """Write a configuration with that job. Raises SettingsError."""
        write_config(self.config, _HEAD + job_entry)
