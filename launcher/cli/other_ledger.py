"""Keeps a run from starting again what another ledger has started, where a file at hand proves it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from launcher.engine.other_ledger import ReportedStart, reports_starts, unknown_start
from launcher.ledger import Ledger
from launcher.report.partial import partial_path
from launcher.report.results import STDOUT
from launcher.sheets import Dialect, SheetError, Table, open_table


async def starts_of_another_ledger(ledger: Ledger, shown: str, table: Table) -> str:
    """Return why a run must not take that input; nothing where it may. Raises SheetError, LedgerError.

    `shown`: what the input is called.
    """
    start = await unknown_start(ledger, table)
    if start is None:
        return ""
    return (
        f"{shown}: {_unknown(ledger, start)}. A run could start it a second time.\n"
        f"to go on with the ledger that started it   --ledger PATH\n"
        f"to start such rows all the same            launcher run --ignore-launch-columns"
    )


async def results_of_another_ledger(ledger: Ledger, results: Path, dialect: Dialect) -> str:
    """Return why a run must not write to that path; nothing where it may.

    `dialect`: that of the run's file, in which an earlier run of the file has written too. What stands there
    and is no results file of ours proves nothing.
    """
    if results == STDOUT:
        return ""
    for path in (results, partial_path(results)):
        table = _results_table(path, dialect)
        try:
            start = table and await unknown_start(ledger, table, may_be_cut=path != results)
        except SheetError:
            continue
        if start:
            return (
                f"{path}: {_unknown(ledger, start)}, so another ledger wrote this file. A run would start its "
                f"rows again and overwrite it.\n"
                f"to go on with the ledger that wrote it   --ledger PATH\n"
                f"to start its rows all the same           --results PATH, a file of another name"
            )
    return ""


def _results_table(path: Path, dialect: Dialect) -> Table | None:
    """Return the results file's table; None where it is none of ours, or cannot be read."""
    if not path.is_file():
        return None
    # As the file is written that it belongs to; else, as after it was saved anew, as it shows itself.
    written = [(dialect.encoding, dialect.delimiter)] if dialect.format == "csv" else []
    for encoding, delimiter in (*written, (None, None)):
        with suppress(SheetError):
            table = open_table(path, encoding=encoding, delimiter=delimiter)
            if reports_starts(table):
                return table
    return None


def _unknown(ledger: Ledger, start: ReportedStart) -> str:
    return (
        f"row {start.row_number} was started as workflow {start.workflow_id}, which the ledger "
        f"{ledger.database.name} does not know"
    )
