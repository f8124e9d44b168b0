"""`launcher watch [RUN]`: how many of the workflows that a run has started still run."""

from __future__ import annotations

import time

import click

from launcher.cli.main import async_command
from launcher.cli.params import GlobalOptions, global_options, seconds_of
from launcher.core.model import State
from launcher.core.words import pluralize
from launcher.errors import PortalError


@click.command("watch")
@click.argument("run", required=False)
@click.option(
    "--every",
    callback=seconds_of,
    default="10s",
    show_default=True,
    metavar="PERIOD",
    help="Look so often; less often while nothing changes, at least every five minutes.",
)
@click.option("--timeout", callback=seconds_of, metavar="PERIOD", help="Stop watching after that: 30m, 2h.")
@global_options
@async_command
async def command(options: GlobalOptions, run: str | None, every: float, timeout: float | None) -> int:
    """Watch the workflows that RUN (without it, the last one) has started, until none of them runs any more.

    Says how many still run, and which are stuck: at work, and locked until more than five minutes ago. Exit
    code 0: none runs any more; 1: the time was over first. Changes nothing.
    """
    from launcher.app.query import find_run
    from launcher.app.workflows import WatchRequest, WatchResult
    from launcher.cli.runtime import opened

    began, last = time.monotonic(), None
    async with opened(options) as (launcher, console):
        record = await find_run(launcher, run)
        name, request = record.name, WatchRequest(run=record.name, every_s=max(every, 1.0), timeout_s=timeout)
        if not options.quiet:
            started = (await (await launcher.ledger()).counts(record.id))[State.STARTED]
            console.tell(f"watching {pluralize(started, 'started workflow')} of run {name}; Ctrl-C ends it")
        with console.line(everywhere=True) as show:
            async for look in launcher.watch(request):
                if isinstance(look, PortalError):
                    show(f"{look}; asking again")
                else:
                    last = look
                    show(f"run {name} on {record.portal}: {look.text()}")
    result = WatchResult(record, last, time.monotonic() - began)
    seen = "the portal did not answer in time" if last is None else last.text()
    lines = [f"Run {name} on {record.portal}: {seen}"]
    if last is not None and last.running:
        lines.append(f"To end them: launcher stop {name}")
    console.show(result.to_dict(), *lines)
    return int(result.exit_code)
