"""crm.item.list and crm.type.list, profile, user.get, user.current and im.notify.system.add."""

from __future__ import annotations

from typing import Any

from launcher.simulator import documents, errors, php
from launcher.simulator.errors import PortalError
from launcher.simulator.methods import Call, Reply, page


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
        raise errors.unknown_entity_type()
    rules = {str(name).lower(): value for name, value in php.items(call.params.get("FILTER"))}
    settings = call.state.settings

    def exists(number: int) -> bool:
        return documents.exists(entity_type_id, number, settings)

    asked = [rules[name] for name in ("@id", "id", "=id") if name in rules]
    if asked:
        named = asked[0] if isinstance(asked[0], dict | list) else [asked[0]]
        numbers = sorted({php.integer(value) for _, value in php.items(named)})
        reply = page(list(filter(exists, numbers)), call.offset)
    else:
        # A range: millions of elements are not counted through.
        after = max(0, php.integer(rules.get(">id", 0)))
        reply = page(range(after + 1, settings.documents + 1), call.offset)
    reply.result = {"items": [_item(entity_type_id, number) for number in filter(exists, reply.result)]}
    return reply


def _item(entity_type_id: int, number: int) -> dict[str, Any]:
    return {
        "id": number,
        "title": f"Element {number}",
        "entityTypeId": entity_type_id,
        "createdTime": "2026-02-14T10:05:00+03:00",
        "assignedById": 1,
    }


_NAMES = (("Vera", "Orlova"), ("Pavel", "Dudin"), ("Ines", "Calder"), ("Tomas", "Wrede"), ("Олег", "Снегов"))


def _user(number: int, first: str, last: str) -> dict[str, Any]:
    return {
        "ID": str(number),
        "XML_ID": None,
        "ACTIVE": number != 4,
        "NAME": first,
        "LAST_NAME": last,
        "EMAIL": f"user{number}@portal.example",
        "PERSONAL_GENDER": "F" if number in (1, 3) else "M",
        "WORK_POSITION": "",
        "USER_TYPE": "employee",
    }


USERS = [_user(number, *names) for number, names in enumerate(_NAMES, start=1)]
"""The portal's people; number 4 has left the company (ACTIVE false)."""


def _current(call: Call) -> dict[str, Any]:
    number = str(call.state.settings.user_id)
    return next((u for u in USERS if u["ID"] == number), {**USERS[0], "ID": number})


def profile(call: Call) -> Reply:
    """Tell who calls, and whether it is an administrator."""
    user = _current(call)
    names = {name: user[name] for name in ("NAME", "LAST_NAME", "PERSONAL_GENDER")}
    offset = int(call.state.settings.utc_offset_hours * 3600)
    zone = {"TIME_ZONE": "", "TIME_ZONE_OFFSET": offset}
    return Reply({"ID": user["ID"], "ADMIN": call.state.settings.admin, **names, **zone})


def user_current(call: Call) -> Reply:
    """Tell who calls, as user.get shows people."""
    return Reply(_current(call))


def user_get(call: Call) -> Reply:
    """Find people by ID, EMAIL, NAME_SEARCH and ACTIVE, given in FILTER or beside it."""
    rules = {**call.params, **php.upper_keys(call.params.get("FILTER"))}
    return page([user for user in USERS if _fits(user, rules)], call.offset)


def _fits(user: dict[str, Any], rules: dict[Any, Any]) -> bool:
    words = str(rules.get("NAME_SEARCH", "")).lower().split()
    name = f"{user['NAME']} {user['LAST_NAME']}".lower()
    numbers = [str(each) for _, each in php.items(rules.get("ID"))] or [str(rules.get("ID", user["ID"]))]
    active = rules.get("ACTIVE")
    return (
        all(word in name for word in words)
        and str(rules.get("EMAIL", user["EMAIL"])).lower() == user["EMAIL"]
        and user["ID"] in numbers
        and (active is None or (php.truth(active) and active != "N") == user["ACTIVE"])
    )


def notify(call: Call) -> Reply:
    """Put a message into a person's notifications; they are kept in order."""
    if not php.truth(call.params.get("USER_ID")):
        raise PortalError(400, "USER_ID_EMPTY", "User ID can't be empty")
    if not php.truth(call.params.get("MESSAGE")):
        raise PortalError(400, "MESSAGE_EMPTY", "Message can't be empty")
    call.state.notifications.append(
        {
            "user_id": php.integer(call.params["USER_ID"]),
            "message": str(call.params["MESSAGE"]),
            "tag": str(call.params.get("TAG", "")),
        }
    )
    return Reply(len(call.state.notifications))
