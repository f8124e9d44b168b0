"""A job's ping: is called when its night begins and when it has ended, while the night goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import structlog

from launcher.errors import DeliveryError
from launcher.notify import ping
from launcher.notify.pings import Signal
from launcher.settings import Settings, SettingsError

_log = structlog.get_logger()


class NightPings:
    """The calls of one night. None of their troubles is raised."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._calls: dict[str, list[asyncio.Task[str]]] = {}
        """By job, the oldest first."""

    def call(self, name: str, signal: Signal, text: str = "") -> None:
        """Call it, once the job's calls before have come to their end."""
        before = self._calls.setdefault(name, [])
        before.append(asyncio.create_task(self._called(name, signal, text, tuple(before))))

    @property
    def tasks(self) -> list[asyncio.Task[str]]:
        """All calls."""
        return [call for calls in self._calls.values() for call in calls]

    async def unheard(self) -> Mapping[str, Sequence[str]]:
        """By job, why calls were not heard; all of them have ended when this returns."""
        return {
            name: [why for why in await asyncio.gather(*calls) if why] for name, calls in self._calls.items()
        }

    async def _called(self, name: str, signal: Signal, text: str, before: Sequence[asyncio.Task[str]]) -> str:
        """Why it was not heard; nothing where it was."""
        await asyncio.gather(*before)
        try:
            address = self._settings.ping(name)
            if address.get_secret_value():
                await ping(address, signal, text)
        except (SettingsError, DeliveryError) as error:
            why = str(error)
        except Exception as error:  # noqa: BLE001  as a message's: the night goes on
            # Without the traceback: its texts hold the address.
            why = f"a fault of the launcher's ({type(error).__name__})"
        else:
            return ""
        _log.warning("ping not heard", job=name, reason=why)
        return why
