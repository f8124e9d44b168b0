"""`launcher stop RUN`: ends the workflows that a run has started and that still run."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import click

from launcher.cli.console import Console
from launcher.cli.options import GlobalOptions, Refused, global_options
from launcher.cli.resume import taken_up
from launcher.cli.running import Running
from launcher.cli.session import carry_out, chosen_run, interruptible, opened_ledger, settings_of
from launcher.core.model import State
from launcher.core.stops import Fate, Way
from launcher.core.summary import Exit
from launcher.core.words import counted
from launcher.engine.cancel import CancelToken
from launcher.engine.ending import Ender
from launcher.errors import PortalError
from launcher.ledger import LedgerError, PortalInUseError, RunRecord, StartedWorkflow, StopOutcome, Stops
from launcher.settings import Settings

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
def command(run: str, kill: bool, yes: bool) -> None:
    """Terminate the workflows that RUN has started and that still run.

    Says first how many there are, and asks. The rows stay started: they did. What was cut off goes on when it
    is called again; to terminate a workflow twice does no harm.
    """
    way = Way.KILL if kill else Way.TERMINATE
    carry_out(lambda said: _stop(said, settings_of(said), run, way, yes=yes))


async def _stop(said: GlobalOptions, settings: Settings, name: str, way: Way, *, yes: bool) -> int:
    async with opened_ledger(said, settings) as ledger:
        run = await chosen_run(ledger, name)
        try:
            async with taken_up(said, settings, ledger, run) as running:
                return await _Stop(said, running, run, way, yes).carry_out()
        except PortalInUseError as error:
            go_on = f"End that run first (Ctrl-C, where it goes on), then: {_again(run, way)}"
            raise Refused(f"{error}\n{go_on}", Exit.PORTAL_IN_USE) from None
        except (PortalError, LedgerError) as error:
            go_on = f"What was ended so far is known. Go on with: {_again(run, way)}"
            raise Refused(f"{error}\n{go_on}", Exit.STOPPED) from None


def _again(run: RunRecord, way: Way) -> str:
    return f"launcher stop {run.name}" + (" --kill" if way is Way.KILL else "")


@dataclass(slots=True)
class _Stop:
    """One call of the command."""

    said: GlobalOptions
    around: Running
    run: RunRecord
    way: Way
    yes: bool
    running: list[StartedWorkflow] = field(default_factory=list)
    fates: Counter[Fate] = field(default_factory=Counter)
    refused: list[StopOutcome] = field(default_factory=list)

    async def carry_out(self) -> int:
        console, cancel = Console(self.said), CancelToken()
        ender = Ender(
            stops=Stops(self.around.ledger.database),
            asker=self.around.asker,
            run=self.run,
            way=self.way,
            cancel=cancel,
        )
        with console.line(everywhere=False) as show:
            self.running = await ender.still_running(
                lambda number: show(f"asking the portal about {counted(number, 'workflow')}")
            )
        await self._warn_of_unknown(console)
        if self.running:
            self._confirm(console)
            with interruptible(cancel, console.tell), console.line(everywhere=False) as show:
                await ender.end(self.running, lambda outcomes: self._note(outcomes, show))
        code = self._exit_code(cancel)
        self._show(console, code)
        return code

    async def _warn_of_unknown(self, console: Console) -> None:
        counts = await self.around.ledger.counts(self.run.id)
        if unknown := counts[State.UNKNOWN]:
            console.tell(
                f"{counted(unknown, 'unknown row')} of run {self.run.name} may have started too. Without a "
                f"workflow ID it is left alone; ask the portal about it: launcher reconcile {self.run.name}"
            )

    def _confirm(self, console: Console) -> None:
        word, done = _WORDS[self.way]
        workflows = counted(len(self.running), "workflow")
        records = "with their records" if self.way is Way.KILL else "and their records kept"
        console.tell(f"run {self.run.name} has {workflows} still running on {self.run.portal}")
        question = f"They are going to be {done}, {records}. That cannot be undone."
        if self.yes:
            return
        if not sys.stdin.isatty():
            raise Refused(f"{question} Say --yes to do it")
        console.tell(question)
        if click.prompt(f'Type "{word}" to do it', default="", show_default=False, err=True) != word:
            raise Refused("nothing was stopped")

    def _note(self, outcomes: Sequence[StopOutcome], show: Callable[[str], None]) -> None:
        self.fates.update(outcome.fate for outcome in outcomes)
        self.refused += [outcome for outcome in outcomes if outcome.fate is Fate.REFUSED]
        show(f"{self.fates.total():,} of {counted(len(self.running), 'workflow')} seen to")

    def _exit_code(self, cancel: CancelToken) -> Exit:
        if cancel.is_set:
            return Exit.INTERRUPTED
        return Exit.SOME_NOT_STARTED if self.refused else Exit.ALL_STARTED

    def _show(self, console: Console, code: Exit) -> None:
        if console.wants_json:
            console.show_json(self._document(code))
            return
        if self.said.quiet and code is Exit.ALL_STARTED:
            return
        for line in self._lines(code):
            console.print(line)

    def _lines(self, code: Exit) -> list[str]:
        if not self.running:
            return [f"None of the workflows that run {self.run.name} started runs any more."]
        _, done = _WORDS[self.way]
        parts = [f"{self.fates[Fate.ENDED]:,} of {counted(len(self.running), 'workflow')} {done}"]
        if gone := self.fates[Fate.GONE]:
            parts.append(f"{gone:,} had ended by then")
        if self.refused:
            parts.append(f"{len(self.refused):,} still run: the portal did not end them")
        lines = [f"Run {self.run.name} on {self.run.portal}: {' · '.join(parts)}"]
        lines += [
            f"  row {one.workflow.row_number}, workflow {one.workflow.workflow_id}: {one.text}"
            for one in self.refused[:_SHOWN]
        ]
        if len(self.refused) > _SHOWN:
            lines.append(f"  … and {len(self.refused) - _SHOWN:,} more")
        if self.refused:
            lines.append(f"Look at them in the portal, then try again: {_again(self.run, self.way)}")
        if code is Exit.INTERRUPTED:
            lines.append(f"Interrupted. Go on with: {_again(self.run, self.way)}")
        return lines

    def _document(self, code: Exit) -> dict[str, object]:
        return {
            "run_id": self.run.name,
            "portal": self.run.portal,
            "way": self.way.value,
            "running": len(self.running),
            "ended": self.fates[Fate.ENDED],
            "gone": self.fates[Fate.GONE],
            "refused": len(self.refused),
            "errors": [
                {
                    "row": one.workflow.row_number,
                    "workflow_id": one.workflow.workflow_id,
                    "error": one.text,
                }
                for one in self.refused
            ],
            "exit_code": int(code),
        }
