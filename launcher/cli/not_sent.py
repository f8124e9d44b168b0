"""Messages that nobody has got, as they are shown."""

from __future__ import annotations

from collections.abc import Sequence

from launcher.ledger import Ledger, Notices, Unsent

SHOWN_S = 86_400.0
"""A message that could not be sent is shown for so long."""


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
