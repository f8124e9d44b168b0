"""Figures of all jobs, out of the ledger."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from launcher.core.summary import Ending, exit_code
from launcher.ledger import Ledger, Tally, tallies
from launcher.report.metrics import Metric, alone, write_metrics


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
