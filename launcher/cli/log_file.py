"""The log file: it never grows without end, and several processes may write it at once.

Not logging.handlers: of two processes with one RotatingFileHandler, each goes on in the file that the other has
put aside, and puts the other's new one aside too. WatchedFileHandler notices that, but does not rotate.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock, Timeout

from launcher.visible import one_line

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
