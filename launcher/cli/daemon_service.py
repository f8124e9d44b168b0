"""The daemon as a process: its signals, and the address at which it answers."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import AsyncExitStack
from types import FrameType

from launcher.automation.backend import run_daemon, sole_daemon
from launcher.automation.daemon import Daemon
from launcher.automation.documents import DaemonDocument
from launcher.automation.health import document, listening
from launcher.cli.console import Console
from launcher.cli.params import CommandError, GlobalOptions
from launcher.cli.runtime import interruptible, opened
from launcher.engine.cancel import CancelToken


async def serve(options: GlobalOptions, listen_at: tuple[str, int] | None) -> int:
    """Run the schedules until a signal comes, and answer at that host and port; return the exit code."""
    console, cancel = Console(options), CancelToken()
    async with opened(options, console) as launcher, AsyncExitStack() as around:
        daemon = await around.enter_async_context(sole_daemon(launcher, cancel))
        around.enter_context(interruptible(cancel, console.tell))
        _reload_on_hangup(daemon)
        address = None if listen_at is None else await _listen(around, daemon, *listen_at)
        code = await run_daemon(launcher, daemon, address)
    if console.wants_json:
        ended: DaemonDocument = {**document(daemon), "exit_code": int(code)}
        console.show_json(ended)
    return int(code)


async def _listen(around: AsyncExitStack, daemon: Daemon, host: str, port: int) -> str:
    try:
        return await around.enter_async_context(listening(daemon, host, port))
    except OSError as error:
        raise CommandError(
            f"--listen {host}:{port}: {error.strerror or error}; name another, or none"
        ) from None


def _reload_on_hangup(daemon: Daemon) -> None:
    """Have SIGHUP read the configuration at once, as other daemons do; Windows has no such signal.

    If the daemon has a terminal, and the signal says that it was closed, it ends the daemon as SIGTERM does.
    """
    hangup, loop = getattr(signal, "SIGHUP", None), asyncio.get_running_loop()
    if hangup is None:
        return
    end = signal.getsignal(hangup)
    terminals = [descriptor for descriptor in range(3) if os.isatty(descriptor)]

    def on_hangup(number: int, frame: FrameType | None) -> None:
        if callable(end) and not all(map(os.isatty, terminals)):
            end(number, frame)
        else:
            loop.call_soon_threadsafe(daemon.wake)

    signal.signal(hangup, on_hangup)
