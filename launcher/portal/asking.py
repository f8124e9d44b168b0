"""Questions to the portal. They start nothing, so an unanswered one may be asked again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from launcher.core.answers import NoAnswer, answer_of
from launcher.core.words import nearest
from launcher.portal.client import Portal


class AskingError(Exception):
    """The portal did not answer, or not to the purpose; the text says what to do."""

    def __init__(self, text: str, *, refused: bool = False) -> None:
        super().__init__(text)
        self.refused = refused


@dataclass(frozen=True, slots=True)
class Template:
    """A workflow template of the portal."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose access it is that the portal is called with."""

    user_id: str
    name: str
    is_administrator: bool


async def owner_of(portal: Portal) -> Owner:
    """Asks the portal who it is that calls; changes nothing there. Raises AskingError."""
    result = (await _ask(portal, "profile", {}))["result"]
    if not isinstance(result, dict):
        raise AskingError(f"{portal.name}: the portal's answer cannot be understood")
    name = " ".join(str(result[key]) for key in ("NAME", "LAST_NAME") if result.get(key))
    return Owner(str(result.get("ID", "")), name or "nameless", result.get("ADMIN") in (True, "Y", "1", 1))


async def template_named(portal: Portal, name: str) -> Template:
    """The template with exactly that name. Raises AskingError where there is none, or more than one."""
    found = [template async for template in _templates(portal)]
    named = [template for template in found if template.name == name]
    if not named:
        known = ", ".join(f'"{template.name}" ({template.id})' for template in found) or "none"
        near = nearest(name, [template.name for template in found])
        raise AskingError(f'no template "{name}" on {portal.name}{near}; there are: {known}')
    if len(named) > 1:
        ids = ", ".join(str(template.id) for template in named)
        raise AskingError(f'more than one template on {portal.name} is named "{name}"; say its ID: {ids}')
    return named[0]


async def _templates(portal: Portal) -> AsyncIterator[Template]:
    start: object = 0
    while isinstance(start, int):
        body = await _ask(portal, "bizproc.workflow.template.list", {"SELECT": ["ID", "NAME"], "start": start})
        result = body["result"]
        for item in result if isinstance(result, list) else []:
            if isinstance(item, dict) and str(item.get("ID", "")).isdigit():
                yield Template(int(item["ID"]), str(item.get("NAME", "")))
        start = body.get("next")


async def _ask(portal: Portal, method: str, body: dict[str, object]) -> dict[str, object]:
    answer = answer_of(await portal.call(method, body))
    if isinstance(answer, NoAnswer):
        raise AskingError(f"{portal.name}: {answer.text}", refused=answer.refused)
    return answer
