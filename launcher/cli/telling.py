"""Whoever is to know of a night is told. Its troubles change nothing of the night."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import structlog

from launcher.cli.night_pings import NightPings
from launcher.cli.ways_to_people import channels_of
from launcher.core.due import Past, Timetable, missed
from launcher.core.model import TO_MEND
from launcher.core.nights import JobResult
from launcher.core.notices import Event, Notice, body, chat, subject
from launcher.core.summary import Exit, Summary
from launcher.core.words import duration
from launcher.engine.cancel import CancelToken
from launcher.ledger import Ledger, LedgerError, Letter, NightRecord, Nights, Notices
from launcher.nightly import NightJob
from launcher.notify import Addressed, Channel, Message, Outbox, letter, send_once
from launcher.notify.outbox import PAUSES_S
from launcher.notify.pings import Signal
from launcher.redact import redacted_text
from launcher.report.results import failed_file
from launcher.settings import Settings, SettingsError

HURRY_S = 5.0
"""What is sent just then has so long when the night is to stop; the next night sends the rest."""
_NIGHTS = 20
_TOLD_ONCE = (Exit.INTERRUPTED, Exit.PORTAL_IN_USE)
"""A daemon takes such a night up again; what it comes to then is told."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Around:
    """What a night tells in: the ledger, opened when it is needed, and what stops the night."""

    opened: Callable[[], AbstractAsyncContextManager[Ledger]]
    cancel: CancelToken


@dataclass
class Telling:
    """What one night tells. Its troubles are told, too, and change nothing of the night."""

    settings: Settings
    taken_up_later: bool
    """Whether a night that was interrupted, or gave way, is gone on with without anybody (by a daemon)."""
    pauses: Sequence[float] | None = None
    _late: dict[str, list[str]] = field(default_factory=dict)
    _drafted: dict[str, int] = field(default_factory=dict)
    """By job, the night that has drafts in the ledger."""
    _ways: dict[str, list[Channel]] = field(default_factory=dict)
    """By job, made once: a keyring or a file may be asked for each."""
    _kept: bool = False
    """Whether the ledger was there for the messages."""

    def __post_init__(self) -> None:
        self._pings = NightPings(self.settings)

    async def former(self, ledger: Ledger, portals: Sequence[str] | None, now: Callable[[], float]) -> None:
        """What nights on these portals (None: on all) did not come to tell is told, or goes with this one.

        One of them may go on still: it then tells of its other jobs only.
        """
        with _no_matter_what("not told of former nights"):
            notices = Notices(ledger.database)
            if await notices.release(portals, now()):
                with suppress(TimeoutError):
                    async with asyncio.timeout(HURRY_S):
                        await Outbox(notices, self._channels().values(), now).send(())

    async def begin(self, ledger: Ledger, job: NightJob, now: float) -> None:
        """A job's night begins: whether it is late, and which nights there were not."""
        self._pings.call(job.name, Signal.START)
        with _no_matter_what("not known whether it is late", job=job.name):
            await self._look_back(ledger, job, now)

    async def _look_back(self, ledger: Ledger, job: NightJob, now: float) -> None:
        schedule = job.config.due()
        if schedule is None:
            return
        timetable = Timetable(schedule, job.config.zone(), job.config.catch_up)
        former = await Nights(ledger, job.name, job.portal).former(_NIGHTS)
        texts = [
            f"there was no night when it was due at {_when(due, timetable)}"
            for due in missed(timetable, Past(nights=former), now)
        ]
        late = _late(timetable, former, now, self._late_after(job.name))
        self._late[job.name] = texts + ([late] if late else [])

    def _late_after(self, name: str) -> float:
        with suppress(SettingsError):
            config = self.settings.notify(name)
            return float("inf") if config is None else config.late_after
        return float("inf")

    def drafts(self, job: NightJob, night: int, result: JobResult, ended_at: float) -> Sequence[Letter]:
        """What the next night tells of this one if it is cut off before it has told it."""
        found: list[Letter] = []
        with _no_matter_what("told only if nothing cuts the night off", job=job.name):
            ended = datetime.fromtimestamp(ended_at, job.config.zone()).strftime("%Y-%m-%d %H:%M")
            late = f"it ended on {ended}, and is told late: the launcher was cut off, or its other jobs went on"
            notice = self._notice(replace(result, notes=(late, *result.notes)))
            ways = {channel.label: channel for channel in self._of(job.name)}
            if self._is_told(result):
                found = [letter(*each) for each in self._messages([notice], ways.values())]
        if found:
            self._drafted[job.name] = night
        return found

    async def tell(self, results: Sequence[JobResult], now: Callable[[], float], around: Around) -> None:
        """What is to be told has gone out when this returns, or is in the ledger with the reason why not.

        Nothing that goes wrong is raised. Once the night is to stop, it returns within HURRY_S.
        """
        telling = asyncio.create_task(self._tell(results, now, around))
        cancel = asyncio.create_task(around.cancel.wait())
        try:
            await asyncio.wait((telling, cancel), return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait((telling,), timeout=HURRY_S)
        finally:
            tasks = (telling, cancel, *self._pings.tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _tell(self, results: Sequence[JobResult], now: Callable[[], float], around: Around) -> None:
        with _no_matter_what("not told"):
            told = [self._notice(result) for result in results if self._is_told(result)]
            for notice in told:
                code = notice.result.exit_code
                # An interrupted night is no success: whoever waits for its end is to notice that it has none.
                if code is not Exit.INTERRUPTED:
                    signal = Signal.SUCCESS if code is Exit.ALL_STARTED else Signal.FAIL
                    self._pings.call(notice.result.job, signal, subject([notice]))
            try:
                async with around.opened() as ledger:
                    await self._send(told, Notices(ledger.database), now, hurry=around.cancel.is_set)
            except LedgerError as error:
                _log.error("messages not kept", reason=str(error))
                if not self._kept:
                    messages = self._messages(told, self._channels().values())
                    await asyncio.gather(*(send_once(*message) for message in messages))
        with _no_matter_what("pings"):
            await self._pings.unheard()

    def _is_told(self, result: JobResult) -> bool:
        return not (self.taken_up_later and result.exit_code in _TOLD_ONCE)

    def _messages(self, told: Sequence[Notice], channels: Iterable[Channel]) -> Iterator[Addressed]:
        for channel in channels:
            for_it = [notice for notice in told if self._is_for(notice, channel)]
            if for_it:
                files = tuple(Path(path) for notice in for_it for path in notice.to_mend.values())
                texts = [_letters(text) for text in (subject(for_it), body(for_it), chat(for_it))]
                yield channel, Message(subject=texts[0], text=texts[1], chat=texts[2], files=files)

    async def _send(
        self, told: Sequence[Notice], notices: Notices, now: Callable[[], float], *, hurry: bool
    ) -> None:
        channels = self._channels().values()
        outbox = Outbox(notices, channels, now)

        def written(had_drafts: frozenset[int]) -> list[Addressed]:
            by_another = {job for job, night in self._drafted.items() if night not in had_drafts}
            return list(self._messages([one for one in told if one.result.job not in by_another], channels))

        self._kept = True
        await outbox.put(list(self._drafted.values()), written)
        await outbox.send(() if hurry else (PAUSES_S if self.pauses is None else self.pauses))
        for name, whys in (await self._pings.unheard()).items():
            for why in whys:
                await notices.note(f"ping of {name}", why, now())

    def _channels(self) -> dict[str, Channel]:
        return {channel.label: channel for name in self.settings.config.jobs for channel in self._of(name)}

    def _of(self, name: str) -> list[Channel]:
        if name not in self._ways:
            has_file = bool(self.settings.config.jobs[name].file)
            self._ways[name] = channels_of(self.settings, name) if has_file else []
        return self._ways[name]

    def _is_for(self, notice: Notice, channel: Channel) -> bool:
        name = notice.result.job
        if channel.label not in {each.label for each in self._of(name)}:
            return False
        try:
            config = self.settings.notify(name)
        except SettingsError:
            return True
        return config is not None and bool(notice.events & {Event(each) for each in config.when})

    def _notice(self, result: JobResult) -> Notice:
        runs = [
            step.summary for step in result.steps if step.summary.results and _has_rows_to_mend(step.summary)
        ]
        files = {run.run: Path(failed_file(run.results, run.failed)) for run in runs}
        return Notice(
            result=result,
            late=tuple(self._late.get(result.job, ())),
            to_mend={run: str(path) for run, path in files.items() if path.is_file()},
        )


def _has_rows_to_mend(summary: Summary) -> bool:
    return any(summary.counts[state] for state in TO_MEND)


@contextmanager
def _no_matter_what(what: str, **where: str) -> Iterator[None]:
    """What goes wrong in the block is a line of the log, and the night's results stand."""
    try:
        yield
    except Exception as error:  # noqa: BLE001  its rows have started, whoever hears of it
        _log.error(what, exc_info=error, **where)


def _letters(text: str) -> str:
    """The text without secrets, and without what no ledger and no mail can hold."""
    return redacted_text(text).replace("\0", "").encode("utf-8", "replace").decode()


def _late(timetable: Timetable, former: Sequence[NightRecord], now: float, late_after_s: float) -> str:
    """How late the night begins, in words; nothing where it is in time, or where it was not waited for."""
    due = timetable.last_by(now)
    known = [night.due_at for night in former if night.due_at is not None]
    if not known or max(known) >= due or now - due < late_after_s:
        return ""
    return f"it began {duration(now - due)} after it was due at {_when(due, timetable)}"


def _when(at: float, timetable: Timetable) -> str:
    return datetime.fromtimestamp(at, timetable.zone).strftime("%Y-%m-%d %H:%M")
