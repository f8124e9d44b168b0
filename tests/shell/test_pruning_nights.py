"""Old nights and messages about them go; what is due, missed or gone on with stays as it was."""

from __future__ import annotations

from datetime import UTC
from itertools import product
from random import Random

import pytest

from launcher.core.due import Past, Timetable, missed, standing, taken_up_since
from launcher.core.nights import JobResult, Outcome
from launcher.core.schedules import Schedule
from launcher.core.summary import Exit
from launcher.ledger import Ledger
from launcher.ledger import pruning_nights as steps
from launcher.ledger.nights import NightRecord, Nights
from launcher.ledger.notices import Notices, QueuedMessage
from launcher.ledger.pruning_nights import Age, old_nights, prune_nights
from tests.support.examples import examples

DAY = 86_400.0
NOW = 20_000 * DAY
"""Midnight, when the jobs here are due."""
NIGHTLY = Timetable(Schedule.parse("0 0 * * *"), UTC, 36 * 3600.0)
PORTAL = "portal.example"
ALL_OLD = Age(now=NOW, before=NOW, tried_since=NOW - DAY)


def draft(subject: str) -> list[QueuedMessage]:
    return [QueuedMessage(channel="somebody", subject=subject, text="t", chat="c")]


async def had(
    ledger: Ledger,
    days_ago: float,
    *,
    job: str = "leads",
    code: int | None = 0,
    is_due: bool = True,
    drafts: bool = False,
) -> int:
    """A night that began so long ago and took an hour, or was cut off where there is no exit code."""
    nights, begun_at = Nights(ledger, job, PORTAL), NOW - days_ago * DAY
    night = await nights.begin(begun_at, begun_at if is_due else None)
    if code is not None:
        result = JobResult(job=job, portal=PORTAL, outcome=Outcome.FINISHED, exit_code=Exit(code))
        await nights.end(night, begun_at + 3600, result, draft(job) if drafts else ())
    return night


async def left(ledger: Ledger, job: str = "leads") -> list[float]:
    """How many days ago the nights began that are there still."""
    return [(NOW - night.begun_at) / DAY for night in await Nights(ledger, job, PORTAL).former(100)]


async def test_nights_go_with_their_age_and_the_last_of_each_job_stays(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "_AT_ONCE", 2)
    for days in (100, 95, 92, 91, 30, 1):
        await had(ledger, days)
    await had(ledger, 200, job="by hand", is_due=False)
    await had(ledger, 199, job="by hand", is_due=False)
    age = Age(now=NOW, before=NOW - 90 * DAY, tried_since=NOW - DAY)

    counted = await old_nights(ledger, age)
    assert (counted.nights, counted.messages) == (5, 0)
    assert len(await left(ledger)) == 6, "counting changes nothing"
    assert await prune_nights(ledger, age) == counted
    assert (await left(ledger), await left(ledger, "by hand")) == ([1, 30], [199])
    assert not await prune_nights(ledger, age)


async def test_from_the_last_night_on_that_settled_a_due_time_all_stay(ledger: Ledger) -> None:
    for days, code in ((9, 0), (8, 5), (7, 4), (6, 6), (5, None), (4, 4)):
        await had(ledger, days, code=code)
    assert (await prune_nights(ledger, ALL_OLD)).nights == 1
    assert await left(ledger) == [4, 5, 6, 7, 8]


def as_seen(nights: list[NightRecord]) -> object:
    """All that is decided out of a job's nights, for a daemon that has just begun and for one that runs."""
    return [
        (
            standing(NIGHTLY, Past(nights=nights, interrupted_before=before), NOW),
            missed(NIGHTLY, Past(nights=nights), NOW),
            taken_up_since(nights, NOW),
            taken_up_since(nights, NOW - DAY),
            any(night.due_at is not None for night in nights),
        )
        for before in (float("-inf"), NOW)
    ]


async def test_whatever_nights_there_were_what_is_due_is_the_same_after_pruning(
    ledger: Ledger,
) -> None:
    """Pasts of four nights: done, interrupted, gave way, cut off, by hand, or none at all."""
    kinds: list[int | str | None] = [0, 4, 6, None, "by hand", "none"]
    every = list(product(kinds, repeat=4))
    # All of them take a quarter of a minute.
    pasts = {str(number): past for number, past in enumerate(Random(1).sample(every, k=examples(260)))}
    for name, past in pasts.items():
        for days_ago, kind in zip((4, 3, 2, 1), past, strict=True):
            if kind != "none":
                code = 0 if isinstance(kind, str) else kind
                await had(ledger, days_ago, job=name, code=code, is_due=kind != "by hand")

    async def seen() -> dict[str, object]:
        return {name: as_seen(await Nights(ledger, name, PORTAL).former(20)) for name in pasts}

    before = await seen()
    assert (await prune_nights(ledger, ALL_OLD)).nights > len(pasts) / 2
    assert await seen() == before


async def test_messages_go_once_they_are_sent_or_nobody_tries_them_any_more(ledger: Ledger) -> None:
    notices = Notices(ledger.database)
    for subject, days_ago in (("sent", 100), ("sent", 2), ("waits", 100), ("waits", 0.5), ("given up", 100)):
        await notices.put((), lambda _, subject=subject: draft(subject), NOW - days_ago * DAY)  # type: ignore[misc]
    for one in await notices.waiting(since=0.0):
        if one.subject == "sent":
            await notices.sent(one.id, one.created_at + 60)
        elif one.subject == "given up":
            await notices.failed(one.id, "no such person", permanent=True)
    ninety = Age(now=NOW, before=NOW - 90 * DAY, tried_since=NOW - DAY)

    assert (await old_nights(ledger, ninety)).messages == 3
    assert (await prune_nights(ledger, ninety)).messages == 3
    assert (await prune_nights(ledger, ALL_OLD)).messages == 1
    assert [one.created_at for one in await notices.waiting(since=0.0)] == [NOW - 0.5 * DAY]


async def test_what_nobody_has_been_told_yet_stays_with_its_night(ledger: Ledger) -> None:
    await had(ledger, 100, drafts=True)
    await had(ledger, 99)
    await had(ledger, 98)

    pruned = await prune_nights(ledger, ALL_OLD)

    assert (pruned.nights, pruned.messages) == (1, 0)
    assert await left(ledger) == [98, 100]
    assert await Notices(ledger.database).release([PORTAL], NOW) == 1
