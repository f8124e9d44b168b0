"""Yes and no, and the choices of a list."""

from __future__ import annotations

from collections.abc import Mapping

from launcher.core.words import nearest, quoted
from launcher.errors import RowError

_YES = "y yes true on 1 + да истина так tak ja wahr oui vrai si sí sì sim x ✓ ✔"
_NO = "n no false off 0 - нет ложь ні nie nein falsch non faux não nao"
_FLAGS = {**dict.fromkeys(_YES.split(), "Y"), **dict.fromkeys(_NO.split(), "N")}

_SHOWN_OPTIONS = 12


def read_bool(text: str) -> str:
    """Y or N."""
    try:
        return _FLAGS[text.strip().casefold()]
    except KeyError:
        raise RowError("bad yes or no", f"{quoted(text)} is neither yes nor no: Y or N is expected") from None


def read_select(text: str, options: Mapping[str, str]) -> str:
    """The option's key, of its key or of its title; case and spaces count only where they must."""
    wanted = text.strip()
    if wanted in options:
        return wanted
    for same in (str, _folded):
        keys = [key for key, title in options.items() if same(title) == same(wanted)]
        keys = keys or [key for key in options if same(key) == same(wanted)]
        if len(keys) == 1:
            return keys[0]
        if keys:
            raise RowError(
                "unclear option", f"{quoted(text)} names several options: say a key, {', '.join(keys)}"
            )
    titles = [f"{title} ({key})" if title != key else key for key, title in options.items()]
    more = ", …" if len(titles) > _SHOWN_OPTIONS else ""
    near = nearest(wanted, [*options, *options.values()])
    raise RowError(
        "bad option", f"{quoted(text)} is no option{near}; there are {', '.join(titles[:_SHOWN_OPTIONS])}{more}"
    )


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()
