"""A run in front of a person: progress while it goes, results and summary when it has ended."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from launcher.cli.console import Console
from launcher.cli.options import GlobalOptions, Refused
from launcher.cli.session import interruptible
from launcher.core.model import State
from launcher.core.summary import Ending, Exit, Summary
from launcher.core.words import counted
from launcher.engine.asking import Asker
from launcher.engine.cancel import CancelToken
from launcher.engine.conductor import Conductor, Rules
from launcher.engine.job import Job
from launcher.engine.live import forget_live
from launcher.engine.metrics import save_metrics
from launcher.engine.progress import Progress
from launcher.engine.results import save_results
from launcher.engine.summary import summarise
from launcher.ledger import FailedFiles, Ledger, LedgerError, LedgerGoneError, RunRecord
from launcher.report.results import STDOUT, ResultsError
from launcher.settings import PortalConfig
from launcher.sheets import Table


@dataclass(frozen=True, slots=True)
class Unattended:
    """Stands for the person where a run is one of several."""

    cancel: CancelToken
    """Stops the run; the signals are heard elsewhere."""
    hear: Callable[[Summary], None]
    """Is given what the run came to, instead of its being shown."""


@dataclass(frozen=True, slots=True)
class Running:
    """What a run needs around it."""

    said: GlobalOptions
    ledger: Ledger
    asker: Asker
    config: PortalConfig
    metrics_file: Path | None = None
    unattended: Unattended | None = None

    async def go(self, run: RunRecord, job: Job, table: Table | None) -> int:
        """Take the run to its end, or to where it stops; show what it came to and give the exit code."""
        # Rows come and go by the hundred thousand and are never part of a cycle.
        gc.set_threshold(50_000, 20, 100)
        console = self._console(run)
        cancel, progress = self._cancel(), Progress()
        progress.begin(await self.ledger.counts(run.id))
        progress.expected_rows = progress.rows if table is None else table.row_count
        try:
            with self._watched(cancel, progress, console):
                await self._conductor(cancel, progress).conduct(run, job, table)
            return await self._close(run, console, cancel)
        except LedgerGoneError as error:
            raise Refused(str(error), Exit.STOPPED) from None
        except LedgerError as error:
            go_on = f"Nothing is lost. Go on with: launcher resume {run.name}"
            raise Refused(f"{error}\n{go_on}", Exit.STOPPED) from None

    async def reconcile(self, run: RunRecord) -> int:
        """Ask the portal about the run's unknown rows; show what the run came to and give the exit code."""
        console = self._console(run)
        if (await self.ledger.counts(run.id))[State.UNKNOWN]:
            found = await self._conductor(self._cancel(), Progress()).reconcile(run)
            console.tell(f"{counted(found, 'unknown row')} found running in the portal")
        else:
            console.tell(f"run {run.name} has no unknown rows: the portal was not asked")
        return await self._close(run, console, CancelToken())

    def _cancel(self) -> CancelToken:
        return CancelToken() if self.unattended is None else self.unattended.cancel

    @contextmanager
    def _watched(self, cancel: CancelToken, progress: Progress, console: Console) -> Iterator[None]:
        """Signals are heard and progress is shown while the block goes on, where a person is there."""
        if self.unattended is not None:
            yield
            return
        with interruptible(cancel, console.tell), console.showing(progress):
            yield

    def _console(self, run: RunRecord) -> Console:
        return Console(self.said, results_on_stdout=Path(run.results) == STDOUT)

    async def _save(self, run: RunRecord, summary: Summary, console: Console) -> None:
        if Path(run.results) == STDOUT and console.wants_json:
            console.tell(f"standard output has the JSON document; the results: launcher results {run.name}")
            return
        for note in await save_results(self.ledger, run, Path(run.results), summary=summary):
            console.tell(note)
        forget_live(run)

    def _conductor(self, cancel: CancelToken, progress: Progress) -> Conductor:
        rules = Rules(give_up_after_s=self.config.give_up_after)
        return Conductor(self.ledger, self.asker, rules, cancel=cancel, progress=progress)

    async def _close(self, run: RunRecord, console: Console, cancel: CancelToken) -> int:
        summary = await summarise(self.ledger, run.id)
        if cancel.is_set and summary.ending is Ending.RUNNING:
            # The ledger could not take down the end, as on a full disk.
            summary = replace(summary, ending=cancel.ending, stopped_because=cancel.reason)
        try:
            # A pruned run has its unknown rows only; the file that it wrote has them all.
            if run.pruned_at is None:
                await self._save(run, summary, console)
            else:
                console.tell(f"run {run.name} was pruned; {run.results} stays as it was written")
        except ResultsError as error:
            # The ledger has the truth; only its copy for people is missing.
            console.tell(f"{error} Then: launcher results {run.name}")
        summary = replace(summary, failed=await FailedFiles(self.ledger.database).path(run.id))
        if self.metrics_file is not None:
            try:
                await save_metrics(self.ledger, self.metrics_file)
            except ResultsError as error:
                console.tell(str(error))
        if moved_to := self.asker.connection.moved_to:
            console.tell(
                f"the portal has moved to {moved_to}; change its address in the configuration to "
                f"that host, or sign in again there"
            )
        if self.unattended is not None:
            self.unattended.hear(summary)
        else:
            console.show_summary(summary)
        return int(summary.exit_code)
