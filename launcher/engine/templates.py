"""What the portal says of its workflow templates, and of what their parameters depend on."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from zoneinfo import ZoneInfo

from launcher.core.parameters import offset_of
from launcher.core.templates import SELECTED, Template, template_of
from launcher.engine.asking import Asker
from launcher.errors import PortalError


async def list_templates(asker: Asker) -> list[Template]:
    """All templates of the portal, by their ID. Raises PortalError."""
    body: dict[str, object] = {"SELECT": SELECTED, "ORDER": {"ID": "ASC"}}
    return [found async for found in _templates(asker, body)]


async def template_with_id(asker: Asker, template_id: int) -> Template | None:
    """The template with that ID, or None where the portal lists none. Raises PortalError."""
    body: dict[str, object] = {"SELECT": SELECTED, "FILTER": {"ID": template_id}}
    # A portal that ignored the filter would give all of them.
    return next((each for each in [f async for f in _templates(asker, body)] if each.id == template_id), None)


async def smart_process_names(asker: Asker) -> dict[str, str]:
    """The names of the smart processes by their kind, `dynamic:147`; none where the portal does not tell."""
    try:
        result = (await asker.ask("crm.type.list", {}))["result"]
    except PortalError:
        return {}
    types = result.get("types") if isinstance(result, dict) else None
    return {
        f"dynamic:{each['entityTypeId']}": str(each.get("title", ""))
        for each in (types if isinstance(types, list) else [])
        if isinstance(each, dict) and "entityTypeId" in each
    }


async def portal_offset(asker: Asker, time_zone: str = "") -> str:
    """How far the portal's clock is from Greenwich: `+03:00`. Raises PortalError, also where that time zone is
    not the portal's."""
    now = (await asker.ask("server.time", {}))["result"]
    offset = offset_of(now) if isinstance(now, str) else ""
    if not offset:
        raise PortalError(f"{asker.portal}: the portal's time cannot be understood")
    if time_zone:
        there = dt.datetime.fromisoformat(str(now)).astimezone(ZoneInfo(time_zone)).isoformat()
        if offset_of(there) != offset:
            raise PortalError(
                f"{asker.portal}: the portal's clock is at {offset}, and time_zone: {time_zone} is at "
                f"{offset_of(there)} now; say the portal's own time zone"
            )
    return offset


async def _templates(asker: Asker, body: dict[str, object]) -> AsyncIterator[Template]:
    start: object = 0
    while isinstance(start, int):
        answer = await asker.ask("bizproc.workflow.template.list", {**body, "start": start})
        result = answer["result"]
        for item in result if isinstance(result, list) else []:
            if (template := template_of(item)) is not None:
                yield template
        following = answer.get("next")
        start = following if isinstance(following, int) and following > start else None
