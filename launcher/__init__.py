"""Starts a Bitrix24 workflow on every row of a spreadsheet.

The names below are the Python API (docs/python.md); each is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

_EXPORTED = {
    "launcher.app.context": ("Event", "Notice", "RunBegan", "RunEnded", "Step"),
    "launcher.app.launcher": ("Launcher", "run", "run_sync"),
    "launcher.app.requests": ("RetryRequest", "RunRequest"),
    "launcher.app.workflows": ("WatchRequest",),
    "launcher.core.model": ("State",),
    "launcher.core.sources": ("Fixed", "FromColumn"),
    "launcher.core.summary": ("Ending", "Exit", "Summary"),
    "launcher.engine.cancel": ("CancelToken",),
    "launcher.errors": (
        "ConfirmationError",
        "InputError",
        "InUseError",
        "LauncherError",
        "PortalError",
        "RunStoppedError",
    ),
}
"""Module → its names here."""

_MODULES = {name: module for module, names in _EXPORTED.items() for name in names}

__all__ = [
    "CancelToken",
    "ConfirmationError",
    "Ending",
    "Event",
    "Exit",
    "Fixed",
    "FromColumn",
    "InUseError",
    "InputError",
    "Launcher",
    "LauncherError",
    "Notice",
    "PortalError",
    "RetryRequest",
    "RunBegan",
    "RunEnded",
    "RunRequest",
    "RunStoppedError",
    "State",
    "Step",
    "Summary",
    "WatchRequest",
    "run",
    "run_sync",
]

if TYPE_CHECKING:
    from launcher.app.context import Event, Notice, RunBegan, RunEnded, Step
    from launcher.app.launcher import Launcher, run, run_sync
    from launcher.app.requests import RetryRequest, RunRequest
    from launcher.app.workflows import WatchRequest
    from launcher.core.model import State
    from launcher.core.sources import Fixed, FromColumn
    from launcher.core.summary import Ending, Exit, Summary
    from launcher.engine.cancel import CancelToken
    from launcher.errors import (
        ConfirmationError,
        InputError,
        InUseError,
        LauncherError,
        PortalError,
        RunStoppedError,
    )


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
