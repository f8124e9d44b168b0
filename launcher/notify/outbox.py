"""Messages are in the ledger before they are sent, and stay there until they arrived or are too old.

A crash between the two sends a message a second time at most: for people that is better than never.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import structlog

from launcher.ledger import Notices, Unsent
from launcher.notify.channels import Channel, Message, NotSentError

PAUSES_S = (5.0, 30.0, 60.0)
"""Between the tries of one night."""
TOO_OLD_S = 86_400.0
"""Tomorrow's message says more than yesterday's."""

_log = structlog.get_logger()


class Outbox:
    """The ledger's messages, and the ways that they go."""

    def __init__(
        self, notices: Notices, channels: Iterable[Channel], now: Callable[[], float] = time.time
    ) -> None:
        self._notices, self._now = notices, now
        self._channels: Mapping[str, Channel] = {channel.label: channel for channel in channels}

    async def put(self, channel: Channel, message: Message) -> None:
        """It is in the ledger when this returns, and goes with the next `send`."""
        files = [str(path) for path in message.files]
        await self._notices.put(
            channel.label, (message.subject, message.text, message.chat), files, self._now()
        )

    async def send(self, pauses: Sequence[float] = PAUSES_S) -> list[Unsent]:
        """What has not arrived after that, with the reason. What is left of former nights goes, too."""
        for pause_s in (*pauses, None):
            waiting = await self._notices.waiting(since=self._now() - TOO_OLD_S)
            left = [one for one in await asyncio.gather(*map(self._try, waiting)) if one]
            if not left or pause_s is None:
                break
            await asyncio.sleep(pause_s)
        return await self._notices.unsent(since=self._now() - TOO_OLD_S)

    async def _try(self, unsent: Unsent) -> bool:
        """Whether it is worth another try."""
        channel = self._channels.get(unsent.channel)
        if channel is None:
            return False  # the configuration names it no more, or another portal's night sends it
        message = Message(
            subject=unsent.subject,
            text=unsent.text,
            chat=unsent.chat,
            files=tuple(Path(file) for file in unsent.files if Path(file).is_file()),
        )
        try:
            await channel.send(message)
        except NotSentError as error:
            await self._notices.failed(unsent.id, str(error), for_good=error.for_good)
            _log.warning("message not sent", to=unsent.channel, reason=str(error))
            return not error.for_good
        await self._notices.sent(unsent.id, self._now())
        _log.info("message sent", to=unsent.channel)
        return False
