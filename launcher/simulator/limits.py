"""The portal's clock: it may differ from ours, and it tells the time in its own zone."""

from __future__ import annotations

import math
import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone

from launcher.simulator.settings import Settings


class Clock:
    """Epoch seconds as the portal has them, and its two ways of writing a moment."""

    def __init__(self, settings: Callable[[], Settings]) -> None:
        """Take the settings through a function: they may change while the portal runs."""
        self._settings = settings
        self._second = (0, 0.0)
        self._written = ""

    def now(self) -> float:
        """Return the portal's epoch seconds."""
        return time.time() + self._settings().clock_offset_seconds

    def iso(self, at: float) -> str:
        """Return PHP's date('c') of a moment of the portal's clock: whole seconds, with the zone."""
        second = (int(at), self._settings().utc_offset_hours)
        if second != self._second:
            zone = timezone(timedelta(hours=second[1]))
            self._second, self._written = second, datetime.fromtimestamp(second[0], zone).isoformat()
        return self._written

    def read(self, text: str) -> float | None:
        """Return the moment of a date in ISO 8601 or in the portal's own format; None: it is no date.

        Without a zone it is the portal's.
        """
        own = re.fullmatch(r"(\d\d)\.(\d\d)\.(\d{4})(?: (\d\d:\d\d(?::\d\d)?))?", text.strip())
        if own:
            text = f"{own[3]}-{own[2]}-{own[1]}T{own[4] or '00:00'}"
        try:
            moment = datetime.fromisoformat(text.strip())
        except ValueError:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone(timedelta(hours=self._settings().utc_offset_hours)))
        return moment.astimezone(UTC).timestamp()


_LOOK_BACK_SECONDS = 3600
"""What another program did before that makes no difference any more."""


@dataclass(slots=True)
class Bucket:
    """The leaky bucket of one source IP (docs: "Limits"). It leaks in whole-second steps, not steadily."""

    level: float = 0.0
    second: int = 0
    others_at: float = 0.0
    """Up to when the requests of another program have been added."""

    def take(self, now: float, burst: int, per_second: float, others_per_second: float = 0.0) -> bool:
        """Add one request unless that would pass the burst; a refused request does not raise the level."""
        if others_per_second:
            self._let_others_in(now, burst, per_second, others_per_second)
        self.leak(now, per_second)
        if self.level + 1 > burst:
            return False
        self.level += 1
        return True

    def fill(self, now: float, requests: float, burst: int, per_second: float) -> None:
        """Add requests of another program on the same IP, as far as they fit."""
        self.leak(now, per_second)
        self.level = min(float(burst), self.level + requests)

    def _let_others_in(self, now: float, burst: int, per_second: float, others_per_second: float) -> None:
        at = max(self.others_at, now - _LOOK_BACK_SECONDS) if self.others_at else now
        while at < now:
            until = min(now, math.floor(at) + 1.0)
            self.fill(at, (until - at) * others_per_second, burst, per_second)
            at = until
        self.others_at = now

    def leak(self, now: float, per_second: float) -> None:
        """Let go what has leaked since the last look."""
        second = math.floor(now)
        if second > self.second:
            self.level = max(0.0, self.level - per_second * (second - self.second))
        self.second = second


@dataclass(slots=True)
class _Basket:
    opened: int
    seconds: float = 0.0


@dataclass(slots=True)
class Operating:
    """Execution seconds of one method and one webhook or application, in baskets that drop out one by one."""

    baskets: deque[_Basket] = field(default_factory=deque)

    def total(self, now: float, span: float) -> float:
        """Return the seconds in all baskets; span: how long a basket stays, in seconds."""
        while self.baskets and self.baskets[0].opened + span <= now:
            self.baskets.popleft()
        return sum(basket.seconds for basket in self.baskets)

    def charge(self, now: float, seconds: float, basket_seconds: float, phase: float | None = None) -> None:
        """Put seconds into the basket of now.

        A basket opens with the first charge that no other takes; with a phase, when it is its turn.
        """
        if seconds <= 0:
            return
        if not self.baskets or self.baskets[-1].opened + basket_seconds <= now:
            opened = now if phase is None else now - (now - phase) % basket_seconds
            self.baskets.append(_Basket(int(opened)))
        self.baskets[-1].seconds += seconds

    def reset_at(self, now: float, span: float) -> int:
        """Return when the oldest basket drops out; with none in use, when one opened now would."""
        return int((self.baskets[0].opened if self.baskets else int(now)) + span)
