"""config.yaml as types. A key that is not here is an error."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr, model_validator

from launcher.settings.fields import Strict
from launcher.settings.jobs import JobConfig
from launcher.settings.notify import NotifyConfig
from launcher.settings.portals import PortalConfig


class Config(Strict):
    """The whole file."""

    portal: PortalConfig | None = None
    portals: dict[str, PortalConfig] = Field(default_factory=dict)
    jobs: dict[str, JobConfig] = Field(default_factory=dict)
    ledger: SecretStr = SecretStr("")
    """Path or URL; a URL of PostgreSQL may hold a password."""
    notify: NotifyConfig | None = None
    """Who is told of nights; a job's own `notify:` stands for it."""
    metrics_file: Path | None = None
    """Where figures for Prometheus go after each run; relative to the configuration file."""

    @model_validator(mode="after")
    def _portal_or_portals(self) -> Config:
        if self.portal is not None and self.portals:
            raise ValueError("either portal: or portals: is expected, and not both")
        return self

    @model_validator(mode="after")
    def _moves_no_file_of_another_job(self) -> Config:
        for name, job in self.jobs.items():
            others = [other for other, its in self.jobs.items() if its.file == job.file and other != name]
            if job.file and job.after is not None and others:
                raise ValueError(
                    f"jobs: {name}: after: would move the file away before the job {others[0]}, which has the "
                    f"same file:, has taken it; leave after: out, or give each job a file of its own"
                )
        return self
