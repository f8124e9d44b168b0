"""Runs in this process: a real file, a real ledger, real sockets; only the portal is simulated."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

from launcher.core.job import JobSpec
from launcher.core.model import State
from launcher.core.pacing.limits import Limits, Pacing
from launcher.core.pacing.sizing import Costs, Took
from launcher.core.sources import FromColumn
from launcher.core.summary import Summary
from launcher.engine.cancel import CancelToken
from launcher.engine.executor import Rules, RunExecutor
from launcher.engine.portal_client import PortalClient
from launcher.engine.progress import Progress
from launcher.engine.results import save_results
from launcher.engine.summary import summarise
from launcher.ledger import Ledger, NewRun
from launcher.portal.access import Access, parse_webhook
from launcher.portal.client import Portal
from launcher.sheets import open_table
from launcher.simulator import Simulator

NO_LIMITS = Limits(burst=0, per_second=0, operating_seconds=0)
UNPACED = Pacing(limits=NO_LIMITS)

START_S = 0.00001
"""What pacing learns of each start, however slow the machine is: batches hold as many rows as tests say."""

HEAR_OUT_S = 60.0

LEADS = JobSpec(
    name="followup",
    template_id=1,
    kind="lead",
    document_column="ID",
    parameters={"Parameter1": FromColumn("Manager")},
)


_learn = Costs.take


def _take(costs: Costs, took: Took) -> None:
    seconds = START_S * took.started
    _learn(costs, Took(seconds, took.started, seconds))


@dataclass
class Runs:
    """Takes leads through one ledger and one portal."""

    ledger: Ledger
    simulator: Simulator
    folder: Path
    cancel: CancelToken = field(default_factory=CancelToken)
    progress: Progress = field(default_factory=Progress)

    @property
    def results(self) -> Path:
        return self.folder / "leads.results.csv"

    def file(self, rows: Sequence[tuple[str, str]]) -> Path:
        """A file with these pairs of ID and Manager."""
        path = self.folder / "leads.csv"
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([("ID", "Manager"), *rows])
        return path

    async def start_all(
        self,
        rows: Sequence[tuple[str, str]],
        *,
        job: JobSpec = LEADS,
        limits: Limits = NO_LIMITS,
        concurrency: int = 4,
        access: Access | None = None,
    ) -> Summary:
        """Run these rows to their end."""
        path = self.file(rows)
        table, address = open_table(path), access or parse_webhook(self.simulator.webhook_url)
        run = await self.ledger.begin_run(
            NewRun(
                job=job.name,
                file=str(path),
                portal=address.portal,
                plan=job.to_plan(),
                header=table.header,
                dialect=table.dialect.to_dict(),
                fingerprint="",
                results=str(self.results),
            )
        )
        # No answer is late, either: one that is would bring a request of one row, to see why.
        pacing = Pacing(limits=limits, concurrency=concurrency, batch_s=math.inf)
        async with Portal(address) as portal:
            client, rules = PortalClient(portal, pacing), Rules(drain_s=HEAR_OUT_S)
            executor = RunExecutor(
                self.ledger, client, rules, cancel=self.cancel, progress=self.progress, lease=None
            )
            with mock.patch.object(Costs, "take", _take):
                await executor.execute(run, job, table)
        await save_results(self.ledger, run, self.results)
        return await summarise(self.ledger, run.id)

    async def states(self, run_id: int) -> dict[int, State]:
        """The state of each row."""
        return {row.row_number: row.state for row in await self.ledger.recorded_rows(run_id)}

    def started_documents(self) -> list[str]:
        """What the portal really started, in its order."""
        return [start.document[2] for start in self.simulator.started]

    def result_rows(self) -> list[dict[str, str]]:
        """The results file as a person reads it."""
        with self.results.open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))
