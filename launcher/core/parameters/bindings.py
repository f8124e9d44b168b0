"""Bindings to CRM elements: `D_1`, `C_2`, `L_3`, `CO_4`, `T93_5`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from launcher.core.documents import KINDS, Kind, kind_named
from launcher.core.words import quoted
from launcher.errors import RowError

_BINDING = re.compile(r"(?:([A-Za-z][A-Za-z0-9_]*?)[_:])?0*([1-9]\d{0,18})(?:\.0+)?", re.ASCII)
_SHORT_DYNAMIC = re.compile(r"T([0-9a-f]{2,7})", re.IGNORECASE | re.ASCII)
_LONG_DYNAMIC = re.compile(r"DYNAMIC_\d+", re.IGNORECASE | re.ASCII)

_BY_CODE: dict[str, Kind] = {
    code: kind for kind in KINDS.values() if kind.short_code for code in (kind.short_code, kind.document_type)
}


def read_binding(text: str, options: Mapping[str, str] | None) -> str:
    """The element with its kind's short code. `options`: document type → Y where the parameter takes that kind.

    A number alone is enough where the parameter takes one kind only.
    """
    taken = [name.upper() for name, flag in (options or {}).items() if flag.upper() in ("Y", "1")]
    taken = [name for name in taken if _kind(name) is not None]
    found = _BINDING.fullmatch(text.strip())
    if found is None:
        raise RowError("bad binding", f"{quoted(text)} is not a CRM element: L_777 or the like is expected")
    code = found[1] or (taken[0] if len(taken) == 1 else "")
    kind = _kind(code)
    if not code or kind is None:
        wanted = " or ".join(f"{_code(name)}_{found[2]}" for name in taken) or f"L_{found[2]} or the like"
        raise RowError(
            "bad binding", f"{quoted(text)} does not say which kind of element; {wanted} is expected"
        )
    if taken and kind.document_type not in taken:
        raise RowError("other kind", f"{quoted(text)} is a {kind.name}, which this parameter does not take")
    return f"{kind.short_code}_{found[2]}"


def _kind(code: str) -> Kind | None:
    """The kind of a short code or of a document type."""
    if found := _SHORT_DYNAMIC.fullmatch(code):
        return kind_named(f"dynamic:{int(found[1], 16)}") if int(found[1], 16) else None
    if _LONG_DYNAMIC.fullmatch(code):
        return kind_named(code)
    return _BY_CODE.get(code.upper())


def _code(document_type: str) -> str:
    kind = _kind(document_type)
    return "" if kind is None else kind.short_code
