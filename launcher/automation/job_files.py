"""The files of one job in one scheduled run: which are complete, which are new, where they go afterwards."""

from __future__ import annotations

import asyncio
import math
import shlex
from contextlib import suppress
from pathlib import Path

from launcher.app.files import move_away
from launcher.app.inputs import Input
from launcher.automation.scheduled import JobRunner, Steps
from launcher.core.due import BeingWritten, being_written
from launcher.core.nights import Outcome, Way
from launcher.core.summary import Ending, Exit
from launcher.core.words import duration
from launcher.errors import LauncherError
from launcher.ledger import RunRecord
from launcher.ledger.nights import Nights
from launcher.messages import Message
from launcher.sheets import Source, WebAddress, content_fingerprint, fingerprint, lacks_line_end

PATIENCE_S = 600.0
"""All files of a job together are waited for no longer: other jobs of the portal come after it."""
_LOOK_S = 1.0


_DONE = (Exit.ALL_STARTED, Exit.SOME_NOT_STARTED)
"""After these, a file has nothing more to give."""


class JobFiles:
    """Takes the files of one job, and archives those that are done."""

    def __init__(self, nights: Nights, runner: JobRunner, steps: Steps) -> None:
        self._job, self._nights, self._runner, self._steps = steps.job, nights, runner, steps
        self._waited_s = 0.0
        self.done: set[str] = set()
        """Files that were taken to their end in this scheduled run."""
        self._contents: dict[str, str] = {}
        """By file, what this scheduled run began to read."""

    async def load(self, file: Path | WebAddress) -> Input | None:
        """Return the file as it stands now; None if it could not be read, and then it is noted why."""
        try:
            return await self._runner.load(file)
        except LauncherError as error:
            self._steps.refuse(error)
            return None

    async def run(self, file: Path | WebAddress, given: Input) -> bool:
        """Run a new file once nobody writes it any more; return whether the job is over for now."""
        complete = await self._complete(file, given)
        if complete is None:
            return self._steps.is_over()
        if self._job.config.after is not None and isinstance(file, Path):
            with suppress(OSError):  # opening it says what is wrong
                self._contents[complete.origin] = await _content(file)
        summary = await self._steps.take(Way.BEGUN, lambda cancel: self._runner.begin(complete, cancel))
        if summary is None:
            return False
        if summary.ending is not Ending.FINISHED:
            return True
        await self.finish(complete.origin)
        return False

    async def finish(self, origin: str) -> None:
        """Archive the file that a run has taken to its end, unless that run had not read all of it."""
        last = await self._nights.last_finished(origin)
        if last is not None:
            self.done.add(origin)
            await self._archive(last)

    async def is_unchanged(self, given: Input) -> bool:
        """Return whether the last run is done with this very file; if so, it is archived.

        A job that forgets its starts runs it again.
        """
        last = await self._nights.last_finished(given.origin)
        if last is None or last.fingerprint != given.fingerprint:
            return False
        forget_after_s = self._job.config.started_before_rule().forget_after_s
        if given.origin not in self.done:
            if 0 < forget_after_s < math.inf:
                return False
            self._steps.note(f"{given.origin} is unchanged since run {last.name}")
            await self._archive(last)
        return True

    async def _complete(self, file: Path | WebAddress, given: Input) -> Input | None:
        """Return the file once nobody writes it any more; None if it is not taken, and then it is noted why."""
        loaded: Input | None = given
        while loaded is not None and isinstance(file, Path):
            found = await self._wait(file)
            if found is not None:
                if not self._steps.cancel.is_set:
                    self._steps.end(Outcome.REFUSED, self._not_taken(file, found), Exit.WRONG_USAGE)
                return None
            # Loaded before the last look at it: else it could have been changed in between.
            before, loaded = loaded, await self.load(file)
            if loaded is not None and loaded.fingerprint == before.fingerprint:
                break
        return loaded

    def _look(self, file: Path) -> BeingWritten | None:
        """Return why the file is not taken now; None if it is taken."""
        try:
            # The end before the time: what is written after this look has another time.
            lacks_end = lacks_line_end(file)
            changed_at = file.stat().st_mtime
        except OSError:
            return None  # whoever opens it says what is wrong
        settled_after_s = self._job.config.file_settled_after
        return being_written(changed_at, self._steps.now(), settled_after_s, lacks_line_end=lacks_end)

    async def _wait(self, file: Path) -> BeingWritten | None:
        """Return None once the file may be taken; else why not, when waiting is of no use or all is to stop."""
        steps, is_shown = self._steps, False
        while (found := self._look(file)) is not None:
            # Counted, not read from a clock: the clock on the wall may be set back meanwhile.
            too_long = self._waited_s + found.wait_s > PATIENCE_S or steps.now() + found.wait_s >= steps.until
            if too_long or steps.cancel.is_set:
                return found
            if not is_shown:
                wait = duration(found.wait_s)
                self._runner.tell(Message("waiting-for-file", file=file, reason=found.reason, duration=wait))
                is_shown = True
            pause_s = min(found.wait_s, _LOOK_S)
            await steps.cancel.sleep(pause_s)
            self._waited_s += pause_s
        return None

    def _not_taken(self, file: Path, found: BeingWritten) -> str:
        by_hand = f"launcher run {shlex.quote(str(file))} --job {shlex.quote(self._job.name)}"
        return (
            f"{file} is not taken: it {found.reason}. The next night takes it once it is complete; "
            f"to start it before then: {by_hand}"
        )

    async def _archive(self, run: RunRecord) -> None:
        """Move the file of a run, and its results, if the job says so and nothing of it is open."""
        after, file = self._job.config.after, Path(run.file)
        if after is None or not file.is_file() or await self._nights.exit_code(run.id) not in _DONE:
            return
        if not await self._is_same(file, run):
            # What an earlier scheduled run began to read is taken in this one.
            if run.file in self._contents:
                self._steps.note(
                    f"{file} changed while run {run.name} was going. It is not moved; the next night takes it",
                    Exit.WRONG_USAGE,
                )
            return
        if (found := self._look(file)) is not None:
            self._steps.note(f"{file} is not moved yet: it {found.reason}")
            return
        await self._move(run, file, after.move_to)

    async def _move(self, run: RunRecord, file: Path, to: str) -> None:
        results = Path(run.results)
        # Not whatever stands at the usual place: a person may have changed what an earlier run wrote there.
        failed = [Path(written)] if (written := await self._nights.failed_file(run.id)) else []
        try:
            moved = move_away(file, [results, *failed], self._job.folder / to)
        except OSError as error:
            self._steps.note(f"{file} could not be moved to {to}: {error.strerror}", Exit.WRONG_USAGE)
            return
        if results in moved:
            where = str(moved[results].resolve())
            there = next((str(moved[one].resolve()) for one in failed if one in moved), "")
            await self._nights.results_moved(run.id, where, there)
            self._steps.results_moved(run.name, where, there)
        self._steps.note(f"moved to {moved[file]}")

    async def _is_same(self, file: Path, run: RunRecord) -> bool:
        """Return whether the file is still what the run has read; if not, the next scheduled run takes it."""
        if fingerprint(file) != run.fingerprint:
            return False
        content = self._contents.get(run.file)
        if content is None or content == await _content(file):
            return True
        await self._nights.file_replaced(run)
        return False


async def _content(file: Path) -> str:
    return await asyncio.to_thread(content_fingerprint, Source(file, file.name))
