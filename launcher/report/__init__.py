"""REPORT: results files, the page of a run, metrics; here, where their files go. Imports nothing heavy."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from launcher.sheets import Dialect

STDOUT = Path("-")
"""Stands for standard output in place of a file."""

WORKBOOKS = frozenset({".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"})


def results_path(source: Path, dialect: Dialect | None = None) -> Path:
    """Where the results of `source` go: NAME.results.csv beside it, .xlsx for a workbook.

    `dialect` says what the file really is; without it, its name does.
    """
    workbook = dialect.format != "csv" if dialect else source.suffix.lower() in WORKBOOKS
    return source.with_name(f"{source.stem}.results{'.xlsx' if workbook else '.csv'}")


def failed_path(results: Path) -> Path:
    """Where the rows to fix go: NAME.failed.csv (or .xlsx) beside the results."""
    return results.with_name(f"{results.stem.removesuffix('.results')}.failed{results.suffix}")


def failed_file(results: str, written: str) -> str:
    """Where a run's rows to fix are: where they were `written`, else at the usual place beside its results."""
    return written or ("" if Path(results).name in ("", "-") else str(failed_path(Path(results))))


def partial_path(results: Path) -> Path:
    """Where the rows so far stand: NAME.results.partial.csv beside NAME.results.csv or .xlsx."""
    return results.with_name(f"{results.stem}.partial.csv")


def temporary_path(path: Path) -> Path:
    """Where what goes to `path` is written first: in the same folder, since only there it can be renamed."""
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


@contextmanager
def new_text_file(path: Path) -> Iterator[TextIO]:
    """Give a file that replaces `path` when the block ends: on the disk and whole, or not at all."""
    temporary = temporary_path(path)
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
