"""Asks the portal, in one request, whether it would let a run start anything."""

from __future__ import annotations

from launcher.core.answers import answers_of_batch
from launcher.core.rights import QUESTIONS, Rights, rights_of
from launcher.engine.asking import Asker


async def ask_rights(asker: Asker) -> Rights:
    """What whoever calls may do. Raises PortalError."""
    body = await asker.ask("batch", {"halt": 0, "cmd": dict(QUESTIONS)})
    results, _ = answers_of_batch(body)
    return rights_of(results)
