"""`launcher simulator`: serves a simulated portal on this machine."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Any, TypedDict

import click

from launcher.cli.main import async_command
from launcher.cli.params import CommandError, GlobalOptions, global_options

if TYPE_CHECKING:
    from launcher.simulator import Simulator


class SimulatorDocument(TypedDict):
    """Where the simulated portal is; printed once it answers."""

    url: str
    webhook_url: str
    """For BITRIX24_WEBHOOK_URL."""


@click.command("simulator")
@click.option("--port", default=8024, show_default=True, help="Port on 127.0.0.1; 0: any free one.")
@click.option(
    "--burst", default=50, show_default=True, help="Requests at once before it refuses; 0: no rate limit."
)
@click.option("--per-second", default=2.0, show_default=True, help="Requests that it forgets each second.")
@click.option("--start-ms", default=0.0, show_default=True, help="What starting one workflow costs.")
@click.option(
    "--operating-seconds",
    "operating_limit",
    default=0.0,
    show_default=True,
    help="Execution seconds in ten minutes; 0: no limit.",
)
@click.option(
    "--runs-seconds",
    default=0.0,
    show_default=True,
    help="How long a started workflow runs; inf: until it is stopped.",
)
@click.option(
    "--documents", default=10_000_000, show_default=True, help="Documents 1 to N exist, of every kind."
)
@global_options
@async_command
async def command(options: GlobalOptions, start_ms: float, **given: Any) -> None:
    """Serve a simulated portal on this machine, to try things out. It starts nothing but entries in a list.

    Its webhook's address is printed; http://127.0.0.1:PORT/simulator/started lists what was started.
    Ctrl-C ends it.
    """
    import asyncio

    from launcher.cli.console import Console
    from launcher.cli.runtime import stop_signals
    from launcher.simulator import Settings, serve

    settings = Settings(start_seconds=start_ms / 1000, **given)
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for name in stop_signals():
        signal.signal(name, lambda *_: loop.call_soon_threadsafe(stop.set))
    console = Console(options)

    def on_ready(portal: Simulator) -> None:
        document: SimulatorDocument = {"url": portal.url, "webhook_url": portal.webhook_url}
        console.show(document, f"Simulated portal: {portal.url}\nBITRIX24_WEBHOOK_URL={portal.webhook_url}")
        sys.stdout.flush()  # whoever reads it from a pipe waits for it, while we go on

    try:
        await serve(settings, on_ready, stop)
    except OSError as error:
        raise CommandError(f"--port {settings.port}: {error.strerror or error}; choose another, or 0") from None
