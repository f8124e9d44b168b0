"""Questions to the ledger: which runs there are, what one came to, its rows as a file or a page."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from launcher.app.context import Context
from launcher.app.documents import (
    ListedRunDocument,
    ReportDocument,
    ResultsDocument,
    StatusAdditions,
    StatusDocument,
    UnsentDocument,
)
from launcher.core.model import State
from launcher.core.summary import Ending, Summary
from launcher.core.workflows import Termination, Way
from launcher.engine.summary import summarise
from launcher.errors import InputError, NoSuchRunError
from launcher.ledger import RecordedRow, RunRecord, run_number
from launcher.ledger.notices import Notices, UnsentMessage
from launcher.ledger.timeline import Stops
from launcher.report import STDOUT

if TYPE_CHECKING:
    from launcher.report.results import RowStream

UNSENT_SHOWN_S = 86_400.0
"""A message that could not be sent is shown for so long."""


@dataclass(frozen=True, slots=True)
class WrittenResults:
    """Where a run's results are now."""

    run: str
    path: Path

    def to_dict(self) -> ResultsDocument:
        """Return the document of `--json`."""
        return {"run_id": self.run, "results": str(self.path.resolve())}


@dataclass(frozen=True, slots=True)
class WrittenReport:
    """Where a run's page is now."""

    run: str
    path: Path

    def to_dict(self) -> ReportDocument:
        """Return the document of `--json`."""
        return {"run_id": self.run, "report": str(self.path.resolve())}


@dataclass(frozen=True, slots=True)
class ListedRun:
    """A run in the list of runs; its causes are not looked for."""

    created_at: float
    summary: Summary

    def to_dict(self) -> ListedRunDocument:
        """Return its entry of the document of `--json`."""
        created = datetime.fromtimestamp(self.created_at).astimezone()
        return {**self.summary.to_dict(), "created_at": created.isoformat(timespec="seconds")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How one run stands."""

    summary: Summary
    stopped: Mapping[tuple[Way, Termination], int]
    """Its workflows that were to be stopped, by how and by what became of them."""
    unsent: Sequence[UnsentMessage]
    """Messages of the last day, about any run, that nobody has got."""

    def by_fate(self) -> dict[Termination, int]:
        """Return how many of its workflows came to each end."""
        return {fate: sum(n for (_, each), n in self.stopped.items() if each is fate) for fate in Termination}

    def to_dict(self) -> StatusDocument:
        """Return the document of `--json`."""
        more: StatusAdditions = {}
        if self.stopped:
            fates = self.by_fate()
            more["stopped_workflows"] = {
                "asked": fates[Termination.ASKED],
                "ended": fates[Termination.ENDED],
                "gone": fates[Termination.GONE],
                "refused": fates[Termination.REFUSED],
            }
        if self.unsent:
            more["messages_not_sent"] = unsent_documents(self.unsent)
        return {**self.summary.to_dict(), **more}


async def find_run(launcher: Context, name: str | None = None) -> RunRecord:
    """Return the run of that name, `r12`, or the last one. Raises NoSuchRunError."""
    ledger = await launcher.ledger()
    if name is None:
        last = await ledger.last_runs(1)
        if not last:
            raise NoSuchRunError("no-runs-yet", name=ledger.database.name)
        return last[0]
    number = run_number(name)
    found = None if number is None else await ledger.run(number)
    if found is None:
        raise NoSuchRunError("no-such-run", name=name, ledger=ledger.database.name)
    return found


def refuse_pruned(run: RunRecord, so: str) -> None:
    """Raise InputError if the run's rows are gone, but for what protects against starting twice."""
    if run.pruned_at is None:
        return
    when = f" on {datetime.fromtimestamp(run.pruned_at):%Y-%m-%d}" if run.pruned_at else ""
    raise InputError("run-pruned", name=run.name, when=when, so=so)


async def write_results(
    launcher: Context,
    name: str | None = None,
    to: Path | RowStream | None = None,
    *,
    only: Sequence[State] = (),
) -> WrittenResults:
    """Write the run's rows, as the ledger has them now; to its own results file by default.

    `only`: rows in these states, for another file. Raises InputError, ResultsError.
    """
    # Not above: most questions write nothing.
    from launcher.engine.live import forget_live
    from launcher.engine.results import save_results
    from launcher.report.results import RowStream, check_writable

    ledger = await launcher.ledger()
    record = await find_run(launcher, name)
    if only and to is None:
        raise InputError("only-without-output")
    if list(only) != [State.UNKNOWN]:
        refuse_pruned(
            record, f"its results cannot be written again; {record.results} stays as the run wrote it"
        )
    path = to or Path(record.results)
    if isinstance(path, Path):
        if path == STDOUT:
            raise InputError("results-went-to-stdout", name=record.name)
        check_writable(path, source=Path(record.file))
    for note in await save_results(ledger, record, path, only=only):
        launcher.tell(note)
    if to is None and (await summarise(ledger, record.id)).ending is not Ending.RUNNING:
        forget_live(record)
    return WrittenResults(record.name, STDOUT if isinstance(path, RowStream) else path)


async def write_report(launcher: Context, name: str | None = None, to: Path | None = None) -> WrittenReport:
    """Write the run as a web page; beside its results by default. Raises InputError, ResultsError."""
    from launcher.engine.results import save_report
    from launcher.report.page import check_page_path, report_path

    if to is not None:
        check_page_path(to)
    record = await find_run(launcher, name)
    refuse_pruned(record, "no page can be made of them")
    path = to or report_path(record)
    await save_report(await launcher.ledger(), record, path)
    return WrittenReport(record.name, path)


async def runs(launcher: Context, limit: int = 20) -> list[ListedRun]:
    """Return the newest runs, the newest first."""
    ledger = await launcher.ledger()
    return [
        ListedRun(run.created_at, await summarise(ledger, run.id, causes=0))
        for run in await ledger.last_runs(limit)
    ]


async def status(launcher: Context, name: str | None = None) -> Status:
    """Return how that run stands, the last one by default, and what else a person should know."""
    ledger = await launcher.ledger()
    record = await find_run(launcher, name)
    return Status(
        summary=await summarise(ledger, record.id),
        stopped=await Stops(ledger.database).counts(record.id),
        unsent=await unsent_messages(launcher, time.time()),
    )


async def unsent_messages(launcher: Context, now: float) -> list[UnsentMessage]:
    """Return the messages of the last day that nobody has got, though somebody was to."""
    return await Notices((await launcher.ledger()).database).unsent(since=now - UNSENT_SHOWN_S)


def unsent_documents(unsent: Sequence[UnsentMessage]) -> list[UnsentDocument]:
    """Return an entry of a JSON document for each."""
    return [
        {"to": one.channel, "subject": one.subject, "tries": one.tries, "error": one.error} for one in unsent
    ]


async def rows(
    launcher: Context, name: str | None = None, *, only: Sequence[State] = ()
) -> AsyncIterator[RecordedRow]:
    """Give the rows of that run, the last one by default, with what became of each, in the file's order."""
    record = await find_run(launcher, name)
    ledger, last_row = await launcher.ledger(), 0
    while page := await ledger.recorded_rows(record.id, after_row=last_row, only=only):
        last_row = page[-1].row_number
        for row in page:
            yield row
