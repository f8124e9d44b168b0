"""Runs: begin one, resume it, reconcile it. Each returns what the run came to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from launcher.app.context import Context
from launcher.app.documents import DryRunDocument
from launcher.app.execution import Execution, continue_run
from launcher.app.guards import refuse_other_ledger, refuse_second_ledger
from launcher.app.inputs import Input, input_of_rows, load_input, open_input
from launcher.app.jobs import ChosenJob, choose_job, resolve_job, with_file_of_job
from launcher.app.portals import ConnectedPortal, access_of, connected, hold_portal_of_run
from launcher.app.query import find_run
from launcher.app.requests import RunRequest
from launcher.core.columns import MappingError
from launcher.core.job import JobSpec
from launcher.core.model import Start, State
from launcher.core.plan import Duplicates, Planned
from launcher.core.summary import Cause, Counts, Ending, Exit, Summary
from launcher.engine.cancel import CancelToken
from launcher.engine.checking import refuse_duplicates, rehearse
from launcher.engine.portal_client import load_recent_requests
from launcher.engine.preparing import Candidates, mapper_of
from launcher.ledger import NewRun, hold_portal
from launcher.messages import Message
from launcher.report import STDOUT, results_path
from launcher.report.results import check_writable
from launcher.settings import PortalConfig
from launcher.sheets import Table


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
            await load_recent_requests(
                connection.ledger, connection.client
            )  # again: until it is held, others may send
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
            return await Execution(replace(connection, lease=lease), cancel).execute(begun, job, table)


async def resume(
    launcher: Context, name: str | None = None, *, wait: bool = False, cancel: CancelToken | None = None
) -> Summary:
    """Continue that run, the last one by default, where it stopped. Raises as `run` does."""
    record = await find_run(launcher, name)
    async with hold_portal_of_run(launcher, record, wait=wait) as portal:
        counts = await portal.ledger.counts(record.id)
        if record.loaded and not (counts[State.PENDING] or counts[State.DEFERRED]):
            launcher.tell(Message("no-rows-left", name=record.name))
        return await continue_run(portal, record, cancel or CancelToken())


async def reconcile(launcher: Context, name: str | None = None, cancel: CancelToken | None = None) -> Summary:
    """Ask the portal about the unknown rows of that run, the last one by default. Starts nothing."""
    record = await find_run(launcher, name)
    async with hold_portal_of_run(launcher, record) as portal:
        return await Execution(portal, cancel or CancelToken()).reconcile(record)


async def open_request(launcher: Context, request: RunRequest) -> tuple[Input, Table]:
    """Return the request's input and its table; its notes are emitted. Raises SheetError."""
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
) -> tuple[JobSpec, Candidates]:
    """Return the job of the run, and what makes starts of its rows."""
    tell = portal.launcher.tell
    await load_recent_requests(portal.ledger, portal.client)
    # In a scheduled run nobody is there to try again if the portal is down for a while.
    with portal.client.retry_for(chosen.portal.give_up_after if request.scheduled else 0.0):
        job = await cancel.race(resolve_job(chosen, request, portal.client, tell))
    try:
        mapper = await mapper_of(job, table.header, portal.ledger, portal.name)
    except MappingError as error:
        raise MappingError("of-file", name=given.source.name, reason=error) from None
    if not job.document_column:
        if mapper.document_heading != "ID":
            tell(Message("document-column-found", document_heading=mapper.document_heading))
        job = replace(job, document_column=mapper.document_heading)
    candidates = Candidates(mapper, portal.client)
    if job.duplicates is Duplicates.ERROR:
        await refuse_duplicates(candidates, table)
    return job, candidates


_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What a run would come to; its pending rows are those that it would start."""

    summary: Summary
    examples: tuple[Start, ...]
    """The first starts."""

    @property
    def exit_code(self) -> Exit:
        """That of a dry run."""
        return Exit.SOME_NOT_STARTED if self.summary.counts[State.INVALID] else Exit.ALL_STARTED

    def to_dict(self) -> DryRunDocument:
        """Return the document of `--json`."""
        return {**self.summary.to_dict(), "exit_code": int(self.exit_code), "dry_run": True}


async def plan(launcher: Context, request: RunRequest) -> RunPlan:
    """Return what a run would do; nothing is sent and nothing is written. Raises as `run` does."""
    request = with_file_of_job(launcher.settings, request)
    chosen = choose_job(launcher.settings, request)
    access = access_of(chosen.portal)
    given, table = await open_request(launcher, request)
    async with connected(launcher, access, chosen.portal) as portal:
        await refuse_second_ledger(launcher, portal.ledger, portal.name)
        await refuse_other_ledger(portal.ledger, request, given, table, None)
        job, candidates = await resolved(portal, chosen, request, given, table, CancelToken())
        states: Counter[State] = Counter()
        causes: dict[tuple[State, str], list[Planned]] = {}
        examples: list[Start] = []
        async for plans in rehearse(portal.ledger, job, candidates, table):
            for one in plans:
                states[one.state] += 1
                if one.start is None:
                    causes.setdefault((one.state, one.code), []).append(one)
                elif len(examples) < _EXAMPLES:
                    examples.append(one.start)
        summary = Summary(
            run="",
            job=job.name,
            file=given.shown,
            portal=portal.name,
            ending=Ending.FINISHED,
            counts=Counts(states),
            requests=0,
            seconds=0.0,
            causes=_most_frequent(causes),
        )
    return RunPlan(summary, tuple(examples))


def _most_frequent(causes: dict[tuple[State, str], list[Planned]]) -> tuple[Cause, ...]:
    found = [
        Cause(state=state, code=code, text=plans[0].reason, rows=len(plans), first_row=plans[0].row_number)
        for (state, code), plans in causes.items()
    ]
    return tuple(sorted(found, key=lambda cause: (-cause.rows, cause.first_row))[:10])
