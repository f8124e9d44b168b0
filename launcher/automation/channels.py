"""Notification channels of jobs as the configuration has them: recipients, test messages and pings."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from launcher.app.context import Context
from launcher.app.portals import access_of
from launcher.automation.documents import NotifyDocument, RecipientDocument
from launcher.core.summary import Exit
from launcher.errors import DeliveryError, InputError
from launcher.log import get_logger
from launcher.notify import CHANNELS, Channel, Configured, Notification, deliver, ping
from launcher.notify.channels import Signal
from launcher.portal.address import AddressError
from launcher.portal.oauth import TokensError
from launcher.settings import Settings, SettingsError


@dataclass(frozen=True, slots=True)
class _BrokenChannel:
    """Stands for channels that the configuration names and does not describe."""

    label: str
    reason: str

    async def send(self, message: Notification) -> None:  # noqa: ARG002  as every channel
        raise DeliveryError("given-text", text=self.reason, permanent=True)


def channels_of(settings: Settings, name: str) -> list[Channel]:
    """Return all channels for that job; one that cannot be used says so when it is used."""
    try:
        config = settings.notify(name)
    except SettingsError as error:
        return [_BrokenChannel(f"notify: of {name}", str(error))]
    if config is None:
        return []
    job = settings.config.jobs[name]
    by = Configured(
        config=config,
        job=name if job.notify else "",
        access=lambda: access_of(settings.portal(job.portal)),
    )
    found: list[Channel] = []
    for key, channels in CHANNELS.items():
        try:
            found += channels(by)
        except (SettingsError, AddressError, TokensError) as error:
            found.append(_BrokenChannel(f"{key} of {name}", str(error)))
    return found


_log = get_logger()


class JobPings:
    """The pings of one scheduled run. None of their failures is raised."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._calls: dict[str, list[asyncio.Task[str]]] = {}
        """By job, the oldest first."""

    def call(self, name: str, signal: Signal, text: str = "") -> None:
        """Send one, once the job's pings before have come to their end."""
        before = self._calls.setdefault(name, [])
        before.append(asyncio.create_task(self._called(name, signal, text, tuple(before))))

    @property
    def tasks(self) -> list[asyncio.Task[str]]:
        """All of them."""
        return [call for calls in self._calls.values() for call in calls]

    async def failures(self) -> Mapping[str, Sequence[str]]:
        """Wait for all of them, and return by job why some were not taken."""
        return {
            name: [reason for reason in await asyncio.gather(*calls) if reason]
            for name, calls in self._calls.items()
        }

    async def _called(self, name: str, signal: Signal, text: str, before: Sequence[asyncio.Task[str]]) -> str:
        """Return why it was not taken; nothing if it was."""
        await asyncio.gather(*before)
        try:
            address = self._settings.ping(name)
            if address.get_secret_value():
                await ping(address, signal, text)
        except (SettingsError, DeliveryError) as error:
            reason = str(error)
        except Exception as error:  # noqa: BLE001  as a message's: the scheduled run goes on
            # Without the traceback: its texts hold the address.
            reason = f"a fault of the launcher's ({type(error).__name__})"
        else:
            return ""
        _log.warning("ping not heard", job=name, reason=reason)
        return reason


_SUBJECT = "launcher: a test message"
_TEXT = "Nobody needs to do anything: somebody has tried whether messages about nights arrive here."


@dataclass(frozen=True, slots=True)
class Recipient:
    """A channel or a ping, and why the test message did not get through; empty if it did, or was not sent."""

    label: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class Recipients:
    """Whoever is notified."""

    found: tuple[Recipient, ...]
    is_test_sent: bool

    @property
    def exit_code(self) -> Exit:
        """WRONG_USAGE if a test message did not get through."""
        return Exit.WRONG_USAGE if any(one.error for one in self.found) else Exit.ALL_STARTED

    def to_dict(self) -> NotifyDocument:
        """Return the document of `--json`."""
        channels: list[RecipientDocument] = [
            {"to": one.label, "sent": self.is_test_sent and not one.error, "error": one.error}
            for one in self.found
        ]
        return {"channels": channels, "exit_code": int(self.exit_code)}


async def recipients(launcher: Context, jobs: Sequence[str] = (), *, send_test: bool = False) -> Recipients:
    """Return who is notified of these jobs, by default of all; `send_test` sends each a test message.

    Raises InputError if nobody is.
    """
    settings = launcher.settings
    for name in jobs:
        settings.job(name)
    chosen = [name for name in settings.config.jobs if not jobs or name in jobs]
    channels = {channel.label: channel for name in chosen for channel in channels_of(settings, name)}
    pinged = [name for name in chosen if settings.config.jobs[name].ping.get_secret_value()]
    if not channels and not pinged:
        raise InputError("nobody-notified")
    labels = (*channels, *(f"ping of {name}" for name in pinged))
    if not send_test:
        return Recipients(tuple(map(Recipient, labels)), is_test_sent=False)
    errors = await asyncio.gather(*map(_send, channels.values()), *(_ping(settings, name) for name in pinged))
    return Recipients(tuple(map(Recipient, labels, errors)), is_test_sent=True)


async def _send(channel: Channel) -> str:
    """Return why it did not get through; nothing if it did."""
    try:
        await deliver(channel, Notification(subject=_SUBJECT, text=_TEXT + "\n", chat=f"{_SUBJECT}\n{_TEXT}"))
    except DeliveryError as error:
        return str(error)
    return ""


async def _ping(settings: Settings, name: str) -> str:
    try:
        for signal in (Signal.START, Signal.SUCCESS):
            await ping(settings.ping(name), signal, _SUBJECT)
    except (SettingsError, DeliveryError) as error:
        return str(error)
    return ""
