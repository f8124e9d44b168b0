"""A run's summary, from the ledger alone."""

from __future__ import annotations

import time

from launcher.core.summary import Ending, Summary
from launcher.ledger import Ledger, LedgerGoneError, is_held
from launcher.ledger.nights import FailedFiles
from launcher.ledger.tallies import unknown_before


async def summarise(ledger: Ledger, run_id: int, *, causes: int = 10) -> Summary:
    """What the run came to so far, with so many causes at most. Raises KeyError where there is no such run."""
    run = await ledger.run(run_id)
    if run is None:
        raise KeyError(run_id)
    ending, because = run.ending, run.stopped_because
    if ending is Ending.RUNNING and not await is_held(ledger, run.portal):
        ending, because = Ending.INTERRUPTED, "the launcher ended in the middle of it"
    return Summary(
        run=run.name,
        job=run.job,
        file=run.file,
        portal=run.portal,
        ending=ending,
        counts=await ledger.counts(run_id),
        requests=await ledger.requests(run_id),
        seconds=time.time() - run.created_at if ending is Ending.RUNNING else run.active_s,
        began_at=run.created_at,
        ended_at=run.ended_at,
        results=run.results,
        stopped_because=because,
        causes=await ledger.causes(run_id, causes) if causes else (),
        unknown_before=await unknown_before(ledger, run_id),
        failed=await FailedFiles(ledger.database).path(run_id),
        pruned=run.pruned_at is not None,
        ledger_gone=_is_gone(ledger),
    )


def _is_gone(ledger: Ledger) -> bool:
    try:
        ledger.check_place()
    except LedgerGoneError:
        return True
    return False
