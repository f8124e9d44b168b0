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
    document_type: str
    """The template's document type; of the lists and Drive kinds, its beginning."""
    short_code: str = ""
    """How CRM bindings name the kind: `L_777`."""
    type_id: int = 0
    """Its number in CRM's methods, `entityTypeId`; 0 beside CRM."""
    words: tuple[str, ...] = ()
    """What people call it beside its name, in a heading or a cell; small letters."""

    @property
    def prefix(self) -> str:
        """What stands before the number in `DOCUMENT_ID`: `LEAD_`. Empty beside CRM."""
        return f"{self.document_type}_" if self.type_id else ""

    def document(self, number: str) -> Document:
        """Return the document with that element number."""
        return Document(self.module, self.entity, self.prefix + number)


def _crm(name: str, entity: str, document_type: str, short_code: str, type_id: int, *words: str) -> Kind:
    return Kind(
        name=name,
        module="crm",
        entity=entity,
        document_type=document_type,
        short_code=short_code,
        type_id=type_id,
        words=words,
    )


_CRM = "Bitrix\\Crm\\Integration\\BizProc\\Document\\"
_INVOICE = ("invoice", "счёт", "счет", "счёта", "счета")

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        _crm("lead", "CCrmDocumentLead", "LEAD", "L", 1, "лид", "лида"),
        _crm("deal", "CCrmDocumentDeal", "DEAL", "D", 2, "сделка", "сделки"),
        _crm("contact", "CCrmDocumentContact", "CONTACT", "C", 3, "контакт", "контакта"),
        _crm("company", "CCrmDocumentCompany", "COMPANY", "CO", 4, "компания", "компании"),
        _crm("quote", _CRM + "Quote", "QUOTE", "Q", 7, "estimate", "предложение", "предложения"),
        _crm("smart-invoice", _CRM + "SmartInvoice", "SMART_INVOICE", "SI", 31, *_INVOICE),
        Kind(
            name="drive-file",
            module="disk",
            entity="Bitrix\\Disk\\BizProcDocument",
            document_type="STORAGE_",
            words=("file", "файл", "файла"),
        ),
        Kind(
            name="feed-process",
            module="lists",
            entity="BizprocDocument",
            document_type="iblock_",
            words=("process", "процесс", "процесса"),
        ),
        Kind(
            name="list-element",
            module="lists",
            entity="Bitrix\\Lists\\BizprocDocumentLists",
            document_type="iblock_",
            words=("element", "элемент", "элемента"),
        ),
    )
}
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
        return _crm(f"dynamic:{number}", _CRM + "Dynamic", f"DYNAMIC_{number}", f"T{number:x}", number)
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
        own = {kind.prefix.removesuffix("_"), kind.short_code.upper()} - {""}
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
