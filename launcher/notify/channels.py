"""A notification channel, one attempt to send on it, and pings. However it fails, its error holds no secret."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol, TypeVar

import aiohttp
from pydantic import SecretStr

from launcher import __version__
from launcher.errors import DeliveryError
from launcher.log import get_logger
from launcher.portal.access import Access
from launcher.settings import NotifyConfig

SEND_WITHIN_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """What the recipients get."""

    subject: str
    text: str
    chat: str
    """The same, shorter, for a chat."""
    files: tuple[Path, ...] = ()
    """To attach, if the channel takes files."""


class Channel(Protocol):
    """Where a message goes."""

    @property
    def label(self) -> str:
        """What the ledger and people know it by; the same for the same place, and without secrets."""

    async def send(self, message: Notification) -> None:
        """It has been taken when this returns. Raises DeliveryError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """What a kind of channel makes its channels of."""

    config: NotifyConfig
    job: str
    """Whose own `notify:` it is; empty where it is that of all jobs."""
    access: Callable[[], Access]
    """That of the job's portal. Raises SettingsError, AddressError, TokensError."""


DELIVER_WITHIN_S = 120.0
"""For all of it; each channel knows how long it waits for a single answer."""

_log = get_logger()


async def deliver(channel: Channel, message: Notification) -> None:
    """The channel has taken the message when this returns. Raises DeliveryError, and nothing else."""
    try:
        async with asyncio.timeout(DELIVER_WITHIN_S):
            await channel.send(message)
    except DeliveryError:
        raise
    except TimeoutError:
        raise DeliveryError("delivery-timed-out", deliver_within_s=DELIVER_WITHIN_S) from None
    except Exception as error:  # noqa: BLE001  libraries of others, and what they raise; the scheduled run goes on
        _log.error("message broken off", to=channel.label, exc_info=error)
        raise DeliveryError("launcher-fault", name=type(error).__name__) from None


Result = TypeVar("Result")


async def in_own_thread(work: Callable[[], Result]) -> Result:
    """As asyncio.to_thread, but once this is cancelled nobody waits for the work, nor does the process."""
    done: Future[Result] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001  it is raised where it is awaited
            done.set_exception(error)

    done.set_running_or_notify_cancel()
    threading.Thread(target=run, name="mail", daemon=True).start()
    return await asyncio.wrap_future(done)


PING_WITHIN_S = 10.0
_TRIES = 3
_BODY_LETTERS = 10_000


class Signal(StrEnum):
    """What a ping says, and what is put behind the address for it."""

    START = "/start"
    SUCCESS = ""
    FAIL = "/fail"


async def ping(address: SecretStr, signal: Signal, text: str = "") -> None:
    """The service has heard it when this returns. Raises DeliveryError, without the address."""
    url, query, rest = address.get_secret_value().partition("?")
    timeout = aiohttp.ClientTimeout(total=PING_WITHIN_S)
    why = ""
    async with aiohttp.ClientSession(
        timeout=timeout, trust_env=True, headers={"User-Agent": f"bizproc-launcher/{__version__}"}
    ) as session:
        for _ in range(_TRIES):
            try:
                where = url.rstrip("/") + signal.value + query + rest
                async with session.post(where, data=text[:_BODY_LETTERS].encode()) as answer:
                    if answer.status < 400:
                        return
                    why = f"status {answer.status}"
                    if answer.status < 500 and answer.status != 429:
                        break
            # Not their texts: these hold the whole address.
            except aiohttp.ClientConnectorError:
                why = "no connection to it came about"
            except (aiohttp.InvalidURL, ValueError):
                why = "its address cannot be one"
            except TimeoutError:
                why = f"no answer within {PING_WITHIN_S:.0f} seconds"
            except aiohttp.ClientError:
                why = "its answer was lost"
    raise DeliveryError("ping-refused", reason=why)
