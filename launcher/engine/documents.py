"""Asks the portal about the documents of a file: which exist, and on which two workflows run already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from launcher.core.batch import MAX_COMMANDS, encode_call, parts
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
    by_type: dict[int, dict[str, Document]] = {}
    for document in documents:
        kind, number = kind_of_document(document)
        if kind is not None and kind.type_id:
            by_type.setdefault(kind.type_id, {})[number] = document
    pages = [(type_id, page) for type_id, numbered in by_type.items() for page in parts(list(numbered), PAGE)]
    missing: set[Document] = set()
    for some in parts(pages):
        commands = {
            f"d{index}": encode_call(
                "crm.item.list", {"entityTypeId": type_id, "select": ["id"], "filter": {"@id": page}}
            )
            for index, (type_id, page) in enumerate(some)
        }
        results, _ = await client.ask_all(commands)
        for key, (type_id, page) in zip(commands, some, strict=True):
            listed = _listed(results.get(key))
            if listed is None:
                return None
            missing.update(by_type[type_id][number] for number in page if number not in listed)
    return missing


async def busy_documents(client: PortalClient, entity: str) -> set[str] | None:
    """The IDs of the CRM documents of that entity on which as many workflows run as the cloud allows.

    None where more run than can be listed in good time, or the portal does not tell. Raises PortalError.
    """
    running: Counter[str] = Counter()
    offsets, asked = [0], 0
    while some := offsets[asked : asked + MAX_COMMANDS]:
        commands = {
            f"w{offset}": encode_call(
                "bizproc.workflow.instances",
                {"SELECT": ["ID", "DOCUMENT_ID"], "FILTER": {"ENTITY": entity}, "start": offset},
            )
            for offset in some
        }
        results, totals = await client.ask_all(commands)
        for key in commands:
            found = results.get(key)
            if not isinstance(found, list):
                return None
            running.update(str(item.get("DOCUMENT_ID")) for item in found if isinstance(item, Mapping))
        total = totals.get("w0") if not asked else None
        if isinstance(total, int):
            if total > MOST_RUNNING:
                return None
            offsets += range(PAGE, total, PAGE)
        asked += len(some)
    return {document for document, count in running.items() if count >= WORKFLOWS_AT_ONCE}


def _listed(result: object) -> set[str] | None:
    items = result.get("items") if isinstance(result, Mapping) else None
    if not isinstance(items, list):
        return None
    return {str(item.get("id")) for item in items if isinstance(item, Mapping)}
