"""What a night asks of former ones: which runs of a job are not done, and which file was done last."""

from __future__ import annotations

from sqlalchemy import Exists, exists, or_, select, update

from launcher.core.model import State
from launcher.core.summary import Ending, Exit, exit_code
from launcher.ledger.ledger import Ledger
from launcher.ledger.model import RunRecord
from launcher.ledger.reading import run_of
from launcher.ledger.schema import rows, runs

_WAITING = (State.PENDING, State.DEFERRED, State.SENT)


def _with_rows(*states: State) -> Exists:
    return exists().where(rows.c.run_id == runs.c.id, rows.c.state.in_(states))


class Nights:
    """One job on one portal, over its nights."""

    def __init__(self, ledger: Ledger, job: str, portal: str) -> None:
        self._ledger, self._database = ledger, ledger.database
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

    async def exit_code(self, run_id: int) -> Exit:
        """What a finished run came to, by its rows as they stand now."""
        return exit_code(await self._ledger.counts(run_id), Ending.FINISHED)

    async def results_moved(self, run_id: int, results: str) -> None:
        """The run's results stand there now."""
        async with self._database.writing() as connection:
            await connection.execute(update(runs).where(runs.c.id == run_id).values(results=results))
