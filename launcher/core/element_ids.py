"""A document's ID as people write it: a number, an ID with its prefix, or a link out of the browser."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from launcher.core.documents import KINDS, Kind
from launcher.errors import RowError

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
        raise RowError("blank ID", "the ID is blank")
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
            raise RowError("other kind", f'"{_shown(cell)}" is not the ID of a {kind.name}')
    raise RowError("bad ID", f'"{_shown(cell)}" is not an ID: a whole number above 0 is expected')


def _linked(kind: Kind, link: str, hosts: Collection[str]) -> str:
    try:
        parts = urlsplit(link)
        host = (parts.hostname or "") + (f":{parts.port}" if parts.port not in (None, 80, 443) else "")
    except ValueError:
        raise RowError("bad ID", f'"{_shown(link)}" is no link to a {kind.name}') from None
    if host and hosts and host not in hosts:
        raise RowError("other portal", f'"{_shown(link)}" is on {host}, not on {min(hosts)}')
    page = next((found for pattern in _PAGES if (found := pattern.fullmatch(parts.path))), None)
    if page is None:
        raise RowError("bad ID", f'"{_shown(link)}" is no link to a {kind.name}')
    named = page["kind"]
    linked = _BY_PAGE.get(named) or (f"dynamic:{named}" if named.isdigit() else named)
    if linked != kind.name:
        raise RowError("other kind", f'"{_shown(link)}" is a link to a {linked}, not to a {kind.name}')
    return page["number"]


def _shown(cell: str, longest: int = 60) -> str:
    one_line = " ".join(cell.split())
    return one_line if len(one_line) <= longest else one_line[: longest - 1] + "…"
