"""What a night asks of former ones, and what is kept of it: which runs of a job are not done, which file was
done last, when each night was due and what it came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Exists, Row, exists, insert, or_, select, update

from launcher.core.model import State
from launcher.core.nights import JobResult
from launcher.core.summary import Ending, Exit, exit_code
from launcher.ledger.failed_files import FailedFiles
from launcher.ledger.ledger import Ledger
from launcher.ledger.model import RunRecord
from launcher.ledger.notices import Letter, keep
from launcher.ledger.reading import run_of
from launcher.ledger.schema import failed_files, nights, rows, runs
from launcher.ledger.unknown_before import unknown_before

_WAITING = (State.PENDING, State.DEFERRED, State.SENT)


def _with_rows(*states: State) -> Exists:
    return exists().where(rows.c.run_id == runs.c.id, rows.c.state.in_(states))


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
    """None: it goes on, or was cut off."""
    outcome: str
    """In words; empty until it has ended."""
    exit_code: int | None
    notes: tuple[str, ...]


class Nights:
    """One job on one portal, over its nights."""

    def __init__(self, ledger: Ledger, job: str, portal: str) -> None:
        self._ledger, self._database = ledger, ledger.database
        self._job, self._portal = job, portal
        self._of_the_job = select(runs).where(runs.c.job == job, runs.c.portal == portal)

    async def unfinished(self) -> list[RunRecord]:
        """Runs that were cut off, stopped or paused, or that have rows to be sent still; the oldest first."""
        query = self._of_the_job.where(or_(runs.c.ending != Ending.FINISHED, _with_rows(*_WAITING)))
        async with self._database.reading() as connection:
            return [run_of(row) for row in await connection.execute(query.order_by(runs.c.id))]

    async def with_unknown(self, *, since: float) -> list[RunRecord]:
        """Runs begun since then that have finished with unknown rows; the oldest first."""
        query = self._of_the_job.where(
            runs.c.ending == Ending.FINISHED, runs.c.created_at >= since, _with_rows(State.UNKNOWN)
        )
        async with self._database.reading() as connection:
            return [run_of(row) for row in await connection.execute(query.order_by(runs.c.id))]

    async def last_finished(self, file: str) -> RunRecord | None:
        """The last run that took the whole of this file to its end."""
        query = self._of_the_job.where(
            runs.c.file == file, runs.c.ending == Ending.FINISHED, runs.c.loaded.is_(True)
        ).order_by(runs.c.id.desc())
        async with self._database.reading() as connection:
            found = [run_of(row) for row in await connection.execute(query)]
        # With --limit a run leaves rows out on purpose, and they are still to be started.
        return next((run for run in found if run.plan.get("limit") is None), None)

    async def whole_runs(self) -> list[RunRecord]:
        """Runs that have read the whole of their file; the oldest first."""
        query = self._of_the_job.where(runs.c.loaded.is_(True)).order_by(runs.c.id)
        async with self._database.reading() as connection:
            found = [run_of(row) for row in await connection.execute(query)]
        return [run for run in found if run.plan.get("limit") is None]

    async def exit_code(self, run_id: int) -> Exit:
        """What a finished run came to, by its rows as they stand now."""
        counts = await self._ledger.counts(run_id)
        return exit_code(counts, Ending.FINISHED, await unknown_before(self._ledger, run_id))

    async def failed_file(self, run_id: int) -> str:
        """Where the run's rows to mend were written last; empty where they never were."""
        return await FailedFiles(self._database).path(run_id)

    async def results_moved(self, run_id: int, results: str, failed: str) -> None:
        """The run's results stand there now, and its rows to mend there, where it has a file of them."""
        async with self._database.writing() as connection:
            await connection.execute(update(runs).where(runs.c.id == run_id).values(results=results))
            of_the_run = failed_files.c.run_id == run_id
            if failed:
                await connection.execute(update(failed_files).where(of_the_run).values(path=failed))

    async def file_replaced(self, run: RunRecord) -> None:
        """The file is another one than the run has read, with the same size and time: it counts as new."""
        values = {"fingerprint": f"{run.fingerprint}, replaced"}
        async with self._database.writing() as connection:
            await connection.execute(update(runs).where(runs.c.id == run.id).values(values))

    async def begin(self, begun_at: float, due_at: float | None) -> int:
        """The night's ID; it is in the ledger when this returns, so that a crash does not hide it."""
        values = {"job": self._job, "portal": self._portal, "begun_at": begun_at, "due_at": due_at}
        async with self._database.writing() as connection:
            done = await connection.execute(insert(nights).values(values).returning(nights.c.id))
            return int(done.scalar_one())

    async def end(self, night: int, ended_at: float, result: JobResult, drafts: Sequence[Letter] = ()) -> None:
        """What it came to, and what is to be told of it if nobody comes to that any more: both, or neither."""
        values = {
            "ended_at": ended_at,
            "outcome": result.outcome.value,
            "exit_code": int(result.exit_code),
            "notes": "\n".join(result.notes),
        }
        async with self._database.writing() as connection:
            await connection.execute(update(nights).where(nights.c.id == night).values(values))
            await keep(connection, drafts, ended_at, night=night)

    async def begun_since(self, when: float) -> list[RunRecord]:
        """Runs that nights have begun since then; the oldest first."""
        query = self._of_the_job.where(runs.c.created_at >= when).order_by(runs.c.id)
        async with self._database.reading() as connection:
            found = [run_of(row) for row in await connection.execute(query)]
        return [run for run in found if run.plan.get("nightly")]

    async def former(self, limit: int = 1) -> list[NightRecord]:
        """The job's last nights, the newest first; a night that goes on is one of them."""
        query = (
            select(nights)
            .where(nights.c.job == self._job, nights.c.portal == self._portal)
            .order_by(nights.c.begun_at.desc(), nights.c.id.desc())
            .limit(limit)
        )
        async with self._database.reading() as connection:
            return [_night_of(row) for row in await connection.execute(query)]


def _night_of(row: Row[tuple[object, ...]]) -> NightRecord:
    values = dict(row._mapping)
    return NightRecord(**{**values, "notes": tuple(str(values["notes"]).splitlines())})
