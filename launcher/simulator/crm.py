"""crm.item.list and crm.type.list: which documents exist, and which smart processes there are."""

from typing import Any

from . import documents, php
from .methods import PAGE, Call, Reply, page
from .settings import Settings


def type_list(call: Call) -> Reply:
    """Name the smart processes."""
    types = [
        {"id": number, "title": title, "code": "", "entityTypeId": entity_type_id, "isAutomationEnabled": "Y"}
        for number, (entity_type_id, title) in enumerate(documents.SMART_PROCESSES.items(), start=1)
    ]
    reply = page(types, call.offset)
    reply.result = {"types": reply.result}
    return reply


def item_list(call: Call) -> Reply:
    """List elements of one CRM type, all or those whose IDs the filter names; missing ones are not listed."""
    entity_type_id = php.integer(call.params.get("ENTITYTYPEID"))
    if not documents.known_type(entity_type_id):
        raise documents.unknown_entity_type()
    rules = {str(name).lower(): value for name, value in php.items(call.params.get("FILTER"))}
    settings = call.state.settings
    asked = [rules[name] for name in ("@id", "id", "=id") if name in rules]
    if asked:
        numbers = _existing(entity_type_id, asked[0], settings)
        reply = page(numbers, call.offset)
    else:
        reply = _all(entity_type_id, php.integer(rules.get(">id", 0)), call)
    reply.result = {"items": [_item(entity_type_id, number) for number in reply.result]}
    return reply


def _existing(entity_type_id: int, asked: Any, settings: Settings) -> list[int]:
    values = [each for _, each in php.items(asked)] if isinstance(asked, dict | list) else [asked]
    numbers = sorted({php.integer(value) for value in values})
    return [number for number in numbers if documents.exists(entity_type_id, number, settings)]


def _all(entity_type_id: int, after: int, call: Call) -> Reply:
    """Return one page of a type's elements without counting through millions of them."""
    settings = call.state.settings
    after = max(0, after)
    first = after + 1 + max(0, call.offset)
    numbers = range(first, min(first + PAGE, settings.documents + 1))
    shown = [number for number in numbers if documents.exists(entity_type_id, number, settings)]
    if call.offset < 0:
        return Reply(shown)
    total = max(0, settings.documents - after)
    following = call.offset + PAGE
    return Reply(shown, total=total, next=following if following < total else None)


def _item(entity_type_id: int, number: int) -> dict[str, Any]:
    return {
        "id": number,
        "title": f"Element {number}",
        "entityTypeId": entity_type_id,
        "createdTime": "2026-02-14T10:05:00+03:00",
        "assignedById": 1,
    }
