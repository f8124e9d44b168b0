"""What a scheduled run asks of former ones, and what is kept of it, files of rows to fix included."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Exists, Row, delete, exists, insert, or_, select, update

from launcher.core.model import State
from launcher.core.nights import JobResult
from launcher.core.states import UNSETTLED
from launcher.core.summary import Ending, Exit, exit_code
from launcher.ledger.database import Database
from launcher.ledger.ledger import Ledger
from launcher.ledger.model import RunRecord
from launcher.ledger.notices import QueuedMessage, keep
from launcher.ledger.reading import run_of
from launcher.ledger.schema import failed_files, nights, rows, runs
from launcher.ledger.tallies import unknown_before


class FailedFiles:
    """The files of the rows to fix, of all runs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, run_id: int, path: str, digest: str) -> None:
        """Record that a file of that content is the run's file of the rows to fix: it may be replaced."""
        values = {"digest": digest, "run_id": run_id, "path": path, "written_at": time.time()}

        def replace(connection: Connection) -> None:
            connection.execute(delete(failed_files).where(failed_files.c.digest == digest))
            connection.execute(insert(failed_files), values)

        await self._database.write(replace)

    async def knows(self, digest: str) -> bool:
        """Return whether a file of that content was written by this ledger."""
        query = select(failed_files.c.run_id).where(failed_files.c.digest == digest)
        return await self._database.scalar(query) is not None

    async def path(self, run_id: int) -> str:
        """Return where the run's rows to fix were written last; empty if they never were."""
        query = (
            select(failed_files.c.path)
            .where(failed_files.c.run_id == run_id)
            .order_by(failed_files.c.written_at.desc())
            .limit(1)
        )
        return await self._database.scalar(query) or ""


def _with_rows(*states: State) -> Exists:
    return exists().where(rows.c.run_id == runs.c.id, rows.c.state.in_(sorted(states)))


@dataclass(frozen=True, slots=True, kw_only=True)
class NightRecord:
    """One night of a job as the ledger knows it. Times are seconds since 1970."""

    id: int
    job: str
    portal: str
    due_at: float | None
    """When its schedule had it begin; None where the job has none."""
    begun_at: float
    ended_at: float | None
    """None: it is not over, or was interrupted."""
    outcome: str
    """In words; empty until it has ended."""
    exit_code: int | None
    notes: tuple[str, ...]


class Nights:
    """One job on one portal, over its nights."""

    def __init__(self, ledger: Ledger, job: str, portal: str) -> None:
        self._ledger, self._database = ledger, ledger.database
        self._job, self._portal = job, portal

    async def unfinished(self) -> list[RunRecord]:
        """Return the runs that were interrupted, stopped or paused, or have rows to send; the oldest first."""
        return await self._runs(or_(runs.c.ending != Ending.FINISHED, _with_rows(*UNSETTLED)))

    async def with_unknown(self, *, since: float) -> list[RunRecord]:
        """Return the runs begun since then that have finished with unknown rows; the oldest first."""
        return await self._runs(
            runs.c.ending == Ending.FINISHED, runs.c.created_at >= since, _with_rows(State.UNKNOWN)
        )

    async def last_finished(self, file: str) -> RunRecord | None:
        """Return the last run that took the whole of this file to its end."""
        found = await self.whole_runs(runs.c.file == file, runs.c.ending == Ending.FINISHED)
        return found[-1] if found else None

    async def whole_runs(self, *conditions: ColumnElement[bool]) -> list[RunRecord]:
        """Return the runs that have read the whole of their file, if they meet the conditions; oldest first."""
        # With --limit a run leaves rows out on purpose, and they are still to be started.
        found = await self._runs(runs.c.loaded.is_(True), *conditions)
        return [run for run in found if run.plan.get("limit") is None]

    async def exit_code(self, run_id: int) -> Exit:
        """Return what a finished run came to, by its rows as they stand now."""
        counts = await self._ledger.counts(run_id)
        return exit_code(counts, Ending.FINISHED, await unknown_before(self._ledger, run_id))

    async def failed_file(self, run_id: int) -> str:
        """Return where the run's rows to fix were written last; empty if they never were."""
        return await FailedFiles(self._database).path(run_id)

    async def results_moved(self, run_id: int, results: str, failed: str) -> None:
        """Record where the run's results stand now, and its file of the rows to fix, if it has one."""

        def move(connection: Connection) -> None:
            connection.execute(update(runs).where(runs.c.id == run_id).values(results=results))
            of_the_run = failed_files.c.run_id == run_id
            if failed:
                connection.execute(update(failed_files).where(of_the_run).values(path=failed))

        await self._database.write(move)

    async def file_replaced(self, run: RunRecord) -> None:
        """Have the file count as new: it is another one than the run has read, of the same size and time."""
        values = {"fingerprint": f"{run.fingerprint}, replaced"}
        await self._database.execute(update(runs).where(runs.c.id == run.id).values(values))

    async def begin(self, begun_at: float, due_at: float | None) -> int:
        """Record that a night begins, so that a crash does not hide it; return its ID."""
        values = {"job": self._job, "portal": self._portal, "begun_at": begun_at, "due_at": due_at}
        begun = insert(nights).values(values).returning(nights.c.id)
        return await self._database.write(lambda connection: int(connection.execute(begun).scalar_one()))

    async def end(
        self, night: int, ended_at: float, result: JobResult, prewritten: Sequence[QueuedMessage] = ()
    ) -> None:
        """Record what it came to, and the drafts of its messages in case nobody gets to write others: both, or
        neither."""
        values = {
            "ended_at": ended_at,
            "outcome": result.outcome.value,
            "exit_code": int(result.exit_code),
            "notes": "\n".join(result.notes),
        }

        def write(connection: Connection) -> None:
            connection.execute(update(nights).where(nights.c.id == night).values(values))
            keep(connection, prewritten, ended_at, night=night)

        await self._database.write(write)

    async def begun_since(self, when: float) -> list[RunRecord]:
        """Return the runs that nights have begun since then; the oldest first."""
        return [run for run in await self._runs(runs.c.created_at >= when) if run.plan.get("nightly")]

    async def _runs(self, *conditions: ColumnElement[bool]) -> list[RunRecord]:
        """Return the job's runs of which all of that is true; the oldest first."""
        of_job = select(runs).where(runs.c.job == self._job, runs.c.portal == self._portal)
        found = await self._database.fetch(of_job.where(*conditions).order_by(runs.c.id))
        return [run_of(row) for row in found]

    async def former(self, limit: int = 1) -> list[NightRecord]:
        """Return the job's last nights, the newest first; a night that is not over is one of them."""
        query = (
            select(nights)
            .where(nights.c.job == self._job, nights.c.portal == self._portal)
            .order_by(nights.c.begun_at.desc(), nights.c.id.desc())
            .limit(limit)
        )
        return [_night_of(row) for row in await self._database.fetch(query)]


def _night_of(row: Row[tuple[object, ...]]) -> NightRecord:
    return NightRecord(**row._asdict() | {"notes": tuple(str(row.notes).splitlines())})
