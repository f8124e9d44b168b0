"""Notifications about scheduled runs. What goes wrong with them changes nothing of the run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from launcher.app.context import Context
from launcher.automation.channels import JobPings, channels_of
from launcher.automation.scheduled import ScheduledJob, lateness
from launcher.core.nights import JobResult
from launcher.core.notices import Event, Notice, body, chat, subject
from launcher.core.states import TO_FIX
from launcher.core.summary import Exit, Summary
from launcher.engine.cancel import CancelToken
from launcher.ledger import Ledger, LedgerError
from launcher.ledger.notices import Notices, QueuedMessage
from launcher.log import get_logger
from launcher.notify import Channel, Envelope, Notification, Outbox, queued, send_once
from launcher.notify.channels import Signal
from launcher.notify.outbox import PAUSES_S
from launcher.redact import redacted_text
from launcher.report import failed_file
from launcher.settings import SettingsError

HURRY_S = 5.0
"""What is sent just then has so long when all is to stop; the next scheduled run sends the rest."""
_CONTINUED = (Exit.INTERRUPTED, Exit.PORTAL_IN_USE)
"""A daemon continues a run that ended so; what it comes to then is sent."""

_log = get_logger()


class Notifications:
    """What one scheduled run notifies people of. Nothing that goes wrong is raised; the log has it."""

    def __init__(self, launcher: Context, *, is_continued_later: bool) -> None:
        """`is_continued_later`: a daemon continues a run that was interrupted, or gave way."""
        self._launcher, self._settings = launcher, launcher.settings
        self._is_continued_later = is_continued_later
        self._pings = JobPings(self._settings)
        self._late: dict[str, list[str]] = {}
        self._prewritten: dict[str, int] = {}
        """By job, the night that has prewritten messages in the ledger."""
        self._channels: dict[str, list[Channel]] = {}
        """By job, made once: a keyring or a file may be asked for each."""
        self._is_queued = False
        """Whether the ledger was there for the messages."""

    async def send_former(
        self, ledger: Ledger, portals: Sequence[str] | None, now: Callable[[], float]
    ) -> None:
        """Send what former runs on these portals (None: on all) did not come to, or leave it for `send`.

        One of them may be going on still: it then notifies of its other jobs only.
        """
        with _logged("not told of former nights"):
            notices = Notices(ledger.database)
            if await notices.release(portals, now()):
                with suppress(TimeoutError):
                    async with asyncio.timeout(HURRY_S):
                        await Outbox(notices, self._all_channels().values(), now).send(())

    async def begin(self, ledger: Ledger, job: ScheduledJob, now: float) -> None:
        """Ping that a job begins, and see whether it is late."""
        self._pings.call(job.name, Signal.START)
        with _logged("not known whether it is late", job=job.name):
            self._late[job.name] = await lateness(ledger, job, now, self._late_after_s(job.name))

    def _late_after_s(self, name: str) -> float:
        with suppress(SettingsError):
            config = self._settings.notify(name)
            return float("inf") if config is None else config.late_after
        return float("inf")

    def prewritten(
        self, job: ScheduledJob, night: int, result: JobResult, ended_at: float
    ) -> Sequence[QueuedMessage]:
        """Return what the next scheduled run sends of this one if it is killed before it has sent it."""
        found: list[QueuedMessage] = []
        with _logged("told only if nothing cuts the night off", job=job.name):
            ended = datetime.fromtimestamp(ended_at, job.config.zone()).strftime("%Y-%m-%d %H:%M")
            late = f"it ended on {ended}, and is told late: the launcher was cut off, or its other jobs went on"
            notice = self._notice(replace(result, notes=(late, *result.notes)))
            channels = {channel.label: channel for channel in self._channels_of(job.name)}
            if self._is_sent(result):
                found = [queued(*each) for each in self._envelopes([notice], channels.values())]
        if found:
            self._prewritten[job.name] = night
        return found

    async def send(self, results: Sequence[JobResult], now: Callable[[], float], cancel: CancelToken) -> None:
        """Send what is to be sent; what did not go out is in the ledger with the reason.

        Returns within HURRY_S once all is to stop.
        """
        sending = asyncio.create_task(self._send(results, now, cancel))
        cancelled = asyncio.create_task(cancel.wait())
        try:
            await asyncio.wait((sending, cancelled), return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait((sending,), timeout=HURRY_S)
        finally:
            tasks = (sending, cancelled, *self._pings.tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _send(self, results: Sequence[JobResult], now: Callable[[], float], cancel: CancelToken) -> None:
        with _logged("not told"):
            notices = [self._notice(result) for result in results if self._is_sent(result)]
            for notice in notices:
                code = notice.result.exit_code
                # An interrupted run is no success: whoever waits for its end is to notice that it has none.
                if code is not Exit.INTERRUPTED:
                    signal = Signal.SUCCESS if code is Exit.ALL_STARTED else Signal.FAIL
                    self._pings.call(notice.result.job, signal, subject([notice]))
            try:
                async with self._launcher.beside() as own:
                    kept = Notices((await own.ledger()).database)
                    await self._queue_and_send(notices, kept, now, hurry=cancel.is_set)
            except LedgerError as error:
                _log.error("messages not kept", reason=str(error))
                if not self._is_queued:
                    envelopes = self._envelopes(notices, self._all_channels().values())
                    await asyncio.gather(*(send_once(*envelope) for envelope in envelopes))
        with _logged("pings"):
            await self._pings.failures()

    def _is_sent(self, result: JobResult) -> bool:
        return not (self._is_continued_later and result.exit_code in _CONTINUED)

    async def _queue_and_send(
        self, notices: Sequence[Notice], kept: Notices, now: Callable[[], float], *, hurry: bool
    ) -> None:
        channels = self._all_channels().values()
        outbox = Outbox(kept, channels, now)

        def written(had_prewritten: frozenset[int]) -> list[Envelope]:
            by_another = {job for job, night in self._prewritten.items() if night not in had_prewritten}
            return list(self._envelopes([one for one in notices if one.result.job not in by_another], channels))

        self._is_queued = True
        await outbox.put(list(self._prewritten.values()), written)
        await outbox.send(() if hurry else PAUSES_S)
        for name, reasons in (await self._pings.failures()).items():
            for reason in reasons:
                await kept.note(f"ping of {name}", reason, now())

    def _envelopes(self, notices: Sequence[Notice], channels: Iterable[Channel]) -> Iterator[Envelope]:
        for channel in channels:
            for_it = [notice for notice in notices if self._is_for(notice, channel)]
            if for_it:
                files = tuple(Path(path) for notice in for_it for path in notice.to_correct.values())
                texts = [_sendable(text) for text in (subject(for_it), body(for_it), chat(for_it))]
                yield channel, Notification(subject=texts[0], text=texts[1], chat=texts[2], files=files)

    def _all_channels(self) -> dict[str, Channel]:
        return {each.label: each for name in self._settings.config.jobs for each in self._channels_of(name)}

    def _channels_of(self, name: str) -> list[Channel]:
        if name not in self._channels:
            has_file = bool(self._settings.config.jobs[name].file)
            self._channels[name] = channels_of(self._settings, name) if has_file else []
        return self._channels[name]

    def _is_for(self, notice: Notice, channel: Channel) -> bool:
        name = notice.result.job
        if channel.label not in {each.label for each in self._channels_of(name)}:
            return False
        try:
            config = self._settings.notify(name)
        except SettingsError:
            return True
        return config is not None and bool(notice.events & {Event(each) for each in config.when})

    def _notice(self, result: JobResult) -> Notice:
        runs = [
            step.summary for step in result.steps if step.summary.results and _has_rows_to_fix(step.summary)
        ]
        files = {run.run: Path(failed_file(run.results, run.failed)) for run in runs}
        return Notice(
            result=result,
            late=tuple(self._late.get(result.job, ())),
            to_correct={run: str(path) for run, path in files.items() if path.is_file()},
        )


def _has_rows_to_fix(summary: Summary) -> bool:
    return any(summary.counts[state] for state in TO_FIX)


@contextmanager
def _logged(what: str, **where: str) -> Iterator[None]:
    """Log what goes wrong in the block; the results of the run stand."""
    try:
        yield
    except Exception as error:  # noqa: BLE001  its rows have started, whoever hears of it
        _log.error(what, exc_info=error, **where)


def _sendable(text: str) -> str:
    """Return the text without secrets, and without what no ledger and no mail can hold."""
    return redacted_text(text).replace("\0", "").encode("utf-8", "replace").decode()
