"""What a closed terminal means: SIGHUP ends a command as SIGTERM does, output that nobody reads ends nothing.

Whoever writes to a terminal that is gone, or to a pipe without a reader, gets an error. It says nothing of the
run, which goes on or stops in good order; so both streams drop what nobody can read.
"""

from __future__ import annotations

import errno
import io
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer  # as io has it; Python's own comes with 3.12

_NOBODY_READS = (errno.EIO, errno.ENXIO, errno.EPIPE)


def stop_signals() -> tuple[signal.Signals, ...]:
    """The signals that ask to stop: SIGHUP among them, unless it is ignored, as nohup has it, or not there."""
    hangup: signal.Signals | None = getattr(signal, "SIGHUP", None)
    asked = (signal.SIGINT, signal.SIGTERM)
    if hangup is None or signal.getsignal(hangup) is signal.SIG_IGN:
        return asked
    return (*asked, hangup)


def outlast_readers() -> None:
    """From now on, what is written to standard output and error is dropped once nobody can read it."""
    if not hasattr(signal, "SIGHUP"):  # a console of Windows is no file
        return
    if sys.stdout is sys.__stdout__ and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout = _outlasting(sys.stdout)
    if sys.stderr is sys.__stderr__ and isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr = _outlasting(sys.stderr)


class _Outlasting(io.FileIO):
    """A descriptor that takes all that is written, whether somebody reads it or not."""

    def write(self, data: Buffer, /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            if error.errno not in _NOBODY_READS:
                raise
            return memoryview(data).nbytes


def _outlasting(stream: io.TextIOWrapper) -> io.TextIOWrapper:
    stream.flush()
    raw = _Outlasting(stream.fileno(), "wb", closefd=False)
    unbuffered = isinstance(stream.buffer, io.RawIOBase)
    return io.TextIOWrapper(
        raw if unbuffered else io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
