"""Numbers, yes and no, the choices of a list, and bindings to CRM elements, as people write them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from launcher.core.columns import folded
from launcher.core.documents import KINDS, Kind, kind_named
from launcher.core.words import nearest, quoted
from launcher.errors import RowError

_LARGEST = 2**63 - 1
"""PHP's own; a larger whole number becomes a fraction there."""

_SPACES = re.compile(r"(?<=\d)[\u0020\u00a0\u2009\u202f'\u2019](?=\d{3}(?!\d))")
"""What stands between groups of three digits and is never a decimal mark."""

_PLAIN = re.compile(r"[+-]?\d+", re.ASCII)
_FRACTION = re.compile(r"([+-]?)(\d*)([.,])(\d+)", re.ASCII)
_GROUPED = re.compile(
    r"([+-]?[1-9]\d{0,2})(?:(,)\d{3}(?:,\d{3})*|(\.)\d{3}(?:\.\d{3})*)(?:(?!\2)(?!\3)([.,])(\d+))?", re.ASCII
)
_SCIENTIFIC = re.compile(r"[+-]?\d(?:\.\d+)?[eE][+-]?\d{1,3}", re.ASCII)


def read_double(text: str, letter: str, decimal: str) -> str:
    """The number with a point and without groups. `decimal`: the mark that the person configured, if any."""
    number = _number(text, letter, decimal)
    if number is None:
        raise RowError("bad number", "not-a-number", quoted=quoted(text))
    return number


def read_int(text: str, letter: str, decimal: str) -> str:
    """The whole number without groups; `5.0` is one too."""
    number = _number(text, letter, decimal)
    whole, _, fraction = (number or "").partition(".")
    if number is None or fraction.strip("0") or "e" in number.lower():
        raise RowError("bad number", "not-a-whole-number", quoted=quoted(text))
    if abs(int(whole)) > _LARGEST:
        raise RowError("bad number", "number-too-large", quoted=quoted(text))
    return whole


def _number(text: str, letter: str, decimal: str) -> str | None:
    """The number as the portal reads it: as it stands where it can, else rewritten; None where it is none."""
    written = text.strip().replace("\u2212", "-")
    if letter == "n" and _SCIENTIFIC.fullmatch(written):
        return written
    written = _SPACES.sub("", written)
    if _PLAIN.fullmatch(written):
        return written.removeprefix("+")
    if letter == "n":
        decimal = "."  # so the spreadsheet's own numbers come
    if decimal:
        return _with_decimal(written, decimal)
    grouped = _GROUPED.fullmatch(written)
    if grouped and grouped[4] is None and written.count(grouped[2] or grouped[3]) == 1:
        bare, decimal = re.sub("[.,]", "", written), written.replace(",", ".")
        raise RowError("unclear number", "number-ambiguous", quoted=quoted(text), bare=bare, decimal=decimal)
    if grouped:
        return _with_decimal(written, grouped[4] or ("." if grouped[2] else ","))
    if found := _FRACTION.fullmatch(written):
        return _with_decimal(written, found[3])
    return None


def _with_decimal(written: str, decimal: str) -> str | None:
    """The number where that mark is the decimal one, and the other only stands between groups of three."""
    other = "," if decimal == "." else "."
    whole, mark, fraction = written.partition(decimal)
    sign = whole[:1] if whole[:1] in ("+", "-") else ""
    digits = whole[len(sign) :]
    if other in digits:
        if not re.fullmatch(rf"[1-9]\d{{0,2}}(?:{re.escape(other)}\d{{3}})+", digits, re.ASCII):
            return None
        digits = digits.replace(other, "")
    if (
        not re.fullmatch(r"\d*", digits + fraction, re.ASCII)
        or not (digits or fraction)
        or (mark and not fraction)
    ):
        return None
    return f"{'-' if sign == '-' else ''}{digits or '0'}{'.' + fraction if mark else ''}"


_YES = "y yes true on 1 + да истина так tak ja wahr oui vrai si sí sì sim x ✓ ✔"
_NO = "n no false off 0 - нет ложь ні nie nein falsch non faux não nao"
_FLAGS = {**dict.fromkeys(_YES.split(), "Y"), **dict.fromkeys(_NO.split(), "N")}

_SHOWN_OPTIONS = 12


def read_bool(text: str) -> str:
    """Y or N."""
    try:
        return _FLAGS[text.strip().casefold()]
    except KeyError:
        raise RowError("bad yes or no", "not-yes-or-no", quoted=quoted(text)) from None


def read_select(text: str, options: Mapping[str, str]) -> str:
    """The option's key, of its key or of its title; case and spaces count only where they must."""
    wanted = text.strip()
    if wanted in options:
        return wanted
    for same in (str, folded):
        keys = [key for key, title in options.items() if same(title) == same(wanted)]
        keys = keys or [key for key in options if same(key) == same(wanted)]
        if len(keys) == 1:
            return keys[0]
        if keys:
            raise RowError("unclear option", "option-ambiguous", quoted=quoted(text), keys=", ".join(keys))
    titles = [f"{title} ({key})" if title != key else key for key, title in options.items()]
    more = ", …" if len(titles) > _SHOWN_OPTIONS else ""
    near = nearest(wanted, [*options, *options.values()])
    raise RowError(
        "bad option",
        "no-such-option",
        quoted=quoted(text),
        near=near,
        titles=", ".join(titles[:_SHOWN_OPTIONS]),
        more=more,
    )


_BINDING = re.compile(r"(?:([A-Za-z][A-Za-z0-9_]*?)[_:])?0*([1-9]\d{0,18})(?:\.0+)?", re.ASCII)
_SHORT_DYNAMIC = re.compile(r"T([0-9a-f]{2,7})", re.IGNORECASE | re.ASCII)
_LONG_DYNAMIC = re.compile(r"DYNAMIC_0*[1-9]\d{0,8}", re.IGNORECASE | re.ASCII)

_BY_CODE: dict[str, Kind] = {
    code: kind for kind in KINDS.values() if kind.short_code for code in (kind.short_code, kind.document_type)
}


def read_binding(text: str, options: Mapping[str, str] | None) -> str:
    """The element with its kind's short code. `options`: document type → Y where the parameter takes that kind.

    A number alone is enough where the parameter takes one kind only.
    """
    flagged = [_kind(name) for name, flag in (options or {}).items() if flag.upper() in ("Y", "1")]
    taken = [kind for kind in flagged if kind is not None]
    found = _BINDING.fullmatch(text.strip())
    if found is None:
        raise RowError("bad binding", "not-a-crm-element", quoted=quoted(text))
    kind = _kind(found[1]) if found[1] else taken[0] if len(taken) == 1 else None
    if kind is None:
        wanted = " or ".join(f"{each.short_code}_{found[2]}" for each in taken) or f"L_{found[2]} or the like"
        raise RowError("bad binding", "crm-kind-missing", quoted=quoted(text), wanted=wanted)
    if taken and kind not in taken:
        raise RowError("other kind", "crm-kind-not-taken", quoted=quoted(text), name=kind.name)
    return f"{kind.short_code}_{found[2]}"


def _kind(code: str) -> Kind | None:
    """The kind of a short code or of a document type."""
    if found := _SHORT_DYNAMIC.fullmatch(code):
        return kind_named(f"dynamic:{int(found[1], 16)}") if int(found[1], 16) else None
    if _LONG_DYNAMIC.fullmatch(code):
        return kind_named(code)
    return _BY_CODE.get(code.upper())
