"""Figures for Prometheus, in its text format, as node_exporter's textfile collector reads them.

Not prometheus-client: it keeps the counters of a process that lives on; ours come from the ledger.
Source of the format: prometheus.io, "Exposition formats".
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from launcher.core.summary import Ending, exit_code
from launcher.errors import ResultsError
from launcher.ledger import Ledger
from launcher.ledger.tallies import Tally, tallies
from launcher.report import new_text_file


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure, what it means, and its values by labels."""

    name: str
    help: str
    values: Sequence[tuple[Mapping[str, str], float]]


def as_text(metrics: Iterable[Metric]) -> str:
    """The figures as Prometheus reads them."""
    return "".join(f"{line}\n" for metric in metrics for line in _lines(metric))


@asynccontextmanager
async def alone(path: Path) -> AsyncIterator[None]:
    """While the block runs, nobody else writes figures to that file. Raises ResultsError."""
    if not path.parent.is_dir():
        # A lock would make the folder, and nobody would read the figures there.
        raise _refused(path, FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)))
    lock = FileLock(path.with_name(f".{path.name}.lock"), timeout=0)
    while True:
        try:
            lock.acquire()
            break
        except Timeout:
            await asyncio.sleep(_LOOK_S)
        except OSError as error:
            raise _refused(path, error) from None
    try:
        yield
    finally:
        lock.release()


_LOOK_S = 0.05


def write_metrics(path: Path, metrics: Iterable[Metric]) -> None:
    """The file holds these figures, whole, and everybody may read it. Raises ResultsError."""
    try:
        # Its temporary name is not *.prom: the collector reads each of those in the folder.
        with new_text_file(path) as stream:
            stream.write(as_text(metrics))
            Path(stream.name).chmod(0o644)  # the collector is another user
    except OSError as error:
        raise _refused(path, error) from None


def _refused(path: Path, error: OSError) -> ResultsError:
    return ResultsError("metrics-not-written", path=path, strerror=error.strerror)


def _lines(metric: Metric) -> Iterable[str]:
    if metric.values:
        yield f"# HELP {metric.name} {metric.help}"
        yield f"# TYPE {metric.name} gauge"
    for labels, value in metric.values:
        shown = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
        yield f"{metric.name}{{{shown}}} {value:.15g}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


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
