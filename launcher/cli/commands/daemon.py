"""`launcher daemon`: runs the schedules of all jobs itself, in the foreground, or asks one how it is."""

from __future__ import annotations

import http.client
import json
import os
import signal
from contextlib import AsyncExitStack
from types import FrameType
from typing import TYPE_CHECKING

import click

from launcher.cli.main import run_command
from launcher.cli.params import CommandError, GlobalOptions, echo, global_options, options_of
from launcher.redact import visible_json

if TYPE_CHECKING:
    from launcher.automation.daemon import Daemon
    from launcher.automation.documents import DaemonDocument, DaemonHealthDocument


_ASKING_S = 10.0
_HERE = "127.0.0.1"
_ANYWHERE = ("0.0.0.0", "::", "")  # noqa: S104  compared with, not listened at


def _endpoint(text: str) -> tuple[str, int] | None:
    """Return the host and the port of `127.0.0.1:8087`; None for `none`. Raises CommandError."""
    if text.strip().lower() == "none":
        return None
    host, _, port = text.strip().rpartition(":")
    if not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise CommandError(f"--listen {text}: HOST:PORT such as 127.0.0.1:8087 is expected, or none")
    return host.strip("[]") or _HERE, int(port)


def _ask_health(endpoint: tuple[str, int] | None, *, as_json: bool) -> int:
    """Show how the daemon at that endpoint is; return 0 if all is well, else 1. Raises CommandError."""
    if endpoint is None:
        raise CommandError(
            "--health needs the address that the daemon listens at; with --listen none it has none"
        )
    host, port = endpoint
    document = _health_of(_HERE if host in _ANYWHERE else host, port)
    if as_json:
        click.echo(visible_json(json.dumps(document, ensure_ascii=False, indent=2)))
    else:
        dues = [f"{name} is due next {job['next_due']}" for name, job in document["jobs"].items()]
        echo("\n".join([*map(str, document["troubles"]), *dues] or ["no job has a schedule"]))
    return document["exit_code"]


def _health_of(host: str, port: int) -> DaemonHealthDocument:
    # Not urllib: it goes by the environment's proxies.
    connection = http.client.HTTPConnection(host, port, timeout=_ASKING_S)
    try:
        connection.request("GET", "/healthz")
        document: DaemonHealthDocument = json.loads(connection.getresponse().read())
        document["exit_code"] = int(bool(list(document["troubles"])))
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        problem = f"no launcher daemon answers at {host}:{port}"
        return {"status": "trouble", "troubles": [problem], "jobs": {}, "exit_code": 1}
    else:
        return document
    finally:
        connection.close()


@click.command("daemon")
@click.option(
    "--listen",
    metavar="HOST:PORT",
    default="127.0.0.1:8087",
    show_default=True,
    help="Where it answers /healthz, /livez and /metrics; none: nowhere.",
)
@click.option("--health", is_flag=True, help="Ask the daemon that runs here how it is: exit code 0 or 1.")
@global_options
def command(listen: str, health: bool) -> None:
    """Wait for the schedules of the jobs in the configuration, and run each night when it is due.

    It stays in the foreground, as a container wants it. A night that was missed is made up for within the job's
    catch_up:, one that was cut off is gone on with. The configuration is read again as it goes. SIGTERM ends it
    as it ends a run: exit code 4 where a run was interrupted, else 0. With --json, one document at its end.
    """
    endpoint = _endpoint(listen)
    if health:
        context = click.get_current_context()
        context.exit(_ask_health(endpoint, as_json=options_of(context).json))
    run_command(lambda options: _serve(options, endpoint), is_foreground_service=True)


async def _serve(options: GlobalOptions, listen_at: tuple[str, int] | None) -> int:
    """Run the schedules until a signal comes, and answer at that host and port; return the exit code."""
    # Not above: a container asks --health again and again, and needs none of it.
    from launcher.automation.daemon import run_daemon, sole_daemon
    from launcher.automation.health import document, listening
    from launcher.cli.runtime import interruptible, opened
    from launcher.engine.cancel import CancelToken

    cancel = CancelToken()
    async with opened(options) as (launcher, console), AsyncExitStack() as around:
        daemon = await around.enter_async_context(sole_daemon(launcher, cancel))
        around.enter_context(interruptible(cancel, console.tell))
        _reload_on_hangup(daemon)
        address = None
        if listen_at is not None:
            host, port = listen_at
            try:
                address = await around.enter_async_context(listening(daemon, host, port))
            except OSError as error:
                raise CommandError(
                    f"--listen {host}:{port}: {error.strerror or error}; name another, or none"
                ) from None
        code = await run_daemon(launcher, daemon, address)
    if console.wants_json:
        ended: DaemonDocument = {**document(daemon), "exit_code": int(code)}
        console.show_json(ended)
    return int(code)


def _reload_on_hangup(daemon: Daemon) -> None:
    """Have SIGHUP read the configuration at once, as other daemons do; Windows has no such signal.

    If the daemon has a terminal, and the signal says that it was closed, it ends the daemon as SIGTERM does.
    """
    import asyncio

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
