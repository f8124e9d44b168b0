"""Figures for Prometheus, in its text format, as node_exporter's textfile collector reads them.

Not prometheus-client: it keeps the counters of a process that lives on; ours come from the ledger.
Source of the format: prometheus.io, "Exposition formats".
"""

from __future__ import annotations

import asyncio
import errno
import os
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from launcher.report.results_model import ResultsError


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
    text = as_text(metrics)
    try:
        # Not named *.prom: the collector reads each of those in the folder.
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
            temporary = Path(name)
            temporary.chmod(0o644)  # the collector is another user
            temporary.replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise _refused(path, error) from None


def _refused(path: Path, error: OSError) -> ResultsError:
    return ResultsError(f"--metrics-file {path}: cannot be written: {error.strerror}.")


def _lines(metric: Metric) -> Iterable[str]:
    if metric.values:
        yield f"# HELP {metric.name} {metric.help}"
        yield f"# TYPE {metric.name} gauge"
    for labels, value in metric.values:
        shown = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
        yield f"{metric.name}{{{shown}}} {value:.15g}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
