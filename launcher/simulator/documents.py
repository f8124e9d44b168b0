"""Documents of all ten kinds: how their IDs are written, and which exist."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from launcher.simulator import php
from launcher.simulator.errors import uncoded
from launcher.simulator.settings import Settings

DocumentId = tuple[str, str, str]
DocumentType = tuple[str, str, str]

_QUOTE = r"Bitrix\Crm\Integration\BizProc\Document\Quote"
_INVOICE = r"Bitrix\Crm\Integration\BizProc\Document\SmartInvoice"
_DYNAMIC = r"Bitrix\Crm\Integration\BizProc\Document\Dynamic"
_FILE = r"Bitrix\Disk\BizProcDocument"
_LIST = r"Bitrix\Lists\BizprocDocumentLists"

SMART_PROCESSES = {147: "Equipment requests", 128: "Contracts"}
"""entityTypeId → title. The first is the kind of template 7; both are named by crm.type.list."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of document: how its element IDs look and which document type they have."""

    module: str
    entity: str
    pattern: str
    type_of: Callable[[re.Match[str]], str]
    entity_type_id: int | None = None
    """crm.item.list's number of the kind; None where it has none (or one per smart process)."""


KINDS = (
    Kind("crm", "CCrmDocumentLead", r"(LEAD)_(\d+)", lambda m: m[1], 1),
    Kind("crm", "CCrmDocumentDeal", r"(DEAL)_(\d+)", lambda m: m[1], 2),
    Kind("crm", "CCrmDocumentContact", r"(CONTACT)_(\d+)", lambda m: m[1], 3),
    Kind("crm", "CCrmDocumentCompany", r"(COMPANY)_(\d+)", lambda m: m[1], 4),
    Kind("crm", _QUOTE, r"(QUOTE)_(\d+)", lambda m: m[1], 7),
    Kind("crm", _INVOICE, r"(SMART_INVOICE)_(\d+)", lambda m: m[1], 31),
    Kind("crm", _DYNAMIC, r"DYNAMIC_(\d+)_(\d+)", lambda m: f"DYNAMIC_{m[1]}"),
    Kind("disk", _FILE, r"()(\d+)", lambda _: "STORAGE_17"),
    Kind("lists", "BizprocDocument", r"()(\d+)", lambda _: "iblock_31"),
    Kind("lists", _LIST, r"()(\d+)", lambda _: "iblock_32"),
)
_BY_ENTITY = {(kind.module, kind.entity): kind for kind in KINDS}
_ANY_CRM_ID = re.compile(r"(?:LEAD|DEAL|CONTACT|COMPANY|QUOTE|SMART_INVOICE|DYNAMIC_\d+)_\d+")
_BY_NUMBER = {kind.entity_type_id: kind for kind in KINDS if kind.entity_type_id is not None}


def read(value: Any, settings: Settings) -> tuple[DocumentId, DocumentType]:
    """Return the document's ID and type; PortalError with the server's own text where it has none."""
    parts = value if isinstance(value, list) else [dict(php.items(value)).get(place) for place in range(3)]
    if len(parts) < 3:
        raise uncoded("Wrong DOCUMENT_ID!")
    three = (_text(parts[0]), _text(parts[1]), _text(parts[2]))
    number, document_type = _parsed(three)
    if number is None:
        raise uncoded("Wrong DOCUMENT_ID!")
    if not document_type:
        raise uncoded("Incorrect document type!")
    if not 1 <= number <= settings.documents or three[2] in settings.missing:
        raise uncoded("Wrong DOCUMENT_ID!")
    return three, (three[0], three[1], document_type)


def exists(entity_type_id: int, number: int, settings: Settings) -> bool:
    """Say whether crm.item.list would show this element."""
    return 1 <= number <= settings.documents and crm_id(entity_type_id, number) not in settings.missing


def known_type(entity_type_id: int) -> bool:
    """Say whether the portal has such a CRM type."""
    return entity_type_id in _BY_NUMBER or entity_type_id in SMART_PROCESSES


def crm_id(entity_type_id: int, number: int) -> str:
    """Return the document ID of a CRM element, such as LEAD_13."""
    kind = _BY_NUMBER.get(entity_type_id)
    if kind is None:
        return f"DYNAMIC_{entity_type_id}_{number}"
    prefix = kind.pattern[1 : kind.pattern.index(")")]
    return f"{prefix}_{number}"


def _parsed(document: DocumentId) -> tuple[int | None, str]:
    """Return the element's number (None: no such document) and its type ("": cannot be told)."""
    module, entity, element = document
    kind = _BY_ENTITY.get((module, entity))
    if kind is None:
        return None, ""
    found = re.fullmatch(kind.pattern, element, re.ASCII)
    if found:
        if entity == _DYNAMIC and int(found[1]) not in SMART_PROCESSES:
            return None, ""
        return int(found[2]), kind.type_of(found)
    if module == "crm" and _ANY_CRM_ID.fullmatch(element):
        return 1, ""
    return None, ""


def _text(value: Any) -> str:
    return "" if value is None or isinstance(value, dict | list | bool) else str(value)
