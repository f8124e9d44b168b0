"""Where a run's rows to mend are written: never over a file that a person has changed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

from launcher.ledger import FailedFiles, Ledger, LedgerError, RunRecord
from launcher.report.results import failed_path
from launcher.sheets import Source, content_fingerprint


class FailedFile:
    """The place of one run's rows to mend, decided at the moment in which the new file is put there."""

    def __init__(self, ledger: Ledger, run: RunRecord, loop: asyncio.AbstractEventLoop) -> None:
        self._files = FailedFiles(ledger.database)
        self._run = run
        self._loop = loop
        self._usual = failed_path(Path(run.results))
        self.notes: list[str] = []
        """What the person is told: a file that was changed stays, and where the new one is."""

    def place(self, written: Path | None) -> Path | None:
        """Return where the file that was written under a temporary name goes; None where there is none.

        For another thread than the loop's. Earlier ones of ours are gone then, but for the one at that place.
        """
        return asyncio.run_coroutine_threadsafe(self._place(written), self._loop).result()

    async def _place(self, written: Path | None) -> Path | None:
        before = await self._files.path(self._run.id)
        ours = [path for path in {self._usual, Path(before or self._usual)} if await self._is_ours(path)]
        place = None
        if written is not None:
            place = await self._free_place()
            with suppress(LedgerError):  # as on a full disk: then it counts as changed the next time
                await self._files.keep(self._run.id, str(place), await _digest(written))
        for path in ours:
            if path != place:
                path.unlink(missing_ok=True)
        if place != self._usual and self._usual.exists():
            self._tell(place)
        return place

    async def _free_place(self) -> Path:
        for path in self._places():
            if not path.exists() or await self._is_ours(path):
                return path
        raise AssertionError("places have no end")

    def _places(self) -> Iterator[Path]:
        usual, name = self._usual, self._run.name
        yield usual
        yield usual.with_name(f"{usual.stem}.{name}{usual.suffix}")
        for number in count(2):
            yield usual.with_name(f"{usual.stem}.{name}-{number}{usual.suffix}")

    async def _is_ours(self, path: Path) -> bool:
        """Whether what stands there is exactly what this ledger has had written."""
        try:
            return path.is_file() and await self._files.knows(await _digest(path))
        except OSError:
            return False

    def _tell(self, place: Path | None) -> None:
        now = f"the rows to mend are in {place}" if place is not None else "there are no rows to mend"
        self.notes.append(
            f"{self._usual} was changed since this ledger wrote it, or it did not write it, so the file stays "
            f"as it is. Of run {self._run.name}, {now}"
        )


async def _digest(path: Path) -> str:
    return await asyncio.to_thread(content_fingerprint, Source(path, path.name))
