"""Whoever is to know of a night is told: what the configuration says becomes ways to people."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import structlog

from launcher.cli.access import access_of
from launcher.core.due import Past, Timetable, missed
from launcher.core.nights import JobResult
from launcher.core.notices import Event, Notice, body, chat, subject
from launcher.core.summary import Exit
from launcher.core.words import duration
from launcher.ledger import Ledger, NightRecord, Nights, Notices, Unsent
from launcher.nightly import NightJob
from launcher.notify import (
    AppriseChannel,
    Channel,
    ChatChannel,
    EmailChannel,
    Message,
    NotSentError,
    Outbox,
    ping,
)
from launcher.notify.outbox import PAUSES_S
from launcher.notify.pings import Signal
from launcher.portal import AddressError
from launcher.portal.tokens import TokensError
from launcher.report.results import failed_path
from launcher.settings import NotifyConfig, Settings, SettingsError

SHOWN_S = 86_400.0
"""A message that could not be sent is shown for so long."""
_NIGHTS = 20
_TOLD_ONCE = (Exit.INTERRUPTED, Exit.PORTAL_IN_USE)
"""A daemon takes such a night up again; what it comes to then is told."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Broken:
    """Stands for ways that the configuration names and does not say."""

    label: str
    why: str

    async def send(self, message: Message) -> None:  # noqa: ARG002  as every channel
        raise NotSentError(self.why, for_good=True)


def channels_of(settings: Settings, name: str) -> list[Channel]:
    """All ways on which somebody is told of that job; one that cannot be used says so when it is."""
    try:
        config = settings.notify(name)
        return [] if config is None else list(_channels(settings, name, config))
    except SettingsError as error:
        return [_Broken(f"notify: of {name}", str(error))]


def _channels(settings: Settings, name: str, config: NotifyConfig) -> Iterator[Channel]:
    if config.email is not None:
        yield EmailChannel(config.email)
    if config.users:
        try:
            access = access_of(settings.portal(settings.config.jobs[name].portal))
            yield ChatChannel(access, config.users)
        except (SettingsError, AddressError, TokensError) as error:
            yield _Broken(f"users of {name}", str(error))
    for number, address in enumerate(config.apprise, 1):
        yield AppriseChannel(address, number)


@dataclass
class Telling:
    """What one night tells. Its troubles are told, too, and change nothing of the night."""

    settings: Settings
    taken_up_later: bool
    """Whether a night that was interrupted, or gave way, is gone on with without anybody (by a daemon)."""
    pauses: Sequence[float] | None = None
    _late: dict[str, list[str]] = field(default_factory=dict)
    _pings: list[asyncio.Task[tuple[str, str]]] = field(default_factory=list)

    async def begin(self, ledger: Ledger, job: NightJob, now: float) -> None:
        """A job's night is about to begin: whether it is late, and which nights there were not."""
        self._ping(job.name, Signal.START)
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

    async def tell(self, ledger: Ledger, results: Sequence[JobResult], now: float, *, hurry: bool) -> None:
        """What is to be told has gone out when this returns, or is in the ledger with the reason why not."""
        told = [
            self._notice(result)
            for result in results
            if not (self.taken_up_later and result.exit_code in _TOLD_ONCE)
        ]
        for notice in told:
            failed = notice.result.exit_code not in (Exit.ALL_STARTED, Exit.INTERRUPTED)
            self._ping(notice.result.job, Signal.FAIL if failed else Signal.SUCCESS, subject([notice]))
        notices = Notices(ledger.database)
        channels = {channel.label: channel for name in self.settings.config.jobs for channel in self._of(name)}
        outbox = Outbox(notices, channels.values(), lambda: now)
        for channel in channels.values():
            for_it = [notice for notice in told if self._is_for(notice, channel)]
            if for_it:
                files = tuple(Path(path) for notice in for_it for path in notice.to_mend.values())
                message = Message(subject=subject(for_it), text=body(for_it), chat=chat(for_it), files=files)
                await outbox.put(channel, message)
        pauses = () if hurry else (PAUSES_S if self.pauses is None else self.pauses)
        await outbox.send(pauses)
        for label, why in await asyncio.gather(*self._pings):
            if why:
                await notices.note(label, why, now)

    def _of(self, name: str) -> list[Channel]:
        return channels_of(self.settings, name) if self.settings.config.jobs[name].file else []

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
        self._pings.append(asyncio.create_task(self._pinged(name, signal, text)))

    async def _pinged(self, name: str, signal: Signal, text: str) -> tuple[str, str]:
        """The ping's name, and why it was not heard; nothing where it was."""
        label = f"ping of {name}"
        try:
            address = self.settings.ping(name)
            if address.get_secret_value():
                await ping(address, signal, text)
        except (SettingsError, NotSentError) as error:
            _log.warning("ping not heard", job=name, reason=str(error))
            return label, str(error)
        return label, ""


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


def _late(timetable: Timetable, former: Sequence[NightRecord], now: float, late_after_s: float) -> str:
    """How late the night begins, in words; nothing where it is in time, or where it was not waited for."""
    due = timetable.last_by(now)
    known = [night.due_at for night in former if night.due_at is not None]
    if not known or max(known) >= due or now - due < late_after_s:
        return ""
    return f"it began {duration(now - due)} after it was due at {_when(due, timetable)}"


def _when(at: float, timetable: Timetable) -> str:
    return datetime.fromtimestamp(at, timetable.zone).strftime("%Y-%m-%d %H:%M")
