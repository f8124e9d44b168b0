"""The logger of everything below the command line. Who runs the launcher decides where its events go.

The command line configures structlog; so may another program. Where nobody has, events go to the logger
`launcher` of Python's own logging, and nothing is printed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

_STANDARD = logging.getLogger("launcher")
_STANDARD.addHandler(logging.NullHandler())


class _Logger:
    """structlog's, imported with the first event: it costs a sixth of a command that logs nothing."""

    configuring: Callable[[], None] | None = None

    def __getattr__(self, name: str) -> Any:
        if _Logger.configuring is not None:
            _Logger.configuring()
            _Logger.configuring = None
        return getattr(_wrapped(), name)


@cache
def _wrapped() -> FilteringBoundLogger:
    import structlog

    logger: FilteringBoundLogger = structlog.wrap_logger(_STANDARD)
    return logger


def get_logger() -> FilteringBoundLogger:
    """Return the logger."""
    return cast("FilteringBoundLogger", _Logger())


def before_first_event(configuring: Callable[[], None]) -> None:
    """Have structlog configured by that function, once, when there is something to log."""
    _Logger.configuring = configuring
