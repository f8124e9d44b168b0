"""Settings from the configuration file, the environment and .env, and where the files beside it are."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values
from platformdirs import user_data_path
from pydantic import SecretStr, ValidationError

from launcher.core.words import nearest
from launcher.errors import SettingsError
from launcher.redact import register_parts
from launcher.settings.config import Config, JobConfig
from launcher.settings.credentials import Environment, Surroundings, completed
from launcher.settings.notify import NotifyConfig
from launcher.settings.portals import PortalConfig
from launcher.settings.yaml_file import YamlFile, read_yaml, validation_errors

_PLACEHOLDER = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
DEFAULT_CONFIG = Path("config.yaml")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the person configured, and where."""

    config: Config
    path: Path | None
    """The configuration file, or None where there is none."""
    environment: Environment

    @property
    def folder(self) -> Path | None:
        """Where the configuration file is."""
        return None if self.path is None else self.path.resolve().parent

    def job(self, name: str | None) -> tuple[str, JobConfig] | None:
        """The job of that name, or the only one; None where none was named and none is configured."""
        jobs = self.config.jobs
        if name is None:
            if len(jobs) > 1:
                raise SettingsError("job-not-named", path=self.path, jobs=", ".join(jobs))
            name = next(iter(jobs), None)
            if name is None:
                return None
        if name not in jobs:
            known = f"the jobs are {', '.join(jobs)}" if jobs else "no jobs are configured"
            raise SettingsError("no-such-job", name=name, nearest=nearest(name, jobs), known=known)
        job = jobs[name]
        # Not of notify: whoever cannot be notified keeps no row from starting.
        _no_placeholder_left(job.model_dump_json(exclude={"notify"}), f"jobs: {name}:")
        return name, job

    def notify(self, name: str) -> NotifyConfig | None:
        """Who is notified of that job's runs; None: nobody. Its secrets are hidden. Raises SettingsError."""
        found = self.config.jobs[name].notify or self.config.notify
        if found is None:
            return None
        secrets = list(found.apprise)
        if found.email is not None:
            secrets.append(found.email.password)
            _no_placeholder_left(found.email.model_dump_json(), "notify: email:")
        for secret in secrets:
            _no_placeholder_left(secret.get_secret_value(), "notify:")
            register_parts(secret.get_secret_value())
        if found.email is None or found.email.ca_file is None:
            return found
        ca_file = self.surroundings("").place(found.email.ca_file)
        return found.model_copy(update={"email": found.email.model_copy(update={"ca_file": ca_file})})

    def ping(self, name: str) -> SecretStr:
        """The address of a service that notices when a run of that job is missing. Raises SettingsError."""
        found = self.config.jobs[name].ping
        _no_placeholder_left(found.get_secret_value(), f"jobs: {name}: ping:")
        if found.get_secret_value() and not found.get_secret_value().startswith(("https://", "http://")):
            raise SettingsError("ping-not-https", name=name)
        register_parts(found.get_secret_value())
        return found

    def portal(self, name: str | None) -> PortalConfig:
        """The portal of that name, or the only one, with what it is called with. Raises SettingsError."""
        return self._complete(*self.entry(name))

    def all_portals(self) -> list[PortalConfig]:
        """Every configured portal of which it is known how it is called, or the one that needs no entry."""
        if not self.config.portals:
            return [self.portal(None)]
        found, problems = [], []
        for name, portal in self.config.portals.items():
            try:
                found.append(self._complete(name, portal))
            except SettingsError as problem:
                problems.append(problem)
        if not found:
            raise problems[0]
        return found

    def surroundings(self, name: str) -> Surroundings:
        """What a portal's entry is completed with."""
        return Surroundings(name=name, folder=self.folder, environment=self.environment)

    def _complete(self, name: str, portal: PortalConfig) -> PortalConfig:
        found = completed(portal, self.surroundings(name))
        _no_placeholder_left(found.webhook_url.get_secret_value(), "webhook_url:")
        if found.oauth is not None:
            _no_placeholder_left(found.oauth.client_secret.get_secret_value(), "oauth: client_secret:")
            _no_placeholder_left(found.oauth.model_dump_json(), "oauth:")
        _no_placeholder_left(f"{found.webhook_file} {found.ca_file} {' '.join(found.may_move_to)}", "portal:")
        return found

    def entry(self, name: str | None) -> tuple[str, PortalConfig]:
        """The name and the entry of that portal, or of the only one; the name is empty where it has none."""
        portals = self.config.portals
        if name is not None:
            if name not in portals:
                known = ", ".join(portals) or "none"
                raise SettingsError("no-such-portal", name=name, nearest=nearest(name, portals), known=known)
            return name, portals[name]
        if self.config.portal is not None:
            return "", self.config.portal
        if len(portals) > 1:
            raise SettingsError("job-portal-missing", portals=", ".join(portals))
        return next(iter(portals.items()), ("", PortalConfig()))

    def ledger(self) -> SecretStr:
        """The ledger that the environment, else the file, names; empty where neither does."""
        found = self.environment.launcher_ledger or self.config.ledger
        _no_placeholder_left(found.get_secret_value(), "ledger:")
        return found


def load_settings(config: Path | None) -> Settings:
    """The settings of that file, or of ./config.yaml where there is one, and of the environment.

    `.env` beside the configuration file is read too; the environment comes first. A `${NAME}` that nothing
    defines is an error only once its value is needed. Raises SettingsError.
    """
    path = config if config is not None else (DEFAULT_CONFIG if DEFAULT_CONFIG.is_file() else None)
    env_file = (path.parent if path else Path()) / ".env"
    try:
        known = {**dotenv_values(env_file, encoding="utf-8-sig"), **os.environ}
    except (OSError, UnicodeDecodeError):
        raise SettingsError("cannot-be-read-as-utf-8", path=env_file) from None
    parsed = Config() if path is None else _parse(read_yaml(path), known)
    return Settings(parsed, path, Environment.of(known))


def _parse(file: YamlFile, known: Mapping[str, str | None]) -> Config:
    try:
        return Config.model_validate(_filled_in(file.values, known))
    except ValidationError as error:
        raise SettingsError("given-text", text="\n".join(validation_errors(file, error.errors()))) from None


def _filled_in(value: object, known: Mapping[str, str | None]) -> object:
    """The value with each `${NAME}` replaced where NAME is known."""
    match value:
        case dict():
            return {key: _filled_in(inner, known) for key, inner in value.items()}
        case list():
            return [_filled_in(inner, known) for inner in value]
        case str():
            return _PLACEHOLDER.sub(lambda found: known.get(found[1]) or found[0], value)
        case _:
            return value


def _no_placeholder_left(text: str, place: str) -> None:
    if found := _PLACEHOLDER.search(text):
        raise SettingsError("placeholder-not-defined", place=place, found=found[1])


def ledger_without_config() -> Path:
    """Return the ledger in the person's data folder."""
    return user_data_path("bizproc-launcher", appauthor=False) / "launcher.db"


def ledger_location(settings: Settings, named: str = "") -> str:
    """Return the path or URL of the ledger, which may hold a password.

    `named` comes first, then the environment and the configuration, then the usual place beside the latter.
    """
    named = named or settings.ledger().get_secret_value()
    beside = settings.folder / "launcher.db" if settings.folder is not None else None
    return named or str(beside or ledger_without_config())


def folder_of(settings: Settings) -> Path:
    """Return the folder in which relative paths of the configuration begin."""
    return settings.folder or Path()


def metrics_file(settings: Settings) -> Path | None:
    """Return where the configuration wants metrics written; None if nowhere."""
    named = settings.config.metrics_file
    return None if named is None else folder_of(settings) / named
