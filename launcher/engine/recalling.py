"""A command's budget begins as full as the commands before it have left the portal's bucket."""

from __future__ import annotations

import time

from launcher.engine.asking import Asker
from launcher.engine.budget import now
from launcher.ledger import Ledger


async def recall(ledger: Ledger, asker: Asker) -> None:
    """What this ledger's runs of late have sent to the asker's portal counts in its budget.

    Their questions are in no ledger: room is kept for a few of them, not for many.
    """
    rate = asker.budget.rate
    if not rate.recalls:
        return
    since = time.time() - rate.recalls_s
    answered = await ledger.answered_since(asker.portal, since, most=rate.recalls)
    on_wall, in_loop = time.time(), now()
    # One without an answer may still be on its way.
    rate.earlier([in_loop if at is None else in_loop - (on_wall - at) for at in answered], in_loop)
