"""Pings for a service that notices their absence, in the way of healthchecks.io: start, success and fail."""

from __future__ import annotations

from enum import StrEnum

import aiohttp
from pydantic import SecretStr

from launcher import __version__
from launcher.errors import DeliveryError

PING_WITHIN_S = 10.0
_TRIES = 3
_BODY_LETTERS = 10_000


class Signal(StrEnum):
    """What is told, and what is put behind the address for it."""

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
    raise DeliveryError(f"the service did not take the ping: {why}")
