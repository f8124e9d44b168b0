"""What the ledger says of a run, or of all: its summary, what its page tells, and figures."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from launcher.core.model import State
from launcher.core.summary import Ending, Summary, exit_code
from launcher.core.timeline import Timeline, course, slot_s
from launcher.ledger import (
    FailedFiles,
    Ledger,
    LedgerGoneError,
    RecordedRow,
    RunRecord,
    Tally,
    is_held,
    tallies,
    unknown_before,
)
from launcher.report.metrics import Metric, alone, write_metrics
from launcher.report.page import CAUSES_AT_MOST, ROWS_AT_MOST, Page, save_page


async def summarise(ledger: Ledger, run_id: int, *, causes: int = 10) -> Summary:
    """What the run came to so far, with so many causes at most. Raises KeyError where there is no such run."""
    run = await ledger.run(run_id)
    if run is None:
        raise KeyError(run_id)
    ending, because = run.ending, run.stopped_because
    if ending is Ending.RUNNING and not await is_held(ledger, run.portal):
        ending, because = Ending.INTERRUPTED, "the launcher ended in the middle of it"
    return Summary(
        run=run.name,
        job=run.job,
        file=run.file,
        portal=run.portal,
        ending=ending,
        counts=await ledger.counts(run_id),
        requests=await ledger.requests(run_id),
        seconds=time.time() - run.created_at if ending is Ending.RUNNING else run.active_s,
        began_at=run.created_at,
        ended_at=run.ended_at,
        results=run.results,
        stopped_because=because,
        causes=await ledger.causes(run_id, causes) if causes else (),
        unknown_before=await unknown_before(ledger, run_id),
        failed=await FailedFiles(ledger.database).path(run_id),
        pruned=run.pruned_at is not None,
        ledger_gone=_is_gone(ledger),
    )


def _is_gone(ledger: Ledger) -> bool:
    try:
        ledger.check_place()
    except LedgerGoneError:
        return True
    return False


async def save_report(ledger: Ledger, run: RunRecord, path: Path) -> None:
    """The run as it stands in the ledger is a page in that file. Raises ResultsError, LedgerError."""
    summary = await summarise(ledger, run.id, causes=CAUSES_AT_MOST)
    running = summary.ending is Ending.RUNNING
    first_rows = [cause.first_row for cause in summary.causes]
    page = Page(
        run=run,
        summary=summary,
        course=await _course(ledger, run.id),
        examples={row.row_number: row for row in await ledger.rows_numbered(run.id, first_rows)},
        to_mend=await _rows(ledger, run.id, (State.FAILED, State.INVALID)),
        # A row in the air when the run ended may have started.
        unknown=await _rows(ledger, run.id, (State.UNKNOWN, *(() if running else (State.SENT,)))),
        created_at=time.time(),
    )
    await asyncio.to_thread(save_page, path, page)


async def _rows(ledger: Ledger, run_id: int, states: Sequence[State]) -> tuple[RecordedRow, ...]:
    return tuple(await ledger.recorded_rows(run_id, only=states))[:ROWS_AT_MOST]


async def _course(ledger: Ledger, run_id: int) -> Timeline:
    between = await ledger.answered_between(run_id)
    width_s = slot_s(between[1] - between[0]) if between else 1
    answers = await ledger.answers(run_id, slot_s=width_s)
    return course(answers, await ledger.waits(run_id), slot_s=width_s)


async def save_metrics(ledger: Ledger, path: Path) -> None:
    """The figures, as the ledger has them now, are in that file. Raises ResultsError, LedgerError."""
    # One at a time: of two runs that end together, the one that has read first must not write last.
    async with alone(path):
        write_metrics(path, await figures(ledger))


async def figures(ledger: Ledger) -> list[Metric]:
    """The figures of all jobs, as the ledger has them now. Raises LedgerError."""
    found = await tallies(ledger)
    return [
        Metric(
            "launcher_runs",
            "Runs in the ledger, by how they ended.",
            [
                (_job(one) | {"ending": ending.value}, one.runs.get(ending, 0))
                for one in found
                for ending in Ending
            ],
        ),
        Metric(
            "launcher_last_run_rows",
            "Rows of the job's last run, by state.",
            [
                (_job(one) | {"state": state}, number)
                for one in found
                for state, number in one.counts.shown(running=one.run.ending is Ending.RUNNING).items()
            ],
        ),
        *(
            Metric(f"launcher_last_{name}", words, [(_job(one), value(one)) for one in found])
            for name, (words, value) in _OF_THE_LAST_RUN.items()
        ),
        Metric(
            "launcher_last_success_timestamp_seconds",
            "When a run of the job last ended with exit code 0.",
            [(_job(one), one.succeeded_at) for one in found if one.succeeded_at is not None],
        ),
    ]


def _job(one: Tally) -> dict[str, str]:
    return {"job": one.run.job, "portal": one.run.portal}


_OF_THE_LAST_RUN: dict[str, tuple[str, Callable[[Tally], float]]] = {
    "run_seconds": ("Seconds that the job's last run worked.", lambda one: one.run.active_s),
    "run_requests": ("Requests that it sent to start rows.", lambda one: one.requests),
    "run_refused_requests": ("Those that the portal refused whole.", lambda one: one.refused_requests),
    "run_lost_requests": ("Those whose answers were lost.", lambda one: one.lost_requests),
    "run_exit_code": (
        "The exit code that it ended with.",
        lambda one: exit_code(one.counts, one.run.ending, one.unknown_before),
    ),
    "run_timestamp_seconds": ("When it began.", lambda one: one.run.created_at),
}
