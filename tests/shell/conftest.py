"""Fixtures for what needs files, databases and sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from launcher.core.pacing import backoff
from launcher.ledger import Ledger, open_ledger


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits after a refusal or a loss begin at 20 ms instead of a second; they grow all the same."""
    monkeypatch.setattr(backoff, "FIRST_WAIT_S", 0.02)


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place for a new ledger, on each of the two databases."""
    if request.param == "sqlite":
        return str(tmp_path / "ledger.db")
    location: str = request.getfixturevalue("postgres_url")
    return location


@pytest.fixture
async def ledger(ledger_location: str) -> AsyncIterator[Ledger]:
    """A new ledger, on each of the two databases."""
    async with open_ledger(ledger_location) as opened:
        yield opened
