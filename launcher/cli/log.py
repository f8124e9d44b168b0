"""Logs: lines for people on a terminal, JSON for machines, and no secret in either.

The log file never grows without end, and several processes may write it at once. Not logging.handlers: of two
processes with one RotatingFileHandler, each goes on in the file that the other has put aside, and puts the
other's new one aside too. WatchedFileHandler notices that, but does not rotate.

`launcher.redact` knows the secrets; every line passes through it last.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from filelock import FileLock, Timeout

from launcher.errors import InputError
from launcher.log import before_first_event, get_logger
from launcher.redact import one_line, redacted, visible, visible_json

if TYPE_CHECKING:
    from structlog.typing import EventDict, WrappedLogger

MAX_BYTES = 10_000_000
"""A run of 100,000 rows writes about half of it."""
MAX_AGE = timedelta(days=7)
"""A file's first line is not older: each holds a week where little is written."""
KEEP = 9
"""Older files that are kept: launcher.log.1 is the newest of them."""


class LogFile:
    """Lines are appended whole. Raises OSError where it cannot be opened; from then on it is no run's end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO
        self._oldest: datetime
        self._troubled = False
        self._open()

    def write(self, line: str) -> None:
        """Append that line; where the disk refuses, the person is told once."""
        data = line.encode("utf-8", "replace")
        try:
            self._follow()
            if self._is_full(len(data)):
                self._rotate(len(data))
            self._file.write(data)  # in one piece, behind whatever another process has written
        except OSError as error:
            if not self._troubled:
                self._troubled = True
                where = one_line(str(self._path))
                sys.stderr.write(f"launcher: --log-file {where}: {error.strerror}; lines are missing there\n")

    def close(self) -> None:
        """Write no more."""
        self._file.close()

    def _open(self) -> None:
        self._file = self._path.open("ab", buffering=0)
        self._oldest = _first_time(self._path)

    def _follow(self) -> None:
        """Where another process has put the file aside, go on in the new one."""
        try:
            same = os.path.samestat(self._path.stat(), os.fstat(self._file.fileno()))
        except FileNotFoundError:
            same = False
        if not same:
            before = self._file
            self._open()
            before.close()

    def _is_full(self, more: int) -> bool:
        size = os.fstat(self._file.fileno()).st_size
        return size > 0 and (size + more > MAX_BYTES or datetime.now(UTC) - self._oldest > MAX_AGE)

    def _rotate(self, more: int) -> None:
        """Put the file aside and begin a new one, unless another process is doing it, or has."""
        try:
            with FileLock(f"{self._path}.lock", timeout=0):
                self._follow()
                if not self._is_full(more):
                    return
                for number in range(KEEP - 1, 0, -1):
                    if self._numbered(number).exists():
                        self._numbered(number).replace(self._numbered(number + 1))
                self._path.replace(self._numbered(1))
                self._follow()
        except (Timeout, PermissionError):
            return  # on Windows, too, while another process has it open: then it grows a little longer

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")


def _first_time(path: Path) -> datetime:
    """When the file's first line was written; now where it does not say."""
    try:
        with path.open("rb") as file:
            found = datetime.fromisoformat(json.loads(file.readline())["timestamp"])
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    except (OSError, ValueError, KeyError, TypeError):
        return datetime.now(UTC)


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
    _outputs[:] = [_Output(None, least, as_json=not terminal)]
    if log_file is not None:
        _outputs.append(_Output(_opened(log_file), logging.DEBUG, as_json=True))
    before_first_event(_configure_structlog)
    # What libraries say goes the same way.
    logging.basicConfig(handlers=[_FromLibraries()], level=logging.WARNING, force=True)


def _configure_structlog() -> None:
    import structlog

    def to_outputs(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        level = logging.getLevelNamesMapping()[str(event["level"]).upper()]
        for output in _outputs:
            if level >= output.level:
                output.write(event)
        raise structlog.DropEvent

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redact_all,
            to_outputs,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(min(output.level for output in _outputs)),
        cache_logger_on_first_use=False,
    )


def redact_all(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The event with every secret in any value, however deep, replaced."""
    return {key: redacted(value) for key, value in event.items()}


class _Output:
    def __init__(self, file: LogFile | None, level: int, *, as_json: bool) -> None:
        """Without a file, to whatever stderr is when a line is written: a progress bar redirects it."""
        self._file, self.level, self._as_json = file, level, as_json

    @cached_property
    def _render(self) -> Any:
        import structlog

        if self._as_json:
            return structlog.processors.JSONRenderer(ensure_ascii=False, default=repr)
        return structlog.dev.ConsoleRenderer(
            colors=False,
            exception_formatter=structlog.dev.plain_traceback,
            pad_event_to=0,
            timestamp_key="timestamp",
        )

    def write(self, event: EventDict) -> None:
        shown = dict(event)
        if not self._as_json:
            shown["timestamp"] = str(shown["timestamp"])[11:19]
        escaped = visible_json if self._as_json else visible
        line = escaped(self._render(None, "", shown)) + "\n"
        if self._file is not None:
            self._file.write(line)
            return
        sys.stderr.write(line)
        sys.stderr.flush()


_outputs: list[_Output] = []
"""Held here: a file that structlog alone holds would warn, at the process's end, that it was not closed."""


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
        level = max((level for level in _LEVELS if level <= record.levelno), default=logging.DEBUG)
        get_logger().log(level, message, **more)


_LEVELS = (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL)


def _opened(path: Path) -> LogFile:
    try:
        return LogFile(path)
    except OSError as error:
        raise LogFileError("log-file-not-writable", path=path, strerror=error.strerror) from None
