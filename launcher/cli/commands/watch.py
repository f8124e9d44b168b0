"""`launcher watch [RUN]`: how many of the workflows that a run has started still run."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from launcher.cli.main import run_command
from launcher.cli.params import GlobalOptions, global_options
from launcher.core.model import State
from launcher.core.words import period_s, pluralize
from launcher.errors import PortalError

if TYPE_CHECKING:
    from launcher.app.workflows import WatchRequest, WatchResult
    from launcher.cli.console import Console


class _Period(click.ParamType[float]):
    """A period such as 10s or 2h, as seconds."""

    name = "period"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The seconds. Ends the command where it is none."""
        if isinstance(value, float):
            return value
        try:
            return period_s(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.command("watch")
@click.argument("run", required=False)
@click.option(
    "--every",
    type=_Period(),
    default="10s",
    show_default=True,
    metavar="PERIOD",
    help="Look so often; less often while nothing changes, at least every five minutes.",
)
@click.option("--timeout", type=_Period(), metavar="PERIOD", help="Stop watching after that: 30m, 2h.")
@global_options
def command(run: str | None, every: float, timeout: float | None) -> None:
    """Watch the workflows that RUN (without it, the last one) has started, until none of them runs any more.

    Says how many still run, and which are stuck: at work, and locked until more than five minutes ago. Exit
    code 0: none runs any more; 1: the time was over first. Changes nothing.
    """

    from launcher.app.workflows import WatchRequest

    request = WatchRequest(run=run, every_s=max(every, 1.0), timeout_s=timeout)
    run_command(lambda options: _watch(options, request))


async def _watch(options: GlobalOptions, request: WatchRequest) -> int:
    from launcher.app.query import find_run
    from launcher.app.workflows import WatchResult, watch
    from launcher.cli.console import Console
    from launcher.cli.runtime import opened

    console, began, last = Console(options), time.monotonic(), None
    async with opened(options, console) as launcher:
        run = await find_run(launcher, request.run)
        if not options.quiet:
            started = (await (await launcher.ledger()).counts(run.id))[State.STARTED]
            console.tell(f"watching {pluralize(started, 'started workflow')} of run {run.name}; Ctrl-C ends it")
        with console.line(everywhere=True) as show:
            async for seen in watch(launcher, replace(request, run=run.name)):
                if isinstance(seen, PortalError):
                    show(f"{seen}; asking again")
                else:
                    last = seen
                    show(f"run {run.name} on {run.portal}: {seen.text()}")
    result = WatchResult(run, last, time.monotonic() - began)
    _show(result, console)
    return int(result.exit_code)


def _show(result: WatchResult, console: Console) -> None:
    run, seen = result.run, result.seen
    if console.wants_json:
        console.show_json(result.to_dict())
    elif seen is None:
        console.print(f"Run {run.name} on {run.portal}: the portal did not answer in time")
    else:
        console.print(f"Run {run.name} on {run.portal}: {seen.text()}")
        if seen.running:
            console.print(f"To end them: launcher stop {run.name}")
