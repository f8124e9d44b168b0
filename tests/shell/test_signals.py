"""One press of Ctrl-C is one signal, however often it arrives."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest

from launcher.cli import runtime
from launcher.cli.runtime import interruptible
from launcher.engine.cancel import CancelToken


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    before = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)}
    yield
    for name, handler in before.items():
        signal.signal(name, handler)


async def stopped_by_a_signal() -> None:
    cancel = CancelToken()
    with interruptible(cancel, lambda _: None):
        os.kill(os.getpid(), signal.SIGINT)
        await cancel.wait()


async def test_its_second_arrival_right_after_the_end_does_not_break_what_is_being_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runtime, "ONE_SIGNAL_S", 3600.0)
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
    monkeypatch.setattr(runtime, "ONE_SIGNAL_S", -1.0)

    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)


class Recorded(CancelToken):
    """Knows whether somebody is to wait no longer."""

    hurried = False

    def hurry(self) -> None:
        self.hurried = True


async def test_a_second_signal_counts_after_two_seconds_and_it_is_said_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, told, cancel = [100.0], list[str](), Recorded()
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now[0])

    async def at(time_s: float, *, press: bool) -> None:
        now[0] = time_s
        if press:
            os.kill(os.getpid(), signal.SIGINT)
        for _ in range(3):  # the loop hears of it, and then of its timers
            await asyncio.sleep(0)

    with interruptible(cancel, told.append):
        await at(100.0, press=True)
        await at(100.5, press=True)
        await at(101.9, press=True)
        assert (cancel.is_set, cancel.hurried, len(told)) == (True, False, 1)
        await at(102.1, press=False)
        assert (cancel.hurried, "Ctrl-C again" in told[1]) == (False, True)
        await at(102.2, press=True)
        assert cancel.hurried


async def test_without_a_signal_the_handlers_are_those_of_before() -> None:
    before = signal.getsignal(signal.SIGINT)

    with interruptible(CancelToken(), lambda _: None):
        assert signal.getsignal(signal.SIGINT) != before

    assert signal.getsignal(signal.SIGINT) == before
