"""A portal on a real socket, and the smallest client that can speak to it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from launcher.simulator import Settings, Simulator
from tests.support import ports

Simulate = Callable[..., Awaitable[Simulator]]
Ask = Callable[..., Awaitable[tuple[int, Any]]]


@pytest.fixture
async def simulate(caplog: pytest.LogCaptureFixture) -> AsyncIterator[Simulate]:
    """Start portals with the settings given; all are stopped at the end, and none has logged an error."""
    portals: list[Simulator] = []

    async def start(**settings: Any) -> Simulator:
        portals.append(Simulator(Settings(**settings)))
        await portals[-1].start()
        return portals[-1]

    yield start
    for portal in portals:
        await portal.stop()
    assert [record.getMessage() for record in caplog.get_records("call")] == []


@pytest.fixture
async def portal(simulate: Simulate) -> Simulator:
    """An ordinary portal without a rate limit."""
    return await simulate(burst=0)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """A client that never follows a redirect and never repeats a request by itself."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
        yield session


@pytest.fixture
def ask(http: aiohttp.ClientSession) -> Ask:
    """Call a method through the webhook: (HTTP status, the answer read as JSON)."""

    async def call(portal: Simulator, method: str, params: Any = None) -> tuple[int, Any]:
        async with http.post(portal.webhook_url + method, json=params or {}) as response:
            return response.status, await response.json()

    return call


@pytest.fixture
def kept_port() -> Iterator[int]:
    """A port for a portal that stops and starts again: no other program takes it in between."""
    with ports.kept() as port:
        yield port


@pytest.fixture
def lead() -> Callable[..., dict[str, Any]]:
    """Parameters that start template 1 on a lead."""

    def params(number: int, **parameters: Any) -> dict[str, Any]:
        document = ["crm", "CCrmDocumentLead", f"LEAD_{number}"]
        return {"TEMPLATE_ID": 1, "DOCUMENT_ID": document, "PARAMETERS": parameters}

    return params


@pytest.fixture
def batch() -> Callable[..., dict[str, Any]]:
    """Return a batch that starts template 1 on these leads; keys r0, r1, …"""

    def params(*numbers: int, **more: Any) -> dict[str, Any]:
        return {
            "halt": 0,
            "cmd": {f"r{place}": command(number) for place, number in enumerate(numbers)},
            **more,
        }

    return params


def command(number: int, **parameters: str) -> str:
    """Return a batch command that starts template 1 on a lead, everything percent-encoded."""
    pairs = [("TEMPLATE_ID", "1"), ("DOCUMENT_ID[0]", "crm"), ("DOCUMENT_ID[1]", "CCrmDocumentLead")]
    pairs += [("DOCUMENT_ID[2]", f"LEAD_{number}")]
    pairs += [(f"PARAMETERS[{name}]", value) for name, value in parameters.items()]
    return "bizproc.workflow.start?" + "&".join(f"{quote(n, safe='')}={quote(v, safe='')}" for n, v in pairs)


@pytest.fixture
def start_command() -> Callable[..., str]:
    """Return the command that starts template 1 on a lead."""
    return command
