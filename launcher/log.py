"""The logger of everything below the command line. Who runs the launcher decides where its events go.

The command line configures structlog; so may another program. Where nobody has, events go to the logger
`launcher` of Python's own logging, and nothing is printed.
"""

from __future__ import annotations

import logging

import structlog

_STANDARD = logging.getLogger("launcher")
_STANDARD.addHandler(logging.NullHandler())


def get_logger() -> structlog.typing.FilteringBoundLogger:
    """Return the logger."""
    logger: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(_STANDARD)
    return logger
