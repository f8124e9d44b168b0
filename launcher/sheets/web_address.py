"""A table's address in the web: what may be shown of it, and where it may be fetched from."""

from __future__ import annotations

import base64
import ipaddress
import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Self
from urllib.parse import SplitResult, parse_qsl, unquote, urljoin, urlsplit

from launcher.redact import redacted_text, register
from launcher.sheets.model import SheetError

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_NO_NAME = re.compile(r"[^\w .()-]")
_LONGEST_NAME = 100
_TOKEN_CHARS = 12
"""A shorter value of a query is a word or a number that may stand in any text; hiding it would spoil that."""


def is_address(text: str) -> bool:
    """Whether the text names something in the web and no file. `C:\\leads.csv` is a file."""
    return _SCHEME.match(text) is not None


@dataclass(frozen=True, slots=True)
class WebAddress:
    """An address that a table may be fetched from. Neither its repr nor `shown` holds a secret."""

    shown: str
    """As it stands in messages and in the ledger: without user and password, the query as `?…`."""
    name: str
    """The path's last part, as the name of a file."""
    host: str
    is_loopback: bool
    url: str = field(repr=False)
    """What to ask for: without user and password. It may hold a secret: keep it nowhere."""
    login: str = field(repr=False, default="")
    """The value of an Authorization header; empty where the address has no user."""

    def __str__(self) -> str:
        return self.shown

    def after(self, location: str) -> Self | None:
        """Where a redirect leads; None where it must not be followed: to another host, or out of TLS."""
        try:
            there = urlsplit(urljoin(self.url, location))
            here = urlsplit(self.url)
            same = (there.scheme, there.hostname, there.port) == (here.scheme, here.hostname, here.port)
        except ValueError:
            return None
        if not same or there.username is not None:
            return None
        _hide_query(there.query)
        return type(self)(
            self.shown, self.name, self.host, self.is_loopback, there._replace(fragment="").geturl(), self.login
        )


def parse_address(text: str) -> WebAddress:
    """The address in the text. Its secrets are known to `redact` when this returns. Raises SheetError."""
    parts, port = _split(text.strip())
    host = (parts.hostname or "").lower()
    login = ""
    if parts.username is not None:
        user, password = unquote(parts.username), unquote(parts.password or "")
        login = f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"
        for secret in (parts.password or "", password, login.removeprefix("Basic ")):
            register(secret)
    _hide_query(parts.query)
    loopback = _is_loopback(host)
    if parts.scheme == "http" and not loopback:
        raise SheetError(
            f"{host}: http:// can be read and changed by anybody on the way; write https://, or download the "
            "file and name it."
        )
    if parts.scheme not in ("https", "http") or not host:
        raise SheetError(
            "of addresses, only those that begin with https:// are read. Download the file and name it."
        )
    place = f"[{host}]" if ":" in host else host
    place += f":{port}" if port is not None else ""
    clean = parts._replace(netloc=place, fragment="")
    shown = redacted_text(clean._replace(query="").geturl()) + ("?…" if parts.query else "")
    return WebAddress(shown, _file_name(clean.path, host), place, loopback, clean.geturl(), login)


def _split(text: str) -> tuple[SplitResult, int | None]:
    try:
        text.encode()
        parts = urlsplit(text)
        return parts, parts.port
    except ValueError:
        raise SheetError("the address cannot be read; it looks like https://example.com/leads.csv") from None


def _file_name(path: str, host: str) -> str:
    last = _NO_NAME.sub("_", unquote(PurePosixPath(path).name))[-_LONGEST_NAME:].strip(" .")
    return last or _NO_NAME.sub("_", host) or "table"


def _hide_query(query: str) -> None:
    for secret in (query, *(value for _, value in parse_qsl(query))):
        if len(secret) >= _TOKEN_CHARS:
            register(secret)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
