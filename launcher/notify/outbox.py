"""Messages are in the ledger before they are sent, and stay there until they arrived or are too old.

A crash between the two sends a message a second time at most: for people that is better than never.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path

from launcher.errors import DeliveryError
from launcher.ledger import LedgerError
from launcher.ledger.notices import Notices, QueuedMessage, UnsentMessage
from launcher.log import get_logger
from launcher.notify.channels import DELIVER_WITHIN_S, Channel, Notification, deliver

PAUSES_S = (5.0, 30.0, 60.0)
"""Between the tries of one scheduled run."""
TOO_OLD_S = 86_400.0
"""Tomorrow's message says more than yesterday's."""
TAKEN_S = DELIVER_WITHIN_S + 60.0
"""Nobody else tries a message for so long; whoever took it has ended by then, or was killed."""

Envelope = tuple[Channel, Notification]
"""A message, and the channel that it goes through."""

_log = get_logger()


class Outbox:
    """The ledger's messages, and the channels that they go through."""

    def __init__(
        self, notices: Notices, channels: Iterable[Channel], now: Callable[[], float] = time.time
    ) -> None:
        self._notices, self._now = notices, now
        self._channels: Mapping[str, Channel] = {channel.label: channel for channel in channels}

    async def put(self, of: Collection[int], written: Callable[[frozenset[int]], Sequence[Envelope]]) -> None:
        """They are in the ledger when this returns, in place of the drafts of those runs, and go with `send`.

        `written` is given which of these had their drafts still. If the ledger does not take the messages, as
        on a full disk, they go at once, and once only.
        """
        try:
            await self._notices.put(of, lambda had: [queued(*each) for each in written(had)], self._now())
        except LedgerError as error:
            _log.error("messages not kept", reason=str(error))
            await asyncio.gather(*(send_once(*each) for each in written(frozenset(of))))

    async def send(self, pauses: Sequence[float] = PAUSES_S) -> None:
        """What could be sent has arrived when this returns. What is left of former runs goes, too."""
        for pause_s in (*pauses, None):
            waiting: dict[str, list[UnsentMessage]] = {}
            for unsent in await self._notices.waiting(since=self._now() - TOO_OLD_S):
                waiting.setdefault(unsent.channel, []).append(unsent)
            if not any(await asyncio.gather(*map(self._round, waiting.values()))) or pause_s is None:
                break
            await asyncio.sleep(pause_s)

    async def unsent(self) -> list[UnsentMessage]:
        """What has not arrived, with the reason."""
        return await self._notices.unsent(since=self._now() - TOO_OLD_S)

    async def _round(self, waiting: Sequence[UnsentMessage]) -> bool:
        """Try the messages of one channel, until one does not get through; whether that is worth another try.

        The newest first: it says most. One after another: after a day without its server, many wait for one.
        """
        for unsent in reversed(waiting):
            if await self._try(unsent):
                return True
        return False

    async def _try(self, unsent: UnsentMessage) -> bool:
        """Whether it is worth another try."""
        channel = self._channels.get(unsent.channel)
        if channel is None:
            return False  # the configuration names it no more, or another portal's run sends it
        try:
            now = self._now()
            # Not taken: another run that ends at the same time sends it.
            return await self._notices.take(unsent.id, now, until=now + TAKEN_S) and not await self._settled(
                channel, unsent
            )
        except LedgerError as error:
            _log.error("not kept what became of a message", to=unsent.channel, reason=str(error))
            return False

    async def _settled(self, channel: Channel, unsent: UnsentMessage) -> bool:
        """Whether it has arrived or never will, as the ledger knows when this returns."""
        message = Notification(
            subject=unsent.subject,
            text=unsent.text,
            chat=unsent.chat,
            files=tuple(Path(file) for file in unsent.files if Path(file).is_file()),
        )
        try:
            await deliver(channel, message)
        except DeliveryError as error:
            # Kept before it is logged: whoever ends the run at that line ends it with the message free again.
            await self._notices.failed(unsent.id, str(error), permanent=error.permanent)
            _log.warning("message not sent", to=unsent.channel, reason=str(error))
            return error.permanent
        await self._notices.sent(unsent.id, self._now())
        _log.info("message sent", to=unsent.channel)
        return True


def queued(channel: Channel, message: Notification) -> QueuedMessage:
    """Return the message as the ledger keeps it."""
    return QueuedMessage(
        channel=channel.label,
        subject=message.subject,
        text=message.text,
        chat=message.chat,
        files=tuple(str(path) for path in message.files),
    )


async def send_once(channel: Channel, message: Notification) -> None:
    """One try without a ledger; the log says what came of it."""
    try:
        await deliver(channel, message)
    except DeliveryError as error:
        _log.warning("message not sent", to=channel.label, reason=str(error))
    else:
        _log.info("message sent", to=channel.label)
