"""Runs the work of a command; what that takes is imported only then, and not for help or wrong usage."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from launcher.cli.params import GlobalOptions


def run_command(
    work: Callable[[GlobalOptions], Coroutine[Any, Any, int]], *, is_foreground_service: bool = False
) -> None:
    """Run a command's work and exit with the code that it returns. Errors become messages.

    `is_foreground_service`: it has no progress and no summary, and logs to a terminal too what it does.
    """
    from launcher.cli.runtime import run

    run(work, is_foreground_service=is_foreground_service)
