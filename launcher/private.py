"""Files with a secret in them: only their owner may read them, and a crash leaves the old or the new, whole."""

from __future__ import annotations

import os
import re
import stat
import time
from contextlib import suppress
from pathlib import Path

from launcher.errors import InputError, SettingsError

POSIX = os.name == "posix"
"""Elsewhere a file's mode says nothing of who may read it."""

_RESERVED = 16 * 1024
"""Bytes; far above what a sign-in needs, so that a full disk is met before the secret is asked for."""

_TRIES, _TRY_AGAIN_S = 20, 0.05


class PrivateFileError(InputError):
    """The file cannot be read or written, or others may read it; the text says what to do."""


def read_private(path: Path) -> str:
    """The file's text. Raises PrivateFileError, which holds nothing of it."""
    try:
        with path.open("rb") as stream:
            # Of the opened file, not of its name: that may be another file by now.
            mode = os.fstat(stream.fileno()).st_mode
            if POSIX and mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise PrivateFileError("secret-file-open-to-others", path=path)
            return stream.read(_RESERVED).decode("utf-8-sig")
    except FileNotFoundError:
        raise PrivateFileError("no-such-file", path=path) from None
    except UnicodeDecodeError:
        pass
    except OSError as error:
        raise PrivateFileError("cannot-be-read", path=path, strerror=error.strerror) from None
    # Outside the except: the library's error holds the file's content.
    raise PrivateFileError("not-utf-8-text", path=path)


class Replacement:
    """A new content for a private file, in two steps: its place on the disk first, then the content.

    Between the two the old file stands untouched. A content that was written whole and did not come to be
    renamed is found again by `left_behind`.
    """

    def __init__(self, path: Path) -> None:
        """Take the place. Raises PrivateFileError where there is none."""
        self._path, self._new = path, _beside(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._new.unlink(missing_ok=True)
            self._write(b" " * _RESERVED, os.O_CREAT | os.O_EXCL)
        except OSError as error:
            raise PrivateFileError("cannot-be-written", to=path, strerror=error.strerror) from None

    def put(self, text: str) -> None:
        """The file holds that text, durably, when this returns. Raises PrivateFileError."""
        try:
            self._write(text.encode(), 0)
            _take_over(self._new, self._path)
        except OSError as error:
            raise PrivateFileError("cannot-be-written", to=self._path, strerror=error.strerror) from None

    def forget(self) -> None:
        """Give the place back."""
        with suppress(OSError):
            self._new.unlink(missing_ok=True)

    def _write(self, content: bytes, flags: int) -> None:
        flags |= os.O_WRONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
        with os.fdopen(os.open(self._new, flags, 0o600), "wb") as stream:
            stream.write(content)
            stream.truncate()
            stream.flush()
            os.fsync(stream.fileno())


def left_behind(path: Path) -> str:
    """The content that a killed process had written and not renamed; empty where there is none."""
    try:
        return read_private(_beside(path)).strip()
    except PrivateFileError:
        return ""


def take_left_behind(path: Path) -> None:
    """Make what was left behind the file. Raises PrivateFileError."""
    try:
        _take_over(_beside(path), path)
    except OSError as error:
        raise PrivateFileError("cannot-be-written", to=path, strerror=error.strerror) from None


def remove_private(path: Path) -> bool:
    """Whether there was such a file; there is none when this returns. Raises PrivateFileError."""
    try:
        _beside(path).unlink(missing_ok=True)
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise PrivateFileError("cannot-be-removed", path=path, strerror=error.strerror) from None
    return True


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


def _take_over(new: Path, path: Path) -> None:
    for _ in range(0 if POSIX else _TRIES):
        # Windows refuses while somebody reads the old file, which takes a moment.
        with suppress(PermissionError):
            new.replace(path)
            return
        time.sleep(_TRY_AGAIN_S)
    new.replace(path)
    if POSIX:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


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
        raise SettingsError("cannot-be-read-as-utf-8", path=path) from None


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
        raise SettingsError("cannot-be-written", to=path, strerror=error.strerror) from None
