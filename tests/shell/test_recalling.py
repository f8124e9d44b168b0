"""What a ledger's runs have just sent counts in the budget of the next command."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from sqlalchemy import insert, update

from launcher.core.pacing.limits import PLANS, Pacing
from launcher.engine.portal_client import PortalClient, load_recent_requests
from launcher.engine.throttle import now
from launcher.ledger import Ledger, RunRecord
from launcher.ledger.schema import requests, runs
from launcher.portal.access import parse_webhook
from launcher.portal.client import Portal
from tests.shell.test_ledger import NEW_RUN

FULL, DRAINED_S = 50, 25
"""What the bucket of the standard plan holds, and how long it takes to drain."""


@pytest.fixture(autouse=True)
async def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clocks stand, on the wall and in the loop, so that what a test needs itself drains nothing."""
    at, at_in_loop = time.time(), now()
    monkeypatch.setattr(time, "time", lambda: at)
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: at_in_loop)


@pytest.fixture
async def portal() -> AsyncIterator[Portal]:
    async with Portal(parse_webhook("https://portal.example/rest/1/abcdefgh/")) as portal:
        yield portal


def client(portal: Portal, plan: str = "standard") -> PortalClient:
    return PortalClient(portal, Pacing(limits=PLANS[plan]))


async def run_that_sent(
    ledger: Ledger, count: int, *, ago_s: float, portal: str = NEW_RUN.portal, heard: bool = True
) -> RunRecord:
    """A run that goes on, or was killed, after so many requests at that time."""
    run, at = await ledger.begin_run(replace(NEW_RUN, portal=portal)), time.time() - ago_s
    of_run = {"run_id": run.id, "rows": 50, "sent_at": at, "answered_at": at if heard else None}
    values = [of_run | {"number": number} for number in range(1, count + 1)]
    await ledger.database.execute(insert(requests), values)
    return run


async def at_once(ledger: Ledger, client: PortalClient) -> int:
    """How many requests the command may send before it waits, once it was told of the earlier ones."""
    await load_recent_requests(ledger, client)
    count, rate = 0, client.budget.rate
    while count < 100 and not rate.wait_s(now(), hurried=True):
        rate.passed(now())
        count += 1
    return count


async def test_a_new_ledger_leaves_the_bucket_empty(ledger: Ledger, portal: Portal) -> None:
    assert await at_once(ledger, client(portal)) == FULL


async def test_requests_of_all_runs_of_the_portal_count_as_far_as_they_have_not_drained(
    ledger: Ledger, portal: Portal
) -> None:
    await run_that_sent(ledger, 20, ago_s=5.5)
    await run_that_sent(ledger, 10, ago_s=0.5)
    await run_that_sent(ledger, FULL, ago_s=0.5, portal="elsewhere.example")

    # Ten have drained, and two places are kept for questions.
    assert await at_once(ledger, client(portal)) == FULL - 20 - 2


async def test_an_older_run_that_was_gone_on_with_counts_too(ledger: Ledger, portal: Portal) -> None:
    await run_that_sent(ledger, FULL, ago_s=0.5)
    await run_that_sent(ledger, 600, ago_s=3600)

    assert await at_once(ledger, client(portal)) == 0


@pytest.mark.parametrize("ended", [False, True], ids=["cut off", "ended"])
async def test_what_was_sent_long_ago_has_drained(ledger: Ledger, portal: Portal, *, ended: bool) -> None:
    await run_that_sent(ledger, 600, ago_s=3600)
    run = await run_that_sent(ledger, FULL, ago_s=DRAINED_S + 1)
    if ended:
        await ledger.database.execute(update(runs).where(runs.c.id == run.id).values(ended_at=time.time()))

    assert await at_once(ledger, client(portal)) == FULL


async def test_a_request_that_nobody_heard_of_may_have_come_just_now(ledger: Ledger, portal: Portal) -> None:
    await run_that_sent(ledger, 4, ago_s=20, heard=False)

    assert await at_once(ledger, client(portal)) == FULL - 4 - 2


async def test_times_to_come_count_as_now_and_nothing_waits_for_the_clock(
    ledger: Ledger, portal: Portal
) -> None:
    """The clock on the wall was set back by an hour in between."""
    await run_that_sent(ledger, 2000, ago_s=-3600)
    one = client(portal)

    assert await at_once(ledger, one) == 0
    assert one.budget.rate.wait_s(now(), hurried=True) <= 1


async def test_without_a_rate_limit_the_ledger_is_not_asked(
    ledger: Ledger, portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run_that_sent(ledger, FULL, ago_s=0)
    monkeypatch.setattr(Ledger, "answered_since", None)

    assert await at_once(ledger, client(portal, "self-hosted")) == 100
