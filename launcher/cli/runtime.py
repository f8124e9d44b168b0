"""A command as a process: its signals, its log, its streams, and how an error ends it."""

from __future__ import annotations

import asyncio
import errno
import io
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import click

from launcher.app.context import Event, Notice, RunBegan, RunEnded, Step
from launcher.app.launcher import Launcher
from launcher.cli import log
from launcher.cli.console import Console
from launcher.cli.params import CommandError, GlobalOptions, Work, options_of
from launcher.core.summary import Exit, exit_code_of
from launcher.engine.cancel import CancelToken
from launcher.errors import LauncherError

if TYPE_CHECKING:
    from typing_extensions import Buffer  # as io has it; Python's own comes with 3.12

ONE_SIGNAL_S = 2.0
"""What comes so soon after a first signal is the same one: people press Ctrl-C twice, and a starter such as uv
passes on what the terminal has sent to both."""


def run(work: Work, *, is_foreground_service: bool) -> None:
    """Do a command's work as `run_command` says."""
    options = options_of(click.get_current_context())
    outlast_readers()
    with translated_errors():
        log.configure(quiet=options.quiet, log_file=options.log_file, talks=is_foreground_service)
        # Until a run has its own way to stop, these signals end the command at once. Not asyncio's way, which
        # waits for the next await.
        for name in stop_signals():
            signal.signal(name, _interrupt)
        try:
            code = asyncio.run(work(options))
        except KeyboardInterrupt:
            raise CommandError("interrupted", Exit.INTERRUPTED, "interrupted") from None
    click.get_current_context().exit(int(code or 0))


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn what a person can act upon into one message and its exit code."""
    try:
        yield
    except LauncherError as error:
        raise CommandError(str(error), exit_code_of(error), error.code) from None


@asynccontextmanager
async def opened(options: GlobalOptions) -> AsyncIterator[tuple[Launcher, Console]]:
    """Give the application that the options name, and the console that shows what it emits."""
    console = Console(options)
    async with Launcher.open(
        options.config, ledger=options.ledger, on_event=Screen(console), metrics=options.metrics_file
    ) as launcher:
        yield launcher, console


class Screen:
    """Shows the events of the application, and lets signals stop a run while it sends."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._sending = ExitStack()

    def __call__(self, event: Event) -> None:
        """Show it."""
        match event:
            case Notice(text):
                self._console.tell(str(text))
            case RunBegan(progress=progress, cancel=cancel):
                self._sending.enter_context(interruptible(cancel, self._console.tell))
                self._sending.enter_context(self._console.showing(progress))
            case RunEnded():
                self._sending.close()
            case Step(text):
                self._console.show_step(text)


_IMPATIENT = "still waiting; Ctrl-C again stops waiting, and rows without an answer become unknown"


@contextmanager
def interruptible(cancel: CancelToken, tell: Callable[[str], None]) -> Iterator[None]:
    """A first signal to stop stops the run in good order, a later second one stops waiting for answers.

    What belongs to the first is no other signal after the block either: a run may end sooner than it is there.
    """
    loop = asyncio.get_running_loop()
    first: float | None = None
    hint: asyncio.TimerHandle | None = None

    def on_signal() -> None:
        nonlocal first, hint
        if first is None:
            first = loop.time()
            tell("stopping: nothing more is sent; waiting for the answers on their way")
            hint = loop.call_later(ONE_SIGNAL_S, tell, _IMPATIENT)
            if not cancel.is_set:
                cancel.cancel("a signal asked for it")
        elif _is_another(first, loop.time()):
            if hint is not None:
                hint.cancel()
            cancel.hurry()

    before = {name: signal.getsignal(name) for name in stop_signals()}
    for name in before:
        # Not loop.add_signal_handler: Windows lacks it.
        signal.signal(name, lambda *_: loop.call_soon_threadsafe(on_signal))
    try:
        yield
    finally:
        if hint is not None:
            hint.cancel()
        for name, handler in before.items():
            signal.signal(name, handler if first is None else _after(first))


def _is_another(first: float, now: float) -> bool:
    """Whether a signal at that time is another one than the first."""
    return now - first > ONE_SIGNAL_S


def _after(first: float) -> Callable[..., None]:
    """A handler for what comes after the block that had a first signal at that time of the loop."""

    def on_signal(*_: object) -> None:
        if _is_another(first, time.monotonic()):
            raise KeyboardInterrupt

    return on_signal


# A terminal that is closed: SIGHUP ends a command as SIGTERM does, and output that nobody reads ends nothing.
# Writing to a terminal that is gone, or to a pipe without a reader, is an error that says nothing of the
# run: both streams drop what nobody can read.

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
