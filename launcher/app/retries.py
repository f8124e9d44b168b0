"""Retries: rows of a run again, as a plan that says which, and the act."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from launcher.app.context import Context
from launcher.app.execution import continue_run
from launcher.app.inputs import File, Input, load_input, open_input
from launcher.app.portals import ConnectedPortal, hold_portal_of_run
from launcher.app.query import find_run, refuse_pruned
from launcher.app.requests import RetryRequest
from launcher.core.findings import row_ranges
from launcher.core.job import JobSpec
from launcher.core.model import State
from launcher.core.summary import Summary
from launcher.core.words import pluralize
from launcher.engine.cancel import CancelToken
from launcher.engine.corrections import apply_corrections, keep_taken_over, unknown_rows
from launcher.errors import ConfirmationError
from launcher.ledger import Ledger, RunRecord
from launcher.messages import Message
from launcher.sheets import Table, content_fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPlan:
    """What a retry would send, as the ledger and the file stood when it was planned."""

    run: RunRecord
    request: RetryRequest
    corrections: Corrections | None
    """The file with corrected rows; None: the failed rows are sent as they were."""
    unknown: Mapping[int, int]
    """Unknown rows that would be sent, by number, and how often each was sent so far: each may start again."""

    @property
    def needs_confirmation(self) -> bool:
        """Whether a person has to agree first."""
        return bool(self.unknown)


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
        unknown = await _unknown(ledger, record, corrections) if request.unknown else _Unknown()
    if unknown.changed:
        launcher.tell(_not_sent(record, unknown.changed))
    return RetryPlan(run=record, request=request, corrections=corrections, unknown=unknown.attempts)


async def retry(launcher: Context, plan: RetryPlan, cancel: CancelToken | None = None) -> Summary:
    """Send what the plan says. Raises ConfirmationError if that is no longer what would be sent."""
    record = plan.run
    async with hold_portal_of_run(launcher, record) as portal:
        if plan.request.unknown:
            unknown = (await _unknown(portal.ledger, record, plan.corrections)).attempts
            if unknown != plan.unknown:
                raise ConfirmationError(
                    "unknown-rows-changed", name=record.name, unknown=len(unknown), asked=len(plan.unknown)
                )
        if plan.corrections is not None:
            await _correct(portal, record, plan.corrections)
        else:
            failed = await portal.ledger.retry_failed(record.id)
            launcher.tell(Message("rows-sent-again", rows=pluralize(failed, "failed row"), name=record.name))
        if plan.unknown:
            await portal.ledger.retry_unknown(record.id, only=list(plan.unknown))
        return await continue_run(portal, record, cancel or CancelToken())


@dataclass(frozen=True, slots=True)
class _Unknown:
    """The unknown rows of a run that are meant."""

    attempts: Mapping[int, int] = field(default_factory=dict)
    """By row number: another attempt is another doubt."""
    changed: tuple[int, ...] = ()
    """Rows that the file has with other values than were sent."""


async def _unknown(ledger: Ledger, record: RunRecord, corrections: Corrections | None) -> _Unknown:
    """Return all of the run, or with a file those that it names unchanged."""
    found = None if corrections is None else await unknown_rows(ledger, record, corrections.table)
    meant = None if found is None else frozenset(found.unchanged)
    attempts: dict[int, int] = {}
    last_row = 0
    while page := await ledger.recorded_rows(record.id, after_row=last_row, only=[State.UNKNOWN]):
        last_row = page[-1].row_number
        attempts |= {row.row_number: row.attempts for row in page if meant is None or row.row_number in meant}
    return _Unknown(attempts, () if found is None else found.changed)


async def _corrections(file: File) -> Corrections:
    given = await load_input(file)
    digest = await asyncio.to_thread(content_fingerprint, given.source) if given.is_file else ""
    return Corrections(given, await open_input(given), digest)


async def _correct(portal: ConnectedPortal, record: RunRecord, corrections: Corrections) -> None:
    job = JobSpec.from_plan(record.job, record.plan)
    for line in await apply_corrections(portal.ledger, record, job, corrections.table, portal.client):
        portal.launcher.tell(line)
    if corrections.digest:
        source = corrections.given.source
        await keep_taken_over(portal.ledger, record, source, corrections.digest, corrections.table)


def _not_sent(record: RunRecord, changed: Sequence[int]) -> str:
    number, rows = len(changed), row_ranges(list(changed), len(changed))
    return (
        f"{pluralize(number, 'unknown row')} of run {record.name} changed in the file (row {rows}): not sent, "
        "and still unknown. The row may have started with the values that were sent, and another value is "
        "another start. To send the row again, give it back with the values that were sent"
    )
