"""REPORT: results files, the page of a run, metrics; here, where their files go. Imports nothing heavy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

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
