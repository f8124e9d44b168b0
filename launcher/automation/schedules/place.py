"""This machine, as a schedule needs to know it: which program it calls, as whom, and by which scheduler."""

from __future__ import annotations

import getpass
import os
import platform
import shutil
import sys
from pathlib import Path

from launcher.automation.schedules.entries import Place
from launcher.errors import InputError
from launcher.settings import Settings

_LEDGER = "LAUNCHER_LEDGER"
"""A scheduler has not the environment of whoever installs: with another ledger, rows would start twice."""


def place_of(settings: Settings, named_ledger: str = "") -> Place:
    """Return who is called, and where. Raises InputError if there is no configuration file.

    `named_ledger`: that of the command line, which comes first.
    """
    if settings.path is None:
        raise InputError(
            "there is no config.yaml here; schedules are those of its jobs: launcher init writes one"
        )
    named = named_ledger or os.environ.get(_LEDGER, "")
    if "://" in named:
        what = "--ledger" if named_ledger else _LEDGER
        raise InputError(
            f"{what}: a URL may hold a password; name it as ledger: in the configuration, or as {_LEDGER} in "
            ".env beside it, and not in the environment"
        )
    return Place(_program(), settings.path.resolve(), str(Path(named).resolve()) if named else "")


def scheduler_of_machine() -> str:
    """Return which scheduler this machine has: systemd, cron or windows."""
    if platform.system() == "Windows":
        return "windows"
    return "systemd" if Path("/run/systemd/system").is_dir() else "cron"


def user_name() -> str:
    """Return whose schedules they are."""
    return getpass.getuser()


def _program() -> tuple[str, ...]:
    beside = shutil.which("launcher", path=str(Path(sys.executable).parent))
    return (beside,) if beside else (sys.executable, "-m", "launcher")
