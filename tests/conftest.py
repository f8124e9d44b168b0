"""Fixtures for all tests: a real PostgreSQL, the simulated portal."""

from __future__ import annotations

import itertools
import os
from collections.abc import AsyncIterator, Iterator

import pytest

from launcher.simulator import Settings, Simulator
from tests.support import postgres

NO_KEYRING = "keyring.backends.fail.Keyring"

_numbers = itertools.count(1)


def skip_unless_ci(reason: str) -> None:
    """Skip for that reason; where all must be there, its absence is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """The person's own keyring is not asked by tests."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", NO_KEYRING)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """A PostgreSQL of the tests' own."""
    commands = postgres.binaries()
    if commands is None:
        skip_unless_ci("PostgreSQL is not installed (pg_ctl)")
    assert commands is not None
    with postgres.temporary_server(commands) as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: postgres.Server) -> str:
    """An empty database on it."""
    return postgres_server.make_database(f"t{next(_numbers)}")


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """An ordinary cloud portal with instant starts."""
    async with Simulator(Settings()) as portal:
        yield portal
