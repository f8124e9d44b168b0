"""`launcher stop RUN`: ends the workflows that a run has started and that still run."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from launcher.cli.main import async_command
from launcher.cli.params import CommandError, GlobalOptions, global_options
from launcher.core.summary import Exit
from launcher.core.words import pluralize
from launcher.core.workflows import Termination, Way

if TYPE_CHECKING:
    from launcher.app.workflows import StopPlan, StopResult
    from launcher.cli.console import Console


_SHOWN = 10
"""Workflows that could not be ended, shown one by one."""

_WORDS = {Way.TERMINATE: ("stop", "terminated"), Way.KILL: ("delete", "deleted")}
"""The word that a person types to confirm it, and what has happened then."""


@click.command("stop")
@click.argument("run")
@click.option(
    "--kill", is_flag=True, help="Delete the workflows with their records, instead of terminating them."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@global_options
@async_command
async def command(options: GlobalOptions, run: str, kill: bool, yes: bool) -> int:
    """Terminate the workflows that RUN has started and that still run.

    Says first how many there are, and asks. The rows stay started: they did. What was cut off goes on when it
    is called again; to terminate a workflow twice does no harm.
    """
    from launcher.cli.runtime import interruptible, opened
    from launcher.engine.cancel import CancelToken

    cancel = CancelToken()
    async with opened(options) as (launcher, console):
        with console.steps():
            plan = await launcher.plan_stop(run, Way.KILL if kill else Way.TERMINATE)
        if plan.unknown:
            console.tell(
                f"{pluralize(plan.unknown, 'unknown row')} of run {plan.run.name} may have started too. "
                f"Without a workflow ID it is left alone; ask the portal: launcher reconcile {plan.run.name}"
            )
        if plan.running:
            _confirm(plan, console, yes=yes)
        with interruptible(cancel, console.tell), console.steps():
            result = await launcher.stop_workflows(plan, cancel)
    is_silent = options.quiet and result.exit_code is Exit.ALL_STARTED
    console.show(result.to_dict(), *([] if is_silent else _lines(result)))
    return int(result.exit_code)


def _confirm(plan: StopPlan, console: Console, *, yes: bool) -> None:
    word, done = _WORDS[plan.way]
    workflows = pluralize(len(plan.running), "workflow")
    records = "with their records" if plan.way is Way.KILL else "and their records kept"
    console.tell(f"run {plan.run.name} has {workflows} still running on {plan.run.portal}")
    question = f"They are going to be {done}, {records}. That cannot be undone."
    if yes:
        return
    if not sys.stdin.isatty():
        raise CommandError(f"{question} Say --yes to do it")
    console.tell(question)
    if click.prompt(f'Type "{word}" to do it', default="", show_default=False, err=True) != word:
        raise CommandError("nothing was stopped")


def _lines(result: StopResult) -> list[str]:
    from launcher.app.workflows import stop_command

    plan, run = result.plan, result.plan.run
    if not plan.running:
        return [f"None of the workflows that run {run.name} started runs any more."]
    _, done = _WORDS[plan.way]
    parts = [f"{result.outcomes[Termination.ENDED]:,} of {pluralize(len(plan.running), 'workflow')} {done}"]
    if gone := result.outcomes[Termination.GONE]:
        parts.append(f"{gone:,} had ended by then")
    if result.refused:
        parts.append(f"{len(result.refused):,} still run: the portal did not end them")
    lines = [f"Run {run.name} on {run.portal}: {' · '.join(parts)}"]
    lines += [
        f"  row {one.workflow.row_number}, workflow {one.workflow.workflow_id}: {one.text}"
        for one in result.refused[:_SHOWN]
    ]
    if len(result.refused) > _SHOWN:
        lines.append(f"  … and {len(result.refused) - _SHOWN:,} more")
    again = stop_command(run.name, plan.way)
    if result.refused:
        lines.append(f"Look at them in the portal, then try again: {again}")
    if result.exit_code is Exit.INTERRUPTED:
        lines.append(f"Interrupted. To continue: {again}")
    return lines
