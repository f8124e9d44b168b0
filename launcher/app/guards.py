"""Keeps a run from starting again what another ledger has started, as far as this machine can know it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

from launcher.app.context import Context
from launcher.app.inputs import Input
from launcher.app.requests import RunRequest
from launcher.engine.other_ledger import ReportedStart, reports_starts, unknown_start
from launcher.errors import InputError
from launcher.ledger import Ledger
from launcher.ledger.other_ledger import has_runs
from launcher.report.partial import partial_path
from launcher.report.results import STDOUT
from launcher.settings.places import ledger_without_config
from launcher.sheets import Dialect, SheetError, Table, open_table


async def refuse_second_ledger(launcher: Context, ledger: Ledger, portal: str) -> None:
    """Raise InputError if the open ledger, which nobody has named, begins a second account of that portal.

    So it is when a first config.yaml is written: what was started before it is in the person's data folder.
    """
    settings, before = launcher.settings, ledger_without_config()
    if launcher.is_ledger_named or settings.path is None or await ledger.last_runs(1, portal=portal):
        return
    here = Path(ledger.database.name)
    if here.resolve() != before.resolve() and await asyncio.to_thread(has_runs, before, portal):
        raise InputError(
            f"what was started on {portal} before {settings.path} was there is in another ledger, and would "
            f"start again. Say in {settings.path} which one it is:\n"
            f"to go on with that one   ledger: {before}\n"
            f"to begin anew            ledger: {here}"
        )


async def refuse_other_ledger(
    ledger: Ledger, request: RunRequest, given: Input, table: Table, results: Path | None
) -> None:
    """Raise InputError if a file at hand reports a start that the ledger does not know.

    `results`: where the run writes them; None if it writes none.
    """
    why = ""
    if not request.ignore_launch_columns:
        why = await starts_of_another_ledger(ledger, given.shown, table)
    if results is not None:
        why = why or await results_of_another_ledger(ledger, results, table.dialect)
    if why:
        raise InputError(why)


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
