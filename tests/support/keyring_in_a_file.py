"""A system keyring for tests: real for the library, kept in a file that the environment names."""

from __future__ import annotations

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError

VARIABLE = "KEYRING_OF_THIS_TEST"


def environment(file: Path) -> dict[str, str]:
    """What a process must have in its environment to use the keyring in that file."""
    return {
        VARIABLE: str(file),
        "PYTHON_KEYRING_BACKEND": f"{__name__}.Keyring",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }


class Keyring(KeyringBackend):
    """Keeps everything in one JSON file."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        return self._read().get(f"{service} {username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        self._write({**self._read(), f"{service} {username}": password})

    def delete_password(self, service: str, username: str) -> None:
        kept = self._read()
        if f"{service} {username}" not in kept:
            raise PasswordDeleteError("no such password")
        del kept[f"{service} {username}"]
        self._write(kept)

    def _read(self) -> dict[str, str]:
        file = Path(os.environ[VARIABLE])
        found: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
        return found

    def _write(self, kept: dict[str, str]) -> None:
        Path(os.environ[VARIABLE]).write_text(json.dumps(kept))
