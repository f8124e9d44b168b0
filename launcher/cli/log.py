"""Logs: lines for people on a terminal, JSON for machines, and no secret in either.

`launcher.redact` knows the secrets; every line passes through it last.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

from launcher.cli.log_file import LogFile
from launcher.errors import InputError
from launcher.redact import redacted
from launcher.visible import visible, visible_json


class LogFileError(InputError):
    """The log file cannot be written; the text says why."""


def configure(*, quiet: bool, log_file: Path | None, talks: bool = False) -> None:
    """Send logs to stderr, and all of them as JSON to the log file where there is one.

    On a terminal stderr gets the warnings, as lines for people (progress and summary tell the rest);
    elsewhere it gets JSON lines, with `quiet` the warnings only. With `talks`, a terminal gets all that JSON
    lines would hold. Raises LogFileError.
    """
    terminal = sys.stderr.isatty()
    least = logging.WARNING if quiet or (terminal and not talks) else logging.INFO
    outputs = [_Output(None, least, as_json=not terminal)]
    if log_file is not None:
        outputs.append(_Output(_opened(log_file), logging.DEBUG, as_json=True))
    _to_outputs.outputs = outputs
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redact_all,
            _to_outputs,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.DEBUG if log_file is not None else outputs[0].level
        ),
        cache_logger_on_first_use=False,
    )
    # What libraries say goes the same way.
    logging.basicConfig(handlers=[_FromLibraries()], level=logging.WARNING, force=True)


def redact_all(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The event with every secret in any value, however deep, replaced."""
    return {key: redacted(value) for key, value in event.items()}


class _Output:
    def __init__(self, file: LogFile | None, level: int, *, as_json: bool) -> None:
        """Without a file, to whatever stderr is when a line is written: a progress bar redirects it."""
        self._file, self.level = file, level
        self._escaped = visible_json if as_json else visible
        self._render: Any = (
            structlog.processors.JSONRenderer(ensure_ascii=False, default=repr)
            if as_json
            else structlog.dev.ConsoleRenderer(
                colors=False,
                exception_formatter=structlog.dev.plain_traceback,
                pad_event_to=0,
                timestamp_key="timestamp",
            )
        )

    def write(self, event: EventDict) -> None:
        shown = dict(event)
        if not isinstance(self._render, structlog.processors.JSONRenderer):
            shown["timestamp"] = str(shown["timestamp"])[11:19]
        line = self._escaped(self._render(None, "", shown)) + "\n"
        if self._file is not None:
            self._file.write(line)
            return
        sys.stderr.write(line)
        sys.stderr.flush()


class _ToOutputs:
    outputs: list[_Output]

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        level = logging.getLevelNamesMapping()[str(event["level"]).upper()]
        for output in self.outputs:
            if level >= output.level:
                output.write(event)
        raise structlog.DropEvent


_to_outputs = _ToOutputs()


class _FromLibraries(logging.Handler):
    """What a library logs, whatever its level and however it wrote the line."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            message = str(record.msg)
        more: dict[str, Any] = {"library": record.name}
        if record.exc_info and record.exc_info[0] is not None:
            more["exc_info"] = record.exc_info
        known = [level for level in _LEVELS if level <= record.levelno]
        structlog.get_logger().log(known[-1] if known else logging.DEBUG, message, **more)


_LEVELS = (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL)


def _opened(path: Path) -> LogFile:
    try:
        return LogFile(path)
    except OSError as error:
        raise LogFileError(f"--log-file {path}: cannot be written: {error.strerror}") from None
