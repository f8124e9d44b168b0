"""The portal's clock: it may differ from ours, and it tells the time in its own zone."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

from .settings import Settings


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

    def shown(self, at: float) -> str:
        """Return a moment of *our* clock as the portal dates it."""
        return self.iso(at + self._settings().clock_offset_seconds)

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
