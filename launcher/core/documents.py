"""The kinds of documents that a workflow runs on, and their IDs as people write them.

Source: official REST documentation, "bizproc.workflow.start", table of document types.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from launcher.core.model import Document
from launcher.core.words import nearest


class KindError(Exception):
    """No such kind; the text names the nearest."""


class ElementIdError(Exception):
    """The cell holds no usable ID for this kind; the text says why, `code` in two words."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


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
        ),
        Kind(
            name="deal", module="crm", entity="CCrmDocumentDeal", prefix="DEAL_",
            document_type="DEAL", short_code="D",
        ),
        Kind(
            name="contact", module="crm", entity="CCrmDocumentContact", prefix="CONTACT_",
            document_type="CONTACT", short_code="C",
        ),
        Kind(
            name="company", module="crm", entity="CCrmDocumentCompany", prefix="COMPANY_",
            document_type="COMPANY", short_code="CO",
        ),
        Kind(
            name="quote", module="crm", entity=_CRM + "Quote", prefix="QUOTE_",
            document_type="QUOTE", short_code="Q",
        ),
        Kind(
            name="smart-invoice", module="crm", entity=_CRM + "SmartInvoice", prefix="SMART_INVOICE_",
            document_type="SMART_INVOICE", short_code="SI",
        ),
        Kind(
            name="drive-file", module="disk", entity="Bitrix\\Disk\\BizProcDocument", prefix="",
            document_type="STORAGE_",
        ),
        Kind(
            name="feed-process", module="lists", entity="BizprocDocument", prefix="",
            document_type="iblock_",
        ),
        Kind(
            name="list-element", module="lists", entity="Bitrix\\Lists\\BizprocDocumentLists", prefix="",
            document_type="iblock_",
        ),
    )
}  # fmt: skip
"""All kinds but smart processes, which carry their type's number: `dynamic:147`."""

_DYNAMIC = re.compile(r"dynamic[:_]0*([1-9]\d{0,8})", re.IGNORECASE | re.ASCII)
_NUMBER = re.compile(r"0*([1-9]\d{0,18})(?:\.0+)?", re.ASCII)
_PREFIXED = re.compile(r"([A-Za-z][A-Za-z0-9_]*?)_(\d{1,19})", re.ASCII)


def kind_named(name: str) -> Kind:
    """The kind of that name, case aside. Raises KindError."""
    wanted = name.strip().lower().replace("_", "-")
    if wanted in KINDS:
        return KINDS[wanted]
    if found := _DYNAMIC.fullmatch(name.strip()):
        number = int(found[1])
        return Kind(
            name=f"dynamic:{number}",
            module="crm",
            entity=_CRM + "Dynamic",
            prefix=f"DYNAMIC_{number}_",
            document_type=f"DYNAMIC_{number}",
            short_code=f"T{number:x}",
        )
    raise KindError(
        f'no kind is named "{name}"{nearest(wanted, KINDS)}; '
        f"the kinds are {', '.join(KINDS)}, and dynamic:147 for the smart process of type 147"
    )


def element_number(kind: Kind, text: str) -> str:
    """The element's number in a cell: of `777`, ` 777 `, `777.0`, `LEAD_777` and `L_777` it is `777`.

    Raises ElementIdError where the cell is blank, holds something else, or points to another kind.
    """
    cell = text.strip()
    if not cell:
        raise ElementIdError("blank ID", "the ID is blank")
    if found := _NUMBER.fullmatch(cell):
        return found[1]
    if found := _PREFIXED.fullmatch(cell):
        prefix, number = found[1].upper(), found[2].lstrip("0")
        own = {kind.prefix.rstrip("_").upper(), kind.short_code.upper()} - {""}
        if prefix in own and number:
            return number
        if prefix not in own:
            raise ElementIdError("other kind", f'"{_shown(cell)}" is not the ID of a {kind.name}')
    raise ElementIdError("bad ID", f'"{_shown(cell)}" is not an ID: a whole number above 0 is expected')


def _shown(cell: str, longest: int = 40) -> str:
    one_line = " ".join(cell.split())
    return one_line if len(one_line) <= longest else one_line[: longest - 1] + "…"
