"""Waits some minutes for a file that is still being written; until it is complete, it is not taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from launcher.core.being_written import BeingWritten, being_written
from launcher.core.words import duration
from launcher.engine.cancel import CancelToken
from launcher.sheets import lacks_line_end

PATIENCE_S = 600.0
"""All files of a job together are waited for no longer: other jobs of the portal come after it."""
_LOOK_S = 1.0


@dataclass
class FileWait:
    """Waits for the files of one job in one scheduled run."""

    settled_after_s: float
    cancel: CancelToken
    now: Callable[[], float]
    tell: Callable[[str], None]
    _waited_s: float = 0.0

    def look(self, file: Path) -> BeingWritten | None:
        """Return why the file is not taken now; None if it is taken."""
        try:
            # The end before the time: what is written after this look has another time.
            lacks_end = lacks_line_end(file)
            changed_at = file.stat().st_mtime
        except OSError:
            return None  # whoever opens it says what is wrong
        return being_written(changed_at, self.now(), self.settled_after_s, lacks_line_end=lacks_end)

    async def wait(self, file: Path, until: float) -> BeingWritten | None:
        """Return None once the file may be taken; else why not, when waiting is of no use or all is to stop."""
        told = False
        while (found := self.look(file)) is not None:
            # Counted, not read from a clock: the clock on the wall may be set back meanwhile.
            too_long = self._waited_s + found.wait_s > PATIENCE_S or self.now() + found.wait_s >= until
            if too_long or self.cancel.is_set:
                return found
            if not told:
                self.tell(f"{file} {found.reason}; waiting until it is complete: {duration(found.wait_s)}")
                told = True
            pause_s = min(found.wait_s, _LOOK_S)
            await self.cancel.sleep(pause_s)
            self._waited_s += pause_s
        return None
