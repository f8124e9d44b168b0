"""The machine's clock as a number: what a night is told, and what its ledger writes, are of one time."""

from __future__ import annotations

import time
from datetime import datetime

import pytest


class WallClock:
    """Stands in for `time.time`: as it was set last, and from then on as time goes by, unless it stands."""

    def __init__(self) -> None:
        self._at, self._set_at = time.time(), time.monotonic()
        self._stands = False

    def set(self, text: str, *, stands: bool = False) -> None:
        """From now on it is then, by ISO 8601."""
        self._at, self._set_at = datetime.fromisoformat(text).timestamp(), time.monotonic()
        self._stands = stands

    def __call__(self) -> float:
        return self._at if self._stands else self._at + time.monotonic() - self._set_at


def installed(monkeypatch: pytest.MonkeyPatch) -> WallClock:
    """This process's clock, until its test ends; that which stops a night is asked often."""
    clock = WallClock()
    monkeypatch.setattr(time, "time", clock)
    monkeypatch.setattr("launcher.engine.cancel._LOOK_S", 0.02)
    return clock
