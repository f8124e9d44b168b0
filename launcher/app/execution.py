"""One process at work on a run: from the held portal to the results file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from launcher.app.context import Context, RunBegan, RunEnded
from launcher.app.portals import ConnectedPortal
from launcher.core.job import JobSpec
from launcher.core.model import State
from launcher.core.summary import Ending, Summary
from launcher.core.words import pluralize
from launcher.engine.cancel import CancelToken
from launcher.engine.executor import Rules, RunExecutor
from launcher.engine.live import forget_live
from launcher.engine.progress import Progress
from launcher.engine.results import save_results
from launcher.engine.summary import summarise
from launcher.errors import ResultsError, RunStoppedError
from launcher.ledger import LedgerError, LedgerGoneError, RunRecord
from launcher.ledger.nights import FailedFiles
from launcher.messages import Message
from launcher.report import STDOUT
from launcher.report.metrics import save_metrics
from launcher.sheets import Dialect, Table, fingerprint, is_address, open_table


@dataclass(frozen=True, slots=True)
class Execution:
    """One process at work on a run, whose portal it holds."""

    portal: ConnectedPortal
    cancel: CancelToken

    async def execute(self, record: RunRecord, job: JobSpec, table: Table | None) -> Summary:
        """Take the run to its end, or to where it stops."""
        ledger, progress, emit = self.portal.ledger, Progress(), self.portal.launcher.emit
        progress.begin(await ledger.counts(record.id))
        progress.expected_rows = progress.rows if table is None else table.row_count
        try:
            emit(RunBegan(record.name, record.portal, progress, self.cancel))
            try:
                await self._executor(progress).execute(record, job, table)
            finally:
                emit(RunEnded(record.name))
            return await self._close(record)
        except LedgerGoneError as error:
            raise RunStoppedError(error.message) from None
        except LedgerError as error:
            go_on = f"Nothing is lost. To continue: launcher resume {record.name}"
            raise RunStoppedError("stopped-and-how-to-go-on", reason=error, go_on=go_on) from None

    async def reconcile(self, record: RunRecord) -> Summary:
        """Ask the portal about the run's unknown rows."""
        tell = self.portal.launcher.tell
        if (await self.portal.ledger.counts(record.id))[State.UNKNOWN]:
            found = await self._executor(Progress()).reconcile(record)
            tell(Message("rows-found-running", rows=pluralize(found, "unknown row")))
        else:
            tell(Message("no-unknown-rows", name=record.name))
        return await self._close(record)

    def _executor(self, progress: Progress) -> RunExecutor:
        rules = Rules(give_up_after_s=self.portal.config.give_up_after)
        return RunExecutor(
            self.portal.ledger,
            self.portal.client,
            rules,
            cancel=self.cancel,
            progress=progress,
            lease=self.portal.lease,
        )

    async def _close(self, record: RunRecord) -> Summary:
        launcher, ledger = self.portal.launcher, self.portal.ledger
        summary = await summarise(ledger, record.id)
        if self.cancel.is_set and summary.ending is Ending.RUNNING:
            # The ledger could not take down the end, as on a full disk.
            summary = replace(summary, ending=self.cancel.ending, stopped_because=self.cancel.reason)
        try:
            # A pruned run has its unknown rows only; the file that it wrote has them all.
            if record.pruned_at is not None:
                launcher.tell(Message("run-was-pruned", name=record.name, results=record.results))
            elif Path(record.results) != STDOUT:  # whoever has a standard output writes them there
                for note in await save_results(ledger, record, Path(record.results), summary=summary):
                    launcher.tell(note)
                forget_live(record)
        except ResultsError as error:
            # The ledger has the truth; only its copy for people is missing.
            launcher.tell(Message("results-not-written-yet", reason=error, name=record.name))
        summary = replace(summary, failed=await FailedFiles(ledger.database).path(record.id))
        if launcher.metrics is not None:
            try:
                await save_metrics(ledger, launcher.metrics)
            except ResultsError as error:
                launcher.tell(error.message)
        if moved_to := self.portal.client.connection.moved_to:
            launcher.tell(Message("portal-moved", moved_to=moved_to))
        return summary


async def continue_run(portal: ConnectedPortal, record: RunRecord, cancel: CancelToken) -> Summary:
    """Take the run to its end, with what its file still has."""
    await portal.ledger.resumed(record.id)
    table = None if record.loaded else _rest_of_file(portal.launcher, record)
    return await Execution(portal, cancel).execute(record, JobSpec.from_plan(record.job, record.plan), table)


def _rest_of_file(launcher: Context, record: RunRecord) -> Table | None:
    """Return the run's file, if it is still the one whose rows were being read when the run was cut off."""
    if not record.fingerprint or is_address(record.file):
        launcher.tell(Message("input-not-complete", name=record.name, file=record.file))
        return None
    file = Path(record.file)
    if not file.is_file() or fingerprint(file) != record.fingerprint:
        launcher.tell(Message("input-changed", file=file, name=record.name))
        return None
    dialect = Dialect.from_dict(record.dialect)
    return open_table(
        file,
        sheet=dialect.sheet or None,
        encoding=dialect.encoding if dialect.format in ("csv", "html") else None,
        delimiter=dialect.delimiter if dialect.format == "csv" else None,
        header_row=dialect.header_row,
    )
