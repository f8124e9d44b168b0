"""Asks the portal about the documents of a file: which exist, and on which two workflows run already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from launcher.core.answers import answers_of_batch
from launcher.core.batch import MAX_COMMANDS, encode_call
from launcher.core.documents import kind_of_document
from launcher.core.model import Document
from launcher.engine.portal_client import PortalClient

PAGE = 50
"""Elements and workflows that the portal lists at once. Source: official REST documentation, "List methods"."""

AT_ONCE = PAGE * MAX_COMMANDS
"""Documents that one request asks about."""

MOST_RUNNING = 10_000
"""Running workflows of one kind that are listed; more would take minutes of the portal's rate limit."""

WORKFLOWS_AT_ONCE = 2
"""On one CRM item in the cloud. Source: Bitrix24's helpdesk, "Limits of business processes"."""


async def missing_documents(client: PortalClient, documents: Sequence[Document]) -> set[Document] | None:
    """Those of the documents, at most AT_ONCE, that the portal does not list; None where it does not tell.

    Documents beside CRM are not asked about. One that whoever calls may not read counts as missing. Raises
    PortalError.
    """
    asked: dict[str, dict[str, Document]] = {}
    commands: dict[str, str] = {}
    by_type: dict[int, dict[str, Document]] = {}
    for document in documents:
        kind, number = kind_of_document(document)
        if kind is not None and kind.type_id:
            by_type.setdefault(kind.type_id, {})[number] = document
    for type_id, numbered in by_type.items():
        numbers = list(numbered)
        for first in range(0, len(numbers), PAGE):
            some = numbers[first : first + PAGE]
            key = f"d{len(commands)}"
            asked[key] = {number: numbered[number] for number in some}
            commands[key] = encode_call(
                "crm.item.list", {"entityTypeId": type_id, "select": ["id"], "filter": {"@id": some}}
            )
    missing: set[Document] = set()
    keys = list(commands)
    for first in range(0, len(keys), MAX_COMMANDS):
        batch = {key: commands[key] for key in keys[first : first + MAX_COMMANDS]}
        results, _ = answers_of_batch(await client.ask("batch", {"halt": 0, "cmd": batch}))
        for key in batch:
            listed = _listed(results.get(key))
            if listed is None:
                return None
            missing.update(document for number, document in asked[key].items() if number not in listed)
    return missing


async def busy_documents(client: PortalClient, entity: str) -> set[str] | None:
    """The IDs of the CRM documents of that entity on which as many workflows run as the cloud allows.

    None where more run than can be listed in good time, or the portal does not tell. Raises PortalError.
    """
    running: Counter[str] = Counter()
    offsets, total = [0], 0
    while offsets:
        batch = {
            f"w{offset}": encode_call(
                "bizproc.workflow.instances",
                {"SELECT": ["ID", "DOCUMENT_ID"], "FILTER": {"ENTITY": entity}, "start": offset},
            )
            for offset in offsets[:MAX_COMMANDS]
        }
        results, totals = answers_of_batch(await client.ask("batch", {"halt": 0, "cmd": batch}))
        for key in batch:
            found = results.get(key)
            if not isinstance(found, list):
                return None
            running.update(str(item.get("DOCUMENT_ID")) for item in found if isinstance(item, Mapping))
        if offsets == [0]:
            given = totals.get("w0", 0)
            total = given if isinstance(given, int) else 0
            if total > MOST_RUNNING:
                return None
            offsets = [0, *range(PAGE, total, PAGE)]
            del offsets[0]
        else:
            del offsets[:MAX_COMMANDS]
    return {document for document, count in running.items() if count >= WORKFLOWS_AT_ONCE}


def _listed(result: object) -> set[str] | None:
    items = result.get("items") if isinstance(result, Mapping) else None
    if not isinstance(items, list):
        return None
    return {str(item.get("id")) for item in items if isinstance(item, Mapping)}
