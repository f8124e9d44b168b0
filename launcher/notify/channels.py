"""A way to somebody. Its errors hold no secret."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from launcher.redact import redacted_text

SEND_WITHIN_S = 30.0


class NotSentError(Exception):
    """The message did not get through; the text says why. `for_good`: another try changes nothing."""

    def __init__(self, text: str, *, for_good: bool = False) -> None:
        # What a portal or a server says may quote what it was called with.
        super().__init__(redacted_text(text))
        self.for_good = for_good


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is told."""

    subject: str
    text: str
    chat: str
    """The same, shorter, for a chat."""
    files: tuple[Path, ...] = ()
    """To attach, where the way takes files."""


class Channel(Protocol):
    """Where a message goes."""

    @property
    def label(self) -> str:
        """What the ledger and people know it by; the same for the same place, and without secrets."""

    async def send(self, message: Message) -> None:
        """It has been taken when this returns. Raises NotSentError."""
