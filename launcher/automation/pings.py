"""Pings of jobs: sent when a job begins and when it has ended, while the scheduled run goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from launcher.errors import DeliveryError
from launcher.log import get_logger
from launcher.notify import ping
from launcher.notify.pings import Signal
from launcher.settings import Settings, SettingsError

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
