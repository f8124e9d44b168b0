"""What portals say when an item has as many workflows running as it may have: a text without a code."""

from __future__ import annotations

import re

BUSY = "item busy"
"""Our code for a start that the portal refused because two workflows run on its item; the portal gives none."""

_BUSY_TEXTS = (
    r"одновременно быть запущено не более \d+ процесс",  # Russian
    r"can be handled by \d+ processes at most",  # English
    r"maximal \d+ workflows gleichzeitig",  # German
    r"одночасно бути запущено не більше \d+ процес",  # Ukrainian
    r"obsługiwany co najwyżej przez \d+ proces",  # Polish
    r"puede ser manejado por \d+ procesos",  # Spanish
    r"gestito al massimo da \d+ processi",  # Italian
)
"""What portals say in their languages. Source: the message LIMIT_SIMULTANEOUS_PROCESSES of the portal's module
for business processes, as public copies of its language files have it; the portal refuses before it starts.
A language that is not here makes the row failed instead of deferred, and never anything worse."""

_BUSY = re.compile("|".join(_BUSY_TEXTS), re.IGNORECASE)


def is_busy(text: str) -> bool:
    """Whether the portal refused a start because its item has as many workflows running as it may have."""
    return _BUSY.search(text) is not None
