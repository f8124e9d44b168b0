"""One press of Ctrl-C is one signal, however often it arrives."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest

from launcher.cli import session
from launcher.cli.session import interruptible
from launcher.engine.stopping import Stopping


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    before = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)}
    yield
    for name, handler in before.items():
        signal.signal(name, handler)


async def stopped_by_a_signal() -> None:
    stopping = Stopping()
    with interruptible(stopping, lambda _: None):
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.wait_for(stopping.wait(), 5)


async def test_its_second_arrival_right_after_the_end_does_not_break_what_is_being_closed() -> None:
    await stopped_by_a_signal()
    broken = False

    try:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
    except KeyboardInterrupt:
        broken = True

    assert not broken


async def test_a_signal_later_than_that_ends_what_is_being_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    await stopped_by_a_signal()
    monkeypatch.setattr(session, "ONE_SIGNAL_S", 0.0)

    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)


async def test_without_a_signal_the_handlers_are_those_of_before() -> None:
    before = signal.getsignal(signal.SIGINT)

    with interruptible(Stopping(), lambda _: None):
        assert signal.getsignal(signal.SIGINT) != before

    assert signal.getsignal(signal.SIGINT) == before
