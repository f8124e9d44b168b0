"""Whoever is to know of a night is told. Its troubles change nothing of the night."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import structlog

from launcher.cli.ways_to_people import channels_of
from launcher.core.due import Past, Timetable, missed
from launcher.core.nights import JobResult
from launcher.core.notices import Event, Notice, body, chat, subject
from launcher.core.summary import Exit
from launcher.core.words import duration
from launcher.ledger import Ledger, LedgerError, NightRecord, Nights, Notices, Unsent
from launcher.nightly import NightJob, Together
from launcher.notify import (
    Channel,
    Message,
    NotSentError,
    Outbox,
    ping,
    send_once,
)
from launcher.notify.outbox import PAUSES_S
from launcher.notify.pings import Signal
from launcher.redact import redacted_text
from launcher.report.results import failed_path
from launcher.settings import Settings, SettingsError

HURRY_S = 5.0
"""What is sent just then has so long when the night is to stop; the next night sends the rest."""
SHOWN_S = 86_400.0
"""A message that could not be sent is shown for so long."""
_NIGHTS = 20
_TOLD_ONCE = (Exit.INTERRUPTED, Exit.PORTAL_IN_USE)
"""A daemon takes such a night up again; what it comes to then is told."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Around:
    """What a night tells in: the ledger, opened when it is needed, and what stops the night."""

    opened: Callable[[], AbstractAsyncContextManager[Ledger]]
    together: Together


@dataclass
class Telling:
    """What one night tells. Its troubles are told, too, and change nothing of the night."""

    settings: Settings
    taken_up_later: bool
    """Whether a night that was interrupted, or gave way, is gone on with without anybody (by a daemon)."""
    pauses: Sequence[float] | None = None
    _late: dict[str, list[str]] = field(default_factory=dict)
    _pings: dict[str, list[asyncio.Task[str]]] = field(default_factory=dict)
    """By job, the oldest first."""
    _ways: dict[str, list[Channel]] = field(default_factory=dict)
    """By job, made once: a keyring or a file may be asked for each."""
    _kept: bool = False
    """Whether the ledger was there for the messages."""

    async def begin(self, ledger: Ledger, job: NightJob, now: float) -> None:
        """A job's night is about to begin: whether it is late, and which nights there were not."""
        self._ping(job.name, Signal.START)
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

    async def tell(self, results: Sequence[JobResult], now: Callable[[], float], around: Around) -> None:
        """What is to be told has gone out when this returns, or is in the ledger with the reason why not.

        Nothing that goes wrong is raised. Once the night is to stop, it returns within HURRY_S.
        """
        telling = asyncio.create_task(self._tell(results, now, around))
        stopping = asyncio.create_task(around.together.wait())
        try:
            await asyncio.wait((telling, stopping), return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait((telling,), timeout=HURRY_S)
        finally:
            tasks = (telling, stopping, *(ping for pings in self._pings.values() for ping in pings))
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _tell(self, results: Sequence[JobResult], now: Callable[[], float], around: Around) -> None:
        with _no_matter_what("not told"):
            told = [
                self._notice(result)
                for result in results
                if not (self.taken_up_later and result.exit_code in _TOLD_ONCE)
            ]
            for notice in told:
                code = notice.result.exit_code
                # An interrupted night is no success: whoever waits for its end is to notice that it has none.
                if code is not Exit.INTERRUPTED:
                    signal = Signal.SUCCESS if code is Exit.ALL_STARTED else Signal.FAIL
                    self._ping(notice.result.job, signal, subject([notice]))
            messages = list(self._messages(told))
            try:
                async with around.opened() as ledger:
                    await self._send(messages, Notices(ledger.database), now, hurry=around.together.is_set)
            except LedgerError as error:
                _log.error("messages not kept", reason=str(error))
                if not self._kept:
                    await asyncio.gather(*(send_once(channel, message) for channel, message in messages))
        with _no_matter_what("pings"):
            await asyncio.gather(*(ping for pings in self._pings.values() for ping in pings))

    def _messages(self, told: Sequence[Notice]) -> Iterator[tuple[Channel, Message]]:
        for channel in self._channels().values():
            for_it = [notice for notice in told if self._is_for(notice, channel)]
            if for_it:
                files = tuple(Path(path) for notice in for_it for path in notice.to_mend.values())
                texts = [_letters(text) for text in (subject(for_it), body(for_it), chat(for_it))]
                yield channel, Message(subject=texts[0], text=texts[1], chat=texts[2], files=files)

    async def _send(
        self,
        messages: Sequence[tuple[Channel, Message]],
        notices: Notices,
        now: Callable[[], float],
        *,
        hurry: bool,
    ) -> None:
        outbox = Outbox(notices, self._channels().values(), now)
        self._kept = True
        for channel, message in messages:
            await outbox.put(channel, message)
        await outbox.send(() if hurry else (PAUSES_S if self.pauses is None else self.pauses))
        for name, pings in self._pings.items():
            for why in await asyncio.gather(*pings):
                if why:
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
        runs = [step.summary for step in result.steps if step.summary.results]
        files = {run.run: failed_path(Path(run.results)) for run in runs}
        return Notice(
            result=result,
            late=tuple(self._late.get(result.job, ())),
            to_mend={run: str(path) for run, path in files.items() if path.is_file()},
        )

    def _ping(self, name: str, signal: Signal, text: str = "") -> None:
        before = self._pings.setdefault(name, [])
        before.append(asyncio.create_task(self._pinged(name, signal, text, tuple(before))))

    async def _pinged(self, name: str, signal: Signal, text: str, before: Sequence[asyncio.Task[str]]) -> str:
        """Why it was not heard; nothing where it was. The one before it has come to its end by then."""
        await asyncio.gather(*before)
        try:
            address = self.settings.ping(name)
            if address.get_secret_value():
                await ping(address, signal, text)
        except (SettingsError, NotSentError) as error:
            why = str(error)
        except Exception as error:  # noqa: BLE001  as a message's: the night goes on
            # Without the traceback: its texts hold the address.
            why = f"a fault of the launcher's ({type(error).__name__})"
        else:
            return ""
        _log.warning("ping not heard", job=name, reason=why)
        return why


@contextmanager
def _no_matter_what(what: str, **where: str) -> Iterator[None]:
    """What goes wrong in the block is a line of the log, and the night's results stand."""
    try:
        yield
    except Exception as error:  # noqa: BLE001  its rows have started, whoever hears of it
        _log.error(what, exc_info=error, **where)


async def messages_not_sent(ledger: Ledger, now: float) -> list[Unsent]:
    """What nobody has been told within the last day, though somebody was to be."""
    return await Notices(ledger.database).unsent(since=now - SHOWN_S)


def not_sent_in_words(unsent: Sequence[Unsent]) -> list[str]:
    """A line for each."""
    return [
        f"not sent: {one.channel}: {one.subject}: {one.error or 'it waits for its first try'}" for one in unsent
    ]


def not_sent_as_json(unsent: Sequence[Unsent]) -> list[dict[str, object]]:
    """An entry for each."""
    return [
        {"to": one.channel, "subject": one.subject, "tries": one.tries, "error": one.error} for one in unsent
    ]


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
