"""Whoever is notified of jobs, and whether a test message reaches them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from launcher.app.context import Context
from launcher.automation.channels import channels_of
from launcher.automation.documents import NotifyDocument, RecipientDocument
from launcher.core.summary import Exit
from launcher.errors import DeliveryError, InputError
from launcher.notify import Channel, Message, deliver, ping
from launcher.notify.pings import Signal
from launcher.settings import Settings, SettingsError

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
        raise InputError("nobody is told: there is no notify: and no ping: in the configuration")
    labels = (*channels, *(f"ping of {name}" for name in pinged))
    if not send_test:
        return Recipients(tuple(map(Recipient, labels)), is_test_sent=False)
    errors = await asyncio.gather(*map(_send, channels.values()), *(_ping(settings, name) for name in pinged))
    return Recipients(tuple(map(Recipient, labels, errors)), is_test_sent=True)


async def _send(channel: Channel) -> str:
    """Return why it did not get through; nothing if it did."""
    try:
        await deliver(channel, Message(subject=_SUBJECT, text=_TEXT + "\n", chat=f"{_SUBJECT}\n{_TEXT}"))
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
