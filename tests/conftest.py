"""Fixtures for all tests: a real PostgreSQL, a real browser, the simulated portal."""

from __future__ import annotations

import itertools
import os
from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser

from launcher.simulator import Settings, Simulator
from tests.support import browser as browsers
from tests.support import certificates, libreoffice, postgres

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


@pytest.fixture(scope="session")
def certificate_files(tmp_path_factory: pytest.TempPathFactory) -> certificates.Certificates:
    """For the simulator's TLS port."""
    return certificates.make(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A real browser."""
    command = browsers.executable()
    if command is None:
        skip_unless_ci("Chromium is not installed (chromium)")
    assert command is not None
    async with browsers.started(command) as opened:
        yield opened


@pytest.fixture(scope="session")
def office() -> str:
    """LibreOffice's command."""
    command = libreoffice.program()
    if command is None:
        skip_unless_ci("LibreOffice is not installed (soffice of libreoffice-calc)")
    assert command is not None
    return command


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """An ordinary cloud portal with instant starts."""
    async with Simulator(Settings()) as portal:
        yield portal
