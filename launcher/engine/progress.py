"""What is known of a run while it goes, and how long it waits for what.

Nothing here may hold up a run: the throttle only notes, and what the ledger does not take is dropped.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from launcher.core.model import State
from launcher.core.states import SENDABLE
from launcher.core.summary import Counts
from launcher.core.timeline import PACED, Wait
from launcher.ledger import Ledger, LedgerError
from launcher.log import get_logger

_log = get_logger()

_EVERY_S = 30.0
"""How much of a run's waits a power cut may cost; each writing is one wait for the disk."""


class Waits:
    """Waits that are over, and the present one."""

    def __init__(self) -> None:
        self._over: list[Wait] = []
        self._open: Wait | None = None
        self._pacing = 0
        self._pacing_since = 0.0
        self._paced: Wait | None = None

    def begin(self, reason: str, seconds: float) -> None:
        """From now on no request leaves for so long. Prolongs a wait for the same reason, and ends another."""
        now = time.time()
        going = self._open
        if going is not None and going.reason == reason and now < going.ended_at:
            until = max(going.ended_at, now + seconds)
            self._open = replace(going, seconds=until - going.began_at)
        else:
            self._close(now)
            self._open = Wait(reason, now, seconds)
        if self._pacing:
            self._count_pacing(now)

    @contextmanager
    def pacing(self) -> Iterator[None]:
        """A worker waits for its turn within the rate limit. Those that wait together count once."""
        if not self._pacing:
            self._pacing_since = time.time()
        self._pacing += 1
        try:
            yield
        finally:
            self._pacing -= 1
            if not self._pacing:
                self._count_pacing(time.time())

    def take(self) -> list[Wait]:
        """The waits that are over by now, each handed out once."""
        now = time.time()
        if self._open is not None and self._open.ended_at <= now:
            self._close(now)
        if self._pacing:
            self._count_pacing(now)
        taken, self._over = self._over, []
        if self._paced is not None:
            taken.append(self._paced)
        self._paced = None
        return taken

    def finish(self) -> list[Wait]:
        """What `take` gives, and the present wait up to now."""
        self._close(time.time())
        return self.take()

    def _close(self, now: float) -> None:
        if self._open is not None:
            seconds = min(self._open.seconds, now - self._open.began_at)
            if seconds > 0:
                self._over.append(replace(self._open, seconds=seconds))
        self._open = None

    def _count_pacing(self, now: float) -> None:
        """Count it up to now, but for what another wait has counted."""
        since, self._pacing_since = self._pacing_since, now
        others = self._over if self._open is None else [*self._over, self._open]
        seconds = now - since - sum(wait.within_s(since, now) for wait in others)
        if seconds > 0:
            before = self._paced or Wait(PACED, since, 0.0)
            self._paced = replace(before, seconds=before.seconds + seconds)


async def keep_waits(waits: Waits, ledger: Ledger, run_id: int) -> None:
    """Write the waits down until cancelled, and what is left of them then; until the ledger refuses one."""
    try:
        try:
            while True:
                await asyncio.sleep(_EVERY_S)
                await ledger.add_waits(run_id, waits.take())
        except asyncio.CancelledError:
            await ledger.add_waits(run_id, waits.finish())
            raise
    except LedgerError as error:
        _log.debug("waits not recorded", reason=str(error))


Settled = Callable[[Iterable[int]], None]
"""Called with the numbers of rows once the ledger has what became of them."""


@dataclass(slots=True)
class Progress:
    """Counts since the session began. One task at a time changes it, so no lock is needed."""

    rows: int = 0
    """Rows that the run has; grows while the file is read."""
    expected_rows: int = 0
    """Rows that it will have."""
    settled: Counter[State] = field(default_factory=Counter)
    """Rows that need nothing more in this session, by state."""
    settled_before: int = 0
    """Of these, settled by earlier sessions."""
    requests: int = 0
    waiting: str = ""
    """What every worker waits for, in words: `rate limit, 0.4 s`. Empty if none does."""
    shown: Settled = field(default=lambda _: None)
    """Is told too of what is settled."""

    def begin(self, counts: Counts) -> None:
        """Take account of what earlier sessions of the run have settled."""
        self.rows = counts.total
        for state, number in counts.by_state.items():
            if state not in SENDABLE:
                self.settled[state] += number
        self.settled_before = self.done

    def settle(self, states: Mapping[int, State]) -> None:
        """Take account of rows, by number, of which the ledger has what became of them."""
        self.settled.update(states.values())
        self.shown(states)

    def reconciled(self, found: int) -> None:
        """So many unknown rows were found running."""
        self.settled[State.UNKNOWN] -= found
        self.settled[State.STARTED] += found
        self.waiting = ""

    @property
    def done(self) -> int:
        return self.settled.total()
