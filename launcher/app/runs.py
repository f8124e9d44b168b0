"""Runs: begin one, resume it, retry rows of it, reconcile it. Each returns what the run came to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from launcher.app.context import Context
from launcher.app.events import RunBegan, RunEnded
from launcher.app.guards import refuse_other_ledger, refuse_second_ledger
from launcher.app.inputs import File, Input, load_input, open_input
from launcher.app.jobs import ChosenJob, choose_job, resolve_job, with_file_of_job
from launcher.app.portals import ConnectedPortal, access_of, connected, hold_portal_of_run
from launcher.app.python_rows import input_of_rows
from launcher.app.query import find_run, refuse_pruned
from launcher.app.requests import RetryRequest, RunRequest
from launcher.core.columns import MappingError
from launcher.core.findings import row_ranges
from launcher.core.mapping import Mapper, RowMapping
from launcher.core.model import State
from launcher.core.plan import Duplicates
from launcher.core.summary import Ending, Summary
from launcher.core.words import counted
from launcher.engine.cancel import CancelToken
from launcher.engine.candidates import Candidates, mapping_of
from launcher.engine.conductor import Conductor, Rules
from launcher.engine.job import Job
from launcher.engine.live import forget_live
from launcher.engine.mending import keep_taken_over, mend, unknown_rows
from launcher.engine.metrics import save_metrics
from launcher.engine.progress import Progress
from launcher.engine.recalling import recall
from launcher.engine.rehearsal import refuse_duplicates
from launcher.engine.results import save_results
from launcher.engine.summary import summarise
from launcher.errors import ConfirmationError, RunStoppedError
from launcher.ledger import FailedFiles, LedgerError, LedgerGoneError, NewRun, RunRecord, hold_portal
from launcher.report.results import STDOUT, ResultsError, check_writable, results_path
from launcher.settings import PortalConfig
from launcher.sheets import Dialect, Table, content_fingerprint, fingerprint, is_address, open_table


async def run(
    launcher: Context,
    request: RunRequest,
    cancel: CancelToken | None = None,
    portal: PortalConfig | None = None,
) -> Summary:
    """Take one file through one job; return what the run came to.

    `portal` stands in for the configured one. Raises InputError, PortalError, PortalInUseError, StoppedError
    before there is a run, and RunStoppedError in the middle of it.
    """
    cancel = cancel or CancelToken()
    request = with_file_of_job(launcher.settings, request)
    chosen = choose_job(launcher.settings, request, portal)
    access = access_of(chosen.portal)
    given, table = await open_request(launcher, request)
    usual = STDOUT if given.table is not None else results_path(given.beside, table.dialect)
    results = request.results or usual
    check_writable(results, source=given.beside if given.is_file else None)
    async with connected(launcher, access, chosen.portal) as connection:
        await refuse_second_ledger(launcher, connection.ledger, connection.name)
        await refuse_other_ledger(connection.ledger, request, given, table, results)
        job, _ = await resolved(connection, chosen, request, given, table, cancel)
        async with hold_portal(connection.ledger, connection.name, wait=request.wait) as lease:
            await recall(connection.ledger, connection.asker)  # again: until it is held, others may send
            new = NewRun(
                job=job.name,
                file=given.origin,
                portal=connection.name,
                plan=job.to_plan() | ({"nightly": True} if request.scheduled else {}),
                header=table.header,
                dialect=table.dialect.to_dict(),
                fingerprint=given.fingerprint,
                results=str(results if results == STDOUT else results.resolve()),
            )
            begun = await connection.ledger.begin_run(new)
            return await _Execution(replace(connection, lease=lease), cancel).execute(begun, job, table)


async def resume(
    launcher: Context, name: str | None = None, *, wait: bool = False, cancel: CancelToken | None = None
) -> Summary:
    """Continue that run, the last one by default, where it stopped. Raises as `run` does."""
    record = await find_run(launcher, name)
    async with hold_portal_of_run(launcher, record, wait=wait) as portal:
        counts = await portal.ledger.counts(record.id)
        if record.loaded and not (counts[State.PENDING] or counts[State.DEFERRED]):
            launcher.tell(f"run {record.name} has no rows left to start")
        return await _continue(portal, record, cancel or CancelToken())


async def reconcile(launcher: Context, name: str | None = None, cancel: CancelToken | None = None) -> Summary:
    """Ask the portal about the unknown rows of that run, the last one by default. Starts nothing."""
    record = await find_run(launcher, name)
    async with hold_portal_of_run(launcher, record) as portal:
        return await _Execution(portal, cancel or CancelToken()).reconcile(record)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPlan:
    """What a retry would send, as the ledger and the file stood when it was planned."""

    run: RunRecord
    request: RetryRequest
    corrections: Corrections | None
    """The file with corrected rows; None: the failed rows are sent as they were."""
    unknown: int
    """Unknown rows that would be sent: each of them may start a second time."""
    unknown_rows: tuple[int, ...] | None
    """Their numbers; None: all unknown rows of the run."""

    @property
    def needs_confirmation(self) -> bool:
        """Whether a person has to agree first."""
        return self.unknown > 0


@dataclass(frozen=True, slots=True)
class Corrections:
    """A file with corrected rows."""

    given: Input
    table: Table
    digest: str
    """Of the content that was read; empty where it is no file of this machine."""


async def plan_retry(launcher: Context, request: RetryRequest) -> RetryPlan:
    """Return what `retry` would send; changes nothing. Raises InputError, PortalInUseError."""
    ledger = await launcher.ledger()
    record = await find_run(launcher, request.run)
    if request.file is not None or not request.unknown:
        refuse_pruned(record, "run the file again for those that failed; what has started is skipped")
    async with hold_portal_of_run(launcher, record):
        corrections = None if request.file is None else await _corrections(request.file)
        numbers: tuple[int, ...] | None = ()
        if request.unknown:
            numbers = None
            if corrections is not None:
                found = await unknown_rows(ledger, record, corrections.table)
                numbers = found.unchanged
                if found.changed:
                    launcher.tell(_not_sent(record, found.changed))
        unknown = (await ledger.counts(record.id))[State.UNKNOWN] if numbers is None else len(numbers)
    return RetryPlan(
        run=record, request=request, corrections=corrections, unknown=unknown, unknown_rows=numbers
    )


async def retry(launcher: Context, plan: RetryPlan, cancel: CancelToken | None = None) -> Summary:
    """Send what the plan says. Raises ConfirmationError if that is no longer what would be sent."""
    record = plan.run
    async with hold_portal_of_run(launcher, record) as portal:
        if plan.request.unknown and plan.unknown_rows is None:
            unknown = (await portal.ledger.counts(record.id))[State.UNKNOWN]
            if unknown != plan.unknown:
                raise ConfirmationError(
                    f"run {record.name} has {counted(unknown, 'unknown row')} by now, not {plan.unknown:,}; "
                    "nothing was sent"
                )
        if plan.corrections is not None:
            await _correct(portal, record, plan.corrections)
        else:
            failed = await portal.ledger.retry_failed(record.id)
            launcher.tell(f"{counted(failed, 'failed row')} of run {record.name} to be sent again")
        if plan.unknown:
            await portal.ledger.retry_unknown(record.id, only=plan.unknown_rows)
        return await _continue(portal, record, cancel or CancelToken())


async def _corrections(file: File) -> Corrections:
    given = await load_input(file)
    digest = await asyncio.to_thread(content_fingerprint, given.source) if given.is_file else ""
    return Corrections(given, await open_input(given), digest)


async def _correct(portal: ConnectedPortal, record: RunRecord, corrections: Corrections) -> None:
    job = Job.from_plan(record.job, record.plan)
    for line in await mend(portal.ledger, record, job, corrections.table, portal.asker):
        portal.launcher.tell(line)
    if corrections.digest:
        source = corrections.given.source
        await keep_taken_over(portal.ledger, record, source, corrections.digest, corrections.table)


def _not_sent(record: RunRecord, changed: Sequence[int]) -> str:
    number, rows = len(changed), row_ranges(list(changed), len(changed))
    return (
        f"{counted(number, 'unknown row')} of run {record.name} changed in the file (row {rows}): not sent, "
        "and still unknown. The row may have started with the values that were sent, and another value is "
        "another start. To send the row again, give it back with the values that were sent"
    )


async def open_request(launcher: Context, request: RunRequest) -> tuple[Input, Table]:
    """Return the request's input and its table; notes about it are told. Raises SheetError."""
    given = await load_input(request.file) if request.rows is None else input_of_rows(request.rows)
    table = await open_input(given, **request.reading())
    for note in table.notes:
        launcher.tell(note)
    return given, table


async def resolved(
    portal: ConnectedPortal,
    chosen: ChosenJob,
    request: RunRequest,
    given: Input,
    table: Table,
    cancel: CancelToken,
) -> tuple[Job, Candidates]:
    """Return the job of the run, and what makes starts of its rows."""
    tell = portal.launcher.tell
    await recall(portal.ledger, portal.asker)
    # At night a portal may be down for a while, and nobody is there to try again.
    with portal.asker.patiently(chosen.portal.give_up_after if request.scheduled else 0.0):
        job = await cancel.race(resolve_job(chosen, request, portal.asker, tell))
    mapper = _bound(await mapping_of(job, portal.ledger, portal.name), table, given)
    if not job.document_column:
        if mapper.document_heading != "ID":
            tell(f'the document\'s ID is taken from the column "{mapper.document_heading}"')
        job = replace(job, document_column=mapper.document_heading)
    candidates = Candidates(mapper, portal.asker)
    if job.duplicates is Duplicates.ERROR:
        await refuse_duplicates(candidates, table)
    return job, candidates


def _bound(mapping: RowMapping, table: Table, given: Input) -> Mapper:
    """Return the mapping for this file. Raises MappingError, which names the file and what to say."""
    try:
        return Mapper(mapping, table.header)
    except MappingError as error:
        raise MappingError(f"{given.source.name}: {error}") from None


async def _continue(portal: ConnectedPortal, record: RunRecord, cancel: CancelToken) -> Summary:
    """Take the run to its end, with what its file still has."""
    await portal.ledger.resumed(record.id)
    table = None if record.loaded else _rest_of_file(portal.launcher, record)
    return await _Execution(portal, cancel).execute(record, Job.from_plan(record.job, record.plan), table)


def _rest_of_file(launcher: Context, record: RunRecord) -> Table | None:
    """Return the run's file, if it is still the one whose rows were being read when the run was cut off."""
    if not record.fingerprint or is_address(record.file):
        launcher.tell(
            f"run {record.name} was cut off before all of its input was in the ledger, and {record.file} is "
            f"not read a second time. Its rows so far go on; then give the whole input to a new run for the "
            f"rest: what has started is skipped"
        )
        return None
    file = Path(record.file)
    if not file.is_file() or fingerprint(file) != record.fingerprint:
        launcher.tell(
            f"{file} was changed or removed before run {record.name} had read all of it. Its rows so far go "
            f"on; then run the file again for the rest: what has started is skipped"
        )
        return None
    dialect = Dialect.from_dict(record.dialect)
    return open_table(
        file,
        sheet=dialect.sheet or None,
        encoding=dialect.encoding if dialect.format in ("csv", "html") else None,
        delimiter=dialect.delimiter if dialect.format == "csv" else None,
        header_row=dialect.header_row,
    )


@dataclass(frozen=True, slots=True)
class _Execution:
    """One process at work on a run, whose portal it holds."""

    portal: ConnectedPortal
    cancel: CancelToken

    async def execute(self, record: RunRecord, job: Job, table: Table | None) -> Summary:
        """Take the run to its end, or to where it stops."""
        ledger, progress = self.portal.ledger, Progress()
        progress.begin(await ledger.counts(record.id))
        progress.expected_rows = progress.rows if table is None else table.row_count
        try:
            with self._announced(record, progress):
                await self._conductor(progress).conduct(record, job, table)
            return await self._close(record)
        except LedgerGoneError as error:
            raise RunStoppedError(str(error)) from None
        except LedgerError as error:
            go_on = f"Nothing is lost. Go on with: launcher resume {record.name}"
            raise RunStoppedError(f"{error}\n{go_on}") from None

    async def reconcile(self, record: RunRecord) -> Summary:
        """Ask the portal about the run's unknown rows."""
        tell = self.portal.launcher.tell
        if (await self.portal.ledger.counts(record.id))[State.UNKNOWN]:
            found = await self._conductor(Progress()).reconcile(record)
            tell(f"{counted(found, 'unknown row')} found running in the portal")
        else:
            tell(f"run {record.name} has no unknown rows: the portal was not asked")
        return await self._close(record)

    @contextmanager
    def _announced(self, record: RunRecord, progress: Progress) -> Iterator[None]:
        emit = self.portal.launcher.emit
        emit(RunBegan(record.name, record.portal, progress, self.cancel))
        try:
            yield
        finally:
            emit(RunEnded(record.name))

    def _conductor(self, progress: Progress) -> Conductor:
        rules = Rules(give_up_after_s=self.portal.config.give_up_after)
        return Conductor(
            self.portal.ledger,
            self.portal.asker,
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
                launcher.tell(f"run {record.name} was pruned; {record.results} stays as it was written")
            elif Path(record.results) != STDOUT:  # whoever has a standard output writes them there
                for note in await save_results(ledger, record, Path(record.results), summary=summary):
                    launcher.tell(note)
                forget_live(record)
        except ResultsError as error:
            # The ledger has the truth; only its copy for people is missing.
            launcher.tell(f"{error} Then: launcher results {record.name}")
        summary = replace(summary, failed=await FailedFiles(ledger.database).path(record.id))
        if launcher.metrics is not None:
            try:
                await save_metrics(ledger, launcher.metrics)
            except ResultsError as error:
                launcher.tell(str(error))
        if moved_to := self.portal.asker.connection.moved_to:
            launcher.tell(
                f"the portal has moved to {moved_to}; change its address in the configuration to that host, "
                f"or sign in again there"
            )
        return summary
