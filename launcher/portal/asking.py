"""The question that is asked before anything else. Questions start nothing."""

from __future__ import annotations

from dataclasses import dataclass

from launcher.core.answers import NoAnswer, answer_of
from launcher.errors import PortalError
from launcher.portal.client import Portal


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose access it is that the portal is called with."""

    user_id: str
    name: str
    is_administrator: bool


async def owner_of(portal: Portal) -> Owner:
    """Asks the portal who it is that calls; changes nothing there. Raises PortalError."""
    answer = answer_of(await portal.call("profile", {}))
    if isinstance(answer, NoAnswer):
        raise PortalError(f"{portal.name}: {answer.text}", refused=answer.refused)
    result = answer["result"]
    if not isinstance(result, dict):
        raise PortalError(f"{portal.name}: the portal's answer cannot be understood")
    name = " ".join(str(result[key]) for key in ("NAME", "LAST_NAME") if result.get(key))
    return Owner(str(result.get("ID", "")), name or "nameless", result.get("ADMIN") in (True, "Y", "1", 1))
