"""The files of a configuration are written whole or not at all, and what is secret for its owner alone."""

from __future__ import annotations

import os
import re
from pathlib import Path

from launcher.settings.errors import SettingsError

_PRIVATE, _USUAL = 0o600, 0o644


def write_config(path: Path, text: str) -> None:
    """Write the configuration file. Raises SettingsError."""
    _write(path, text, _USUAL)


def env_value(path: Path, name: str) -> str | None:
    """Return what that file, `.env` or the like, says of the name; None if it says nothing of it."""
    found = [line for line in _lines(path) if _is(line, name)]
    return found[-1].partition("=")[2].strip().strip("'\"") if found else None


def write_env(path: Path, name: str, value: str) -> None:
    """Put `name=value` into the file and keep what else it says; only its owner may read it.

    Raises SettingsError.
    """
    kept = [line for line in _lines(path) if not _is(line, name)]
    _write(path, "\n".join([*kept, f"{name}={value}"]) + "\n", _PRIVATE)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"{path}: cannot be read as UTF-8 text") from None


def _is(line: str, name: str) -> bool:
    return re.match(rf"\s*(?:export\s+)?{re.escape(name)}\s*=", line) is not None


def _write(path: Path, text: str, mode: int) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        # Private from its first byte, and not only once it is complete.
        with os.fdopen(
            os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8"
        ) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise SettingsError(f"{path}: cannot be written: {error.strerror}") from None
