"""Executes a run: reads, feeds, sends and records side by side, until the last row or a reason to stop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Sequence
from dataclasses import KW_ONLY, dataclass
from itertools import count

import structlog

from launcher.core.guard import Guard
from launcher.core.job import JobSpec
from launcher.core.model import State
from launcher.core.plan import Planner
from launcher.core.summary import Ending
from launcher.engine.cancel import CancelToken
from launcher.engine.live import shown_live
from launcher.engine.portal_client import PortalClient
from launcher.engine.preparing import Candidates, mapper_of
from launcher.engine.progress import Progress, Waits, keep_waits
from launcher.engine.reconciling import reconcile
from launcher.engine.throttle import Throttle
from launcher.engine.work_queue import Loader, QueueFiller, WorkQueue
from launcher.engine.worker import BatchWriter, Worker
from launcher.errors import PortalError, StoppedError
from launcher.ledger import Ledger, LedgerError, LedgerGoneError, PortalLease, RunRecord
from launcher.log import get_logger
from launcher.sheets import SheetError, Table

_log = get_logger()

FEED_BOUND = 1000
"""Starts that wait in memory: enough for every worker's next batches, however long the file is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How long a run has patience with its portal."""

    give_up_after_s: float = 1800
    """Stop when no request got through for so long."""
    drain_s: float = 75
    """After a stop, wait so long for what is in flight; the cloud cuts a request after 60 s."""


@dataclass(frozen=True, slots=True)
class RunExecutor:
    """Takes runs through one portal and one ledger."""

    ledger: Ledger
    client: PortalClient
    """Its questions share its budget with the starts."""
    rules: Rules
    _: KW_ONLY
    cancel: CancelToken
    progress: Progress
    lease: PortalLease | None

    async def execute(self, run: RunRecord, job: JobSpec, table: Table | None) -> None:
        """Every row of the run is settled, or the run was stopped, when this returns; the ledger says which.

        `table`: the file, where not all of its rows are in the ledger yet.
        """
        began = asyncio.get_running_loop().time()
        with structlog.contextvars.bound_contextvars(run_id=run.name):
            _log.info("run begins", file=run.file, portal=run.portal, job=run.job or None)
            async with shown_live(self.ledger, run) as shown:
                self.progress.shown = shown
                loader = None if table is None else await self._intake(run, job, table)
                try:
                    await self._work(run, job, loader)
                    await self.reconcile(run)
                except asyncio.CancelledError:
                    self.cancel.cancel("the launcher was told to end")
                    raise
                except BaseException:
                    self.cancel.cancel("a fault of the launcher; please report it", Ending.STOPPED)
                    raise
                finally:
                    await self._end(run, asyncio.get_running_loop().time() - began)

    async def reconcile(self, run: RunRecord) -> int:
        """Ask the portal about the run's unknown rows, unless the run was stopped; how many were found running.

        Rows that it cannot tell of stay unknown, and so do all where it does not answer.
        """
        if self.cancel.is_set:
            return 0
        self.progress.waiting = "asking the portal about unknown rows"
        try:
            found = await self.cancel.race(reconcile(self.ledger, self.client, run.id))
        except StoppedError:
            return 0
        except (PortalError, LedgerError) as error:
            _log.warning("not reconciled", reason=str(error))
            return 0
        self.progress.reconciled(found)
        return found

    async def _intake(self, run: RunRecord, job: JobSpec, table: Table) -> Loader:
        counts = await self.ledger.counts(run.id)
        mapper = await mapper_of(job, table.header, self.ledger, run.portal)
        planner = Planner(
            run_id=run.id,
            started_before=job.started_before,
            now=time.time(),
            limit=job.limit,
            planned_so_far=counts.total - counts[State.INVALID] - counts[State.SKIPPED],
        )
        return Loader(
            table=table,
            candidates=Candidates(mapper, self.client),
            planner=planner,
            ledger=self.ledger,
            run_id=run.id,
            duplicates=job.duplicates,
            progress=self.progress,
            after_row=await self.ledger.last_row(run.id),
        )

    async def _work(self, run: RunRecord, job: JobSpec, loader: Loader | None) -> None:
        queue, waits = WorkQueue(FEED_BOUND), Waits()
        throttle = Throttle(
            self.client.budget,
            guard=Guard(job.stop_after),
            give_up_after_s=self.rules.give_up_after_s,
            cancel=self.cancel,
            progress=self.progress,
            waits=waits,
        )
        batch_writer = BatchWriter(self.ledger, self.lease)
        worker = Worker(
            run_id=run.id,
            portal=self.client.connection,
            queue=queue,
            throttle=throttle,
            batch_writer=batch_writer,
            requests=count(await self.ledger.requests(run.id) + 1),
            progress=self.progress,
            own_templates=bool(job.template_column),
        )
        filler = QueueFiller(
            ledger=self.ledger,
            run_id=run.id,
            queue=queue,
            loader=loader,
            give_up_after_s=self.rules.give_up_after_s,
            cancel=self.cancel,
            progress=self.progress,
        )
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(batch_writer.run(), name="batch writer")
            background = [
                writing,
                group.create_task(self._close_on_stop(queue, throttle), name="closer"),
                group.create_task(keep_waits(waits, self.ledger, run.id), name="waits"),
            ]
            tasks = [
                group.create_task(self._stop_on_trouble(work), name=name)
                for name, work in (
                    ("queue filler", filler.run()),
                    *((f"worker {n}", worker.run()) for n in range(self.client.budget.pacing.concurrency)),
                    *((("loader", loader.run()),) if loader is not None else ()),
                )
            ]
            background.append(group.create_task(self._give_up([*tasks, writing]), name="patience"))
            await asyncio.wait(tasks)
            for task in background:
                task.cancel()

    async def _stop_on_trouble(self, work: Awaitable[None]) -> None:
        """Stop the run if the ledger, the file or a question to the portal fails."""
        try:
            await work
        except (LedgerError, SheetError, PortalError) as error:
            self.cancel.cancel(str(error), Ending.STOPPED)

    async def _close_on_stop(self, queue: WorkQueue, throttle: Throttle) -> None:
        await self.cancel.wait()
        _log.info("stopping", reason=self.cancel.reason)
        await queue.close()
        throttle.stop()

    async def _give_up(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        """After a stop, let these go on for so long only; what is in flight then stays unknown."""
        await self.cancel.wait()
        await self.cancel.drain(self.rules.drain_s)
        for task in tasks:
            task.cancel()

    async def _end(self, run: RunRecord, active_s: float) -> None:
        try:
            self.ledger.check_place()
        except LedgerGoneError as error:
            self.cancel.overrule(str(error), Ending.STOPPED)
        try:
            lost = await self.ledger.mark_in_flight_unknown(run.id)
            if lost:
                _log.warning("answers not waited for", rows=lost)
            await self.ledger.end_run(run.id, self.cancel.ending, reason=self.cancel.reason, active_s=active_s)
        except LedgerError as error:
            # What is on disk is the truth: a row that is still `sent` there is unknown.
            self.cancel.cancel(str(error), Ending.STOPPED)
        _log.info("run ends", ending=self.cancel.ending.value, seconds=round(active_s, 1))
