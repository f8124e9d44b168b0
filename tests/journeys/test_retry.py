"""`launcher retry`: what it sends again, and what it never sends unasked."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from launcher.simulator import Settings, Simulator
from tests.journeys.chaos import Desk

FAILED = {f"LEAD_{number}": "refused" for number in (2, 3, 4)}


@pytest.fixture
async def portal() -> AsyncIterator[Simulator]:
    async with Simulator(Settings(burst=0, refused=FAILED)) as simulator:
        yield simulator


@pytest.fixture
async def desk(tmp_path: Path, portal: Simulator) -> Desk:
    """A run of 60 rows: three refused, those of one answer unknown, and the refusals' cause gone since."""
    desk = Desk.at(tmp_path / "desk")
    desk.configure(portal.webhook_url, concurrency=1)
    desk.write([(str(number), "Anna") for number in range(1, 61)])
    portal.script("reset after", method="batch", skip=2)
    assert (await desk.run("run", desk.file)).exit_code == 5
    assert {"failed", "unknown", "started"} == set(Counter(row["launch_status"] for row in desk.results()))
    portal.settings = Settings(burst=0)
    return desk


def unknown_rows(desk: Desk) -> set[str]:
    return {f"LEAD_{row['ID']}" for row in desk.results() if row["launch_status"] == "unknown"}


def sent(portal: Simulator) -> Counter[str]:
    return Counter(start.document[2] for start in portal.started)


async def test_a_plain_retry_sends_the_failed_rows_and_no_unknown_one(desk: Desk, portal: Simulator) -> None:
    before, unknown = sent(portal), unknown_rows(desk)

    ended = await desk.run("retry")

    assert ended.exit_code == 5, ended.stderr
    assert sent(portal) - before == Counter(FAILED.keys())
    assert unknown_rows(desk) == unknown


async def test_unknown_rows_without_a_terminal_and_without_yes_are_refused(
    desk: Desk, portal: Simulator
) -> None:
    before, unknown = sent(portal), unknown_rows(desk)

    refused = await desk.run("retry", "--unknown")

    assert (refused.exit_code, "--yes" in refused.stderr) == (2, True)
    assert sent(portal) == before
    assert unknown_rows(desk) == unknown


async def test_unknown_rows_are_sent_with_yes(desk: Desk, portal: Simulator) -> None:
    before, unknown = sent(portal), unknown_rows(desk)

    ended = await desk.run("retry", "--unknown", "--yes")

    assert ended.exit_code == 0, ended.stderr
    assert sent(portal) - before == Counter([*FAILED.keys(), *unknown])
