"""What the ledger keeps of each night, on SQLite and PostgreSQL."""

from __future__ import annotations

from launcher.core.nights import JobResult, Outcome
from launcher.core.summary import Exit
from launcher.ledger import Ledger
from launcher.ledger.nights import Nights

PORTAL = "https://portal.example"


async def test_a_night_is_known_from_its_beginning_and_says_at_its_end_what_it_came_to(ledger: Ledger) -> None:
    nights = Nights(ledger, "leads", PORTAL)
    night = await nights.begin(1_000.5, 1_000.0)
    (begun,) = await nights.former()
    assert (begun.id, begun.due_at, begun.begun_at, begun.ended_at, begun.exit_code) == (
        night,
        1_000.0,
        1_000.5,
        None,
        None,
    )

    result = JobResult(
        job="leads",
        portal=PORTAL,
        outcome=Outcome.FINISHED,
        exit_code=Exit.SOME_NOT_STARTED,
        notes=("one", "two"),
    )
    await nights.end(night, 2_000.0, result)
    (ended,) = await nights.former()
    assert (ended.ended_at, ended.outcome, ended.exit_code, ended.notes) == (
        2_000.0,
        "finished",
        1,
        ("one", "two"),
    )


async def test_the_last_night_of_a_job_on_its_portal_comes_first(ledger: Ledger) -> None:
    nights = Nights(ledger, "leads", PORTAL)
    for begun_at in (1.0, 2.0, 3.0):
        await nights.begin(begun_at, None)
    await Nights(ledger, "deals", PORTAL).begin(4.0, None)
    await Nights(ledger, "leads", "https://other.example").begin(5.0, None)
    assert [night.begun_at for night in await nights.former(2)] == [3.0, 2.0]
