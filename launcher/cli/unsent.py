"""Messages that have not arrived, as they are shown."""

from __future__ import annotations

from collections.abc import Sequence

from launcher.ledger import Unsent


def unsent_lines(unsent: Sequence[Unsent]) -> list[str]:
    """Return a line for each."""
    return [
        f"not sent: {one.channel}: {one.subject}: {one.error or 'it waits for its first try'}" for one in unsent
    ]
