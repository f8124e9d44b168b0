"""The kinds of documents that a workflow runs on.

Source: official REST documentation, "bizproc.workflow.start", table of document types.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from launcher.core.model import Document
from launcher.core.words import nearest
from launcher.errors import InputError, RowError


class KindError(InputError):
    """No such kind; the text names the nearest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of document."""

    name: str
    """As people write it in config.yaml: `lead`, `dynamic:147`."""
    module: str
    entity: str
    prefix: str
    """Stands before the number in `DOCUMENT_ID`: `LEAD_`. Empty for lists and Drive."""
    document_type: str
    """The template's document type; of the lists and Drive kinds, its beginning."""
    short_code: str = ""
    """How CRM bindings name the kind: `L_777`."""
    type_id: int = 0
    """Its number in CRM's methods, `entityTypeId`; 0 beside CRM."""
    words: tuple[str, ...] = ()
    """What people call it beside its name, in a heading or a cell; small letters."""

    def document(self, number: str) -> Document:
        """The document with that element number."""
        return Document(self.module, self.entity, self.prefix + number)


_CRM = "Bitrix\\Crm\\Integration\\BizProc\\Document\\"

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            name="lead", module="crm", entity="CCrmDocumentLead", prefix="LEAD_",
            document_type="LEAD", short_code="L",
            type_id=1, words=("лид", "лида"),
        ),
        Kind(
            name="deal", module="crm", entity="CCrmDocumentDeal", prefix="DEAL_",
            document_type="DEAL", short_code="D",
            type_id=2, words=("сделка", "сделки"),
        ),
        Kind(
            name="contact", module="crm", entity="CCrmDocumentContact", prefix="CONTACT_",
            document_type="CONTACT", short_code="C",
            type_id=3, words=("контакт", "контакта"),
        ),
        Kind(
            name="company", module="crm", entity="CCrmDocumentCompany", prefix="COMPANY_",
            document_type="COMPANY", short_code="CO",
            type_id=4, words=("компания", "компании"),
        ),
        Kind(
            name="quote", module="crm", entity=_CRM + "Quote", prefix="QUOTE_",
            document_type="QUOTE", short_code="Q",
            type_id=7, words=("estimate", "предложение", "предложения"),
        ),
        Kind(
            name="smart-invoice", module="crm", entity=_CRM + "SmartInvoice", prefix="SMART_INVOICE_",
            document_type="SMART_INVOICE", short_code="SI",
            type_id=31, words=("invoice", "счёт", "счет", "счёта", "счета"),
        ),
        Kind(
            name="drive-file", module="disk", entity="Bitrix\\Disk\\BizProcDocument", prefix="",
            document_type="STORAGE_",
            words=("file", "файл", "файла"),
        ),
        Kind(
            name="feed-process", module="lists", entity="BizprocDocument", prefix="",
            document_type="iblock_",
            words=("process", "процесс", "процесса"),
        ),
        Kind(
            name="list-element", module="lists", entity="Bitrix\\Lists\\BizprocDocumentLists", prefix="",
            document_type="iblock_",
            words=("element", "элемент", "элемента"),
        ),
    )
}  # fmt: skip
"""All kinds but smart processes, which carry their type's number: `dynamic:147`."""

_BY_WORD = {word: kind for kind in KINDS.values() for word in kind.words}

_DYNAMIC = re.compile(r"dynamic[:_]0*([1-9]\d{0,8})", re.IGNORECASE | re.ASCII)


def kind_named(name: str) -> Kind:
    """The kind that people call so, case aside. Raises KindError."""
    wanted = " ".join(name.split()).lower().replace("_", "-").replace(" ", "-")
    if found_kind := KINDS.get(wanted) or _BY_WORD.get(wanted):
        return found_kind
    if found := _DYNAMIC.fullmatch(name.strip()):
        number = int(found[1])
        return Kind(
            name=f"dynamic:{number}",
            module="crm",
            entity=_CRM + "Dynamic",
            prefix=f"DYNAMIC_{number}_",
            document_type=f"DYNAMIC_{number}",
            short_code=f"T{number:x}",
            type_id=number,
        )
    raise KindError("no-such-kind", name=name, nearest=nearest(wanted, KINDS), kinds=", ".join(KINDS))


def kind_of_type(module: str, entity: str, document_type: str) -> Kind | None:
    """The kind of the documents of that type, or None where there is no such kind."""
    if found := _DYNAMIC.fullmatch(document_type):
        smart_process = kind_named(f"dynamic:{found[1]}")
        return smart_process if (module, entity) == (smart_process.module, smart_process.entity) else None
    return next((kind for kind in KINDS.values() if (kind.module, kind.entity) == (module, entity)), None)


def kind_of_document(document: Document) -> tuple[Kind | None, str]:
    """The document's kind and its element's number; None and its whole ID where there is no such kind."""
    prefix, _, number = document.element_id.rpartition("_")
    kind = kind_of_type(document.module, document.entity, prefix or document.element_id)
    return kind, number if kind is not None else document.element_id


_NUMBER = re.compile(r"0*([1-9]\d{0,18})(?:\.0+)?", re.ASCII)
_PREFIXED = re.compile(r"([A-Za-z][A-Za-z0-9_]*?)_(\d{1,19})", re.ASCII)
_LINK = re.compile(r"(?:https?:/)?/\S+", re.IGNORECASE)

_PAGES = tuple(
    re.compile(path + r"/0*(?P<number>[1-9]\d{0,18})/?", re.ASCII)
    for path in (
        r".*/crm/(?P<kind>lead|deal|contact|company|quote)/(?:details|show|edit)",
        r".*/type/0*(?P<kind>[1-9]\d{0,8})/details",
        r".*/(?P<kind>lists|processes)/\d+/element/\d+",
    )
)
"""Paths of the portal's own pages of one element, as its users see them in their browsers."""

_BY_PAGE = {str(kind.type_id): kind.name for kind in KINDS.values() if kind.type_id} | {
    "lists": "list-element",
    "processes": "feed-process",
}
"""Kinds whose pages are called otherwise than the kinds: by the number of the type, or by the list's place."""


def element_number(kind: Kind, text: str, hosts: Collection[str] = ()) -> str:
    """The element's number in a cell: of `777`, ` 777 `, `777.0`, `LEAD_777`, `L_777` and the link to the
    lead's page it is `777`.

    `hosts` are the portal's own: a link to another one is no ID here. Raises RowError where the cell is
    blank, holds something else, or points to another kind or portal.
    """
    cell = text.strip()
    if not cell:
        raise RowError("blank ID", "id-blank")
    if found := _NUMBER.fullmatch(cell):
        return found[1]
    if _LINK.fullmatch(cell):
        return _linked(kind, cell, hosts)
    if found := _PREFIXED.fullmatch(cell):
        prefix, number = found[1].upper(), found[2].lstrip("0")
        own = {kind.prefix.rstrip("_").upper(), kind.short_code.upper()} - {""}
        if prefix in own and number:
            return number
        if prefix not in own:
            raise RowError("other kind", "id-of-another-kind", shown=_shown(cell), name=kind.name)
    raise RowError("bad ID", "id-not-a-number", shown=_shown(cell))


def _linked(kind: Kind, link: str, hosts: Collection[str]) -> str:
    try:
        parts = urlsplit(link)
        host = (parts.hostname or "") + (f":{parts.port}" if parts.port not in (None, 80, 443) else "")
    except ValueError:
        raise RowError("bad ID", "no-link-to-kind", shown=_shown(link), name=kind.name) from None
    if host and hosts and host not in hosts:
        raise RowError("other portal", "link-to-another-portal", shown=_shown(link), host=host, min=min(hosts))
    page = next((found for pattern in _PAGES if (found := pattern.fullmatch(parts.path))), None)
    if page is None:
        raise RowError("bad ID", "no-link-to-kind", shown=_shown(link), name=kind.name)
    named = page["kind"]
    linked = _BY_PAGE.get(named) or (f"dynamic:{named}" if named.isdigit() else named)
    if linked != kind.name:
        raise RowError("other kind", "link-to-another-kind", shown=_shown(link), linked=linked, name=kind.name)
    return page["number"]


def _shown(cell: str, longest: int = 60) -> str:
    one_line = " ".join(cell.split())
    return one_line if len(one_line) <= longest else one_line[: longest - 1] + "…"
