"""What commands share: settings and ledger opened, signals heard, errors put into words, results shown."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from platformdirs import user_data_path

from launcher import log
from launcher.cli.hangup import outlast_readers, stop_signals
from launcher.cli.options import GlobalOptions, Refused, said
from launcher.core.summary import Exit, exit_code_of
from launcher.engine.cancel import CancelToken
from launcher.errors import LauncherError
from launcher.ledger import (
    Ledger,
    RunRecord,
    open_ledger,
    run_number,
)
from launcher.settings import Settings, load_settings

ONE_SIGNAL_S = 2.0
"""What comes so soon after a first signal is the same one: people press Ctrl-C twice, and a starter such as uv
passes on what the terminal has sent to both."""


def carry_out(work: Callable[[GlobalOptions], Coroutine[Any, Any, int]], *, talks: bool = False) -> None:
    """Run a command's work and exit with the code that it gives. Turns errors into messages.

    `talks`: it has no progress and no summary, and tells on a terminal too what it does.
    """
    options = said(click.get_current_context())
    outlast_readers()
    with in_words():
        log.configure(quiet=options.quiet, log_file=options.log_file, talks=talks)
        # Until a run has its own way to stop, these signals end the command at once. Not asyncio's way, which
        # waits for the next await: reading a large file has none.
        for name in stop_signals():
            signal.signal(name, _interrupt)
        try:
            code = asyncio.run(work(options))
        except KeyboardInterrupt:
            raise Refused("interrupted", Exit.INTERRUPTED) from None
    click.get_current_context().exit(int(code))


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@contextmanager
def in_words() -> Iterator[None]:
    """Turn what a person can mend into one message and its exit code."""
    try:
        yield
    except LauncherError as error:
        raise Refused(str(error), exit_code_of(error)) from None


@asynccontextmanager
async def opened_ledger(options: GlobalOptions, settings: Settings) -> AsyncIterator[Ledger]:
    """The ledger that the options, the environment or the configuration name, else the usual one."""
    async with open_ledger(ledger_location(options, settings)) as ledger:
        yield ledger


def ledger_location(options: GlobalOptions, settings: Settings) -> str:
    """The path or URL of that ledger, which may hold a password."""
    named = options.ledger or settings.ledger().get_secret_value()
    beside = settings.path.resolve().parent / "launcher.db" if settings.path is not None else None
    return named or str(beside or ledger_without_config())


def is_ledger_named(options: GlobalOptions, settings: Settings) -> bool:
    """Whether somebody has said which ledger it is."""
    return bool(options.ledger or settings.ledger().get_secret_value())


def ledger_without_config() -> Path:
    """The ledger in the person's data folder."""
    return user_data_path("bizproc-launcher", appauthor=False) / "launcher.db"


def metrics_file(options: GlobalOptions, settings: Settings) -> Path | None:
    """Where the figures go: as the options say, else the configuration, beside whose file it stands."""
    if options.metrics_file is not None:
        return options.metrics_file
    named, beside = settings.config.metrics_file, settings.path
    return named if named is None or beside is None else beside.resolve().parent / named


def settings_of(options: GlobalOptions) -> Settings:
    """The settings of this call."""
    return load_settings(options.config)


async def chosen_run(ledger: Ledger, name: str | None) -> RunRecord:
    """The run that the person named, or the last one. Raises Refused."""
    if name is None:
        last = await ledger.last_runs(1)
        if not last:
            raise Refused(f"no runs in the ledger {ledger.database.name} yet; begin with: launcher run FILE")
        return last[0]
    number = run_number(name)
    run = None if number is None else await ledger.run(number)
    if run is None:
        raise Refused(f'no run "{name}" in the ledger {ledger.database.name}; see: launcher runs')
    return run


def refuse_pruned(run: RunRecord, so: str) -> None:
    """Raises Refused where the run's rows are gone, but for what protects against starting twice."""
    if run.pruned_at is None:
        return
    when = f" on {datetime.fromtimestamp(run.pruned_at):%Y-%m-%d}" if run.pruned_at else ""
    raise Refused(
        f"the rows of run {run.name} were pruned{when}: {so}.\n"
        f"What is left: launcher status {run.name}, and its unknown rows with "
        f"launcher results {run.name} --only unknown -o PATH"
    )


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
