"""For tests of programs that use the launcher: a portal on this machine, as a context manager and a fixture.

from launcher.testing import portal                      # a pytest fixture

def test_my_flow(portal):
    launcher.run_sync(launcher.RunRequest(rows=[{"ID": 1}], template="1", kind="lead"))
    assert portal.started_documents() == ["LEAD_1"]
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

from launcher.simulator import Settings, Simulator

Result = TypeVar("Result")


class SimulatedPortal:
    """A simulated portal that answers on 127.0.0.1 from a thread of its own."""

    def __init__(self, simulator: Simulator, loop: asyncio.AbstractEventLoop) -> None:
        self._simulator = simulator
        self._loop = loop

    @property
    def url(self) -> str:
        """Its address."""
        return self._simulator.url

    @property
    def webhook_url(self) -> str:
        """Its incoming webhook, for BITRIX24_WEBHOOK_URL or `webhook_url:`."""
        return self._simulator.webhook_url

    def started_documents(self) -> list[str]:
        """Return the document of every workflow that was started, in order: `["LEAD_1", "LEAD_2"]`."""
        return self._in_loop(lambda: [one.document[2] for one in self._simulator.started])

    def script(self, fault: str | Sequence[str], **conditions: Any) -> None:
        """Let a fault hit requests to come; `launcher.simulator.FAULTS` names them."""
        self._in_loop(lambda: self._simulator.script(fault, **conditions))

    def end_workflows(self) -> None:
        """End every workflow that runs."""
        self._in_loop(lambda: self._simulator.state.workflows.end(None))

    def change(self, **settings: Any) -> None:
        """Change settings of the portal while it runs."""
        state = self._simulator.state
        self._in_loop(lambda: state.change(replace(state.settings, **settings)))

    def _in_loop(self, work: Callable[[], Result]) -> Result:
        async def done() -> Result:
            return work()

        return asyncio.run_coroutine_threadsafe(done(), self._loop).result()


@contextmanager
def simulated_portal(**settings: Any) -> Iterator[SimulatedPortal]:
    """Serve a portal while the block runs; without a rate limit unless `burst=` says so."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="simulated-portal")
    thread.start()
    simulator = Simulator(Settings(**({"burst": 0} | settings)))
    try:
        asyncio.run_coroutine_threadsafe(simulator.start(), loop).result()
        try:
            yield SimulatedPortal(simulator, loop)
        finally:
            asyncio.run_coroutine_threadsafe(simulator.stop(), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def __getattr__(name: str) -> object:
    if name != "portal":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # pytest is a need of tests, not of the launcher.
    import pytest

    @pytest.fixture
    def portal(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatedPortal]:
        """Give a simulated portal that BITRIX24_WEBHOOK_URL names."""
        with simulated_portal() as found:
            monkeypatch.setenv("BITRIX24_WEBHOOK_URL", found.webhook_url)
            yield found

    return portal
