"""Fixtures for all tests: a real PostgreSQL, a real browser, the simulated portal."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from launcher import redact
from launcher.ledger import open_ledger
from launcher.simulator import Settings, Simulator
from tests.support import browser as browsers
from tests.support import certificates, examples, postgres, tools

examples.load_profile()

NO_KEYRING = "keyring.backends.fail.Keyring"

on_the_browsers_loop = pytest.mark.asyncio(loop_scope="session")

_numbers = itertools.count(1)


SLOWEST = (
    "orchestrators", "test_chaos", "test_interrupts", "test_errors", "test_stop_and_watch", "test_secrets",
    "test_schedule", "test_one_runner", "test_housekeeping", "test_telling", "test_daemon",
)  # fmt: skip
"""Begun first, so that no core waits at the end for one of them."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slowest first, then the other commands, and what takes milliseconds last; each in random order."""

    def rank(item: pytest.Item) -> int:
        path = str(item.path)
        return 0 if any(name in path for name in SLOWEST) else 1 if "journeys" in path else 2

    items.sort(key=rank)


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """The person's own keyring is not asked by tests."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", NO_KEYRING)


@pytest.fixture(autouse=True)
def no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test calls a secret is none to another, whose texts it would blank out."""
    monkeypatch.setattr(redact, "_known", set())


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """A PostgreSQL of the tests' own."""
    with postgres.temporary_server() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres_server: postgres.Server) -> str:
    """The name of a database with a new ledger, to be copied: quicker than to make its tables anew."""

    async def migrate(location: str) -> None:
        async with open_ledger(location):
            pass

    name = "template_of_ledgers"
    # In a thread: the first to ask may be a test whose own loop is running.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, migrate(postgres_server.make_database(name))).result()
    return name


@pytest.fixture
def postgres_url(postgres_server: postgres.Server, postgres_template: str) -> str:
    """A database with a new ledger on it."""
    return postgres_server.make_database(f"t{next(_numbers)}", like=postgres_template)


@pytest.fixture(scope="session")
def certificate_files(tmp_path_factory: pytest.TempPathFactory) -> certificates.Certificates:
    """For the simulator's TLS port."""
    return certificates.make(tmp_path_factory.mktemp("certificates"))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A real browser, one for all tests; they share its event loop, with `on_the_browsers_loop`."""
    async with browsers.started(tools.need("chromium")) as opened:
        yield opened


@pytest.fixture(scope="session")
def office() -> str:
    """LibreOffice's command."""
    return tools.need("libreoffice")


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """An ordinary cloud portal with instant starts."""
    async with Simulator(Settings()) as portal:
        yield portal
