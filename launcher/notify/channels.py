"""A way to somebody. Its errors hold no secret."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

SEND_WITHIN_S = 30.0


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
        """It has been taken when this returns. Raises DeliveryError."""
