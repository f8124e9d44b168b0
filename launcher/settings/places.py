"""Where the ledger and other files of a configuration are."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_data_path

from launcher.settings.load import Settings


def ledger_without_config() -> Path:
    """Return the ledger in the person's data folder."""
    return user_data_path("bizproc-launcher", appauthor=False) / "launcher.db"


def ledger_location(settings: Settings, named: str = "") -> str:
    """Return the path or URL of the ledger, which may hold a password.

    `named` comes first, then the environment and the configuration, then the usual place beside the latter.
    """
    named = named or settings.ledger().get_secret_value()
    beside = settings.path.resolve().parent / "launcher.db" if settings.path is not None else None
    return named or str(beside or ledger_without_config())


def folder_of(settings: Settings) -> Path:
    """Return the folder in which relative paths of the configuration begin."""
    return Path() if settings.path is None else settings.path.resolve().parent


def metrics_file(settings: Settings) -> Path | None:
    """Return where the configuration wants metrics written; None if nowhere."""
    named = settings.config.metrics_file
    return None if named is None else folder_of(settings) / named
