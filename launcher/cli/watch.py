"""`launcher watch [RUN]`: how many of the workflows that a run has started still run."""

from __future__ import annotations

import time
from dataclasses import dataclass

import click

from launcher.cli.console import Console
from launcher.cli.options import GlobalOptions, global_options
from launcher.cli.resume import within_reach
from launcher.cli.session import carry_out, chosen_run, opened_ledger, settings_of
from launcher.core.model import State
from launcher.core.periods import period_s
from launcher.core.summary import Exit
from launcher.core.watching import Watched, of_rows
from launcher.core.words import counted
from launcher.engine.asking import Asker
from launcher.engine.watching import Watcher
from launcher.errors import PortalError
from launcher.ledger import RunRecord
from launcher.settings import Settings


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


@dataclass(frozen=True, slots=True)
class _Times:
    every_s: float
    timeout_s: float | None


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
    times = _Times(max(every, 1.0), timeout)
    carry_out(lambda said: _watch(said, settings_of(said), run, times))


async def _watch(said: GlobalOptions, settings: Settings, name: str | None, times: _Times) -> int:
    console, began, seen = Console(said), time.monotonic(), None
    async with opened_ledger(said, settings) as ledger:
        run = await chosen_run(ledger, name)
        if not said.quiet:
            started = (await ledger.counts(run.id))[State.STARTED]
            console.tell(f"watching {counted(started, 'started workflow')} of run {run.name}; Ctrl-C ends it")
        async with within_reach(settings, ledger, run) as (portal, config):
            watcher = Watcher(
                ledger=ledger,
                asker=Asker(portal, config.pacing()),
                run=run,
                every_s=times.every_s,
                timeout_s=times.timeout_s,
                give_up_after_s=config.give_up_after,
            )
            with console.line(everywhere=True) as show:
                async for each in watcher.watch():
                    if isinstance(each, PortalError):
                        show(f"{each}; asking again")
                    else:
                        seen = each
                        show(f"run {run.name} on {run.portal}: {seen.in_words()}")
    return _show(console, run, seen, seconds=time.monotonic() - began)


def _show(console: Console, run: RunRecord, seen: Watched | None, *, seconds: float) -> int:
    code = Exit.ALL_STARTED if seen is not None and not seen.running else Exit.SOME_NOT_STARTED
    if console.wants_json:
        known = seen or Watched()
        console.show_json(
            {
                "run_id": run.name,
                "portal": run.portal,
                "started": known.started,
                "running": None if seen is None else known.running,
                "stuck": len(known.stuck),
                "stuck_workflows": of_rows(known.stuck),
                "seconds": round(seconds, 3),
                "exit_code": int(code),
            }
        )
    elif seen is None:
        console.print(f"Run {run.name} on {run.portal}: the portal did not answer in time")
    else:
        console.print(f"Run {run.name} on {run.portal}: {seen.in_words()}")
        if seen.running:
            console.print(f"To end them: launcher stop {run.name}")
    return int(code)
