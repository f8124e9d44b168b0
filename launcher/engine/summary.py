"""A run's summary, from the ledger alone."""

from __future__ import annotations

import time

from launcher.core.summary import Ending, Summary
from launcher.ledger import Ledger, RunRecord


async def summarise(ledger: Ledger, run_id: int) -> Summary:
    """What the run came to so far. Raises KeyError where there is no such run."""
    run = await ledger.run(run_id)
    if run is None:
        raise KeyError(run_id)
    return Summary(
        run=run.name,
        job=run.job,
        file=run.file,
        portal=run.portal,
        ending=run.ending,
        counts=await ledger.counts(run_id),
        requests=await ledger.requests(run_id),
        seconds=_seconds(run),
        results=run.results,
        stopped_because=run.stopped_because,
        causes=await ledger.causes(run_id),
    )


def _seconds(run: RunRecord) -> float:
    return time.time() - run.created_at if run.ending is Ending.RUNNING and not run.active_s else run.active_s
