"""One try to send one message. However it fails, a DeliveryError says so: no night ends by its telling."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future

from launcher.errors import DeliveryError
from launcher.log import get_logger
from launcher.notify.channels import Channel, Message

DELIVER_WITHIN_S = 120.0
"""For all of it; each channel knows how long it waits for a single answer."""

_log = get_logger()


async def deliver(channel: Channel, message: Message) -> None:
    """The channel has taken the message when this returns. Raises DeliveryError, and nothing else."""
    try:
        async with asyncio.timeout(DELIVER_WITHIN_S):
            await channel.send(message)
    except DeliveryError:
        raise
    except TimeoutError:
        raise DeliveryError(f"not taken within {DELIVER_WITHIN_S:.0f} seconds") from None
    except Exception as error:  # noqa: BLE001  libraries of others, and what they raise; the night goes on
        _log.error("message broken off", to=channel.label, exc_info=error)
        raise DeliveryError(f"a fault of the launcher's ({type(error).__name__}); see its log") from None


async def in_own_thread(work: Callable[[], None]) -> None:
    """As asyncio.to_thread, but once this is cancelled nobody waits for the work, nor does the process."""
    done: Future[None] = Future()

    def carried_out() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001  it is raised where it is awaited
            done.set_exception(error)
        else:
            done.set_result(None)

    done.set_running_or_notify_cancel()
    threading.Thread(target=carried_out, name="mail", daemon=True).start()
    await asyncio.wrap_future(done)
