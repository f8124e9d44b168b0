"""config.yaml as types. A key that is not here is an error."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr, model_validator

from launcher.settings.fields import Strict
from launcher.settings.jobs import JobConfig
from launcher.settings.portals import PortalConfig


class Config(Strict):
    """The whole file."""

    portal: PortalConfig | None = None
    portals: dict[str, PortalConfig] = Field(default_factory=dict)
    jobs: dict[str, JobConfig] = Field(default_factory=dict)
    ledger: SecretStr = SecretStr("")
    """Path or URL; a URL of PostgreSQL may hold a password."""
    metrics_file: Path | None = None
    """Where figures for Prometheus go after each run; relative to the configuration file."""

    @model_validator(mode="after")
    def _portal_or_portals(self) -> Config:
        if self.portal is not None and self.portals:
            raise ValueError("either portal: or portals: is expected, and not both")
        return self
