"""The incoming webhook's address: where the portal is, and the secret to call it with."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from launcher.redact import register


class AddressError(Exception):
    """The text is no webhook's address; says what one looks like, and holds nothing of the secret."""


_PATH = re.compile(r"/rest/(?P<user>\d+)/(?P<secret>[A-Za-z0-9_-]+)(?:/[A-Za-z0-9_.]*)?/?")
_CLOUD = re.compile(
    r"[a-z0-9-]+\.bitrix24\.(?:com|eu|de|fr|it|es|pl|ru|by|kz|ua|in|cn|jp|uk|id|vn|mx|co|com\.br|com\.tr)"
)
"""Portals in Bitrix24's own cloud, by its regional sites. Not `bitrix24.*`: anybody may register the rest."""
_HOST = re.compile(r"[a-z0-9_.-]+|[0-9a-f:.]+|[^\x00-\x7f\s]+[^\s]*", re.IGNORECASE)
_EXAMPLE = (
    "it looks like https://company.bitrix24.com/rest/1/abc123/ (made in the portal under Developer resources)"
)


@dataclass(frozen=True, slots=True)
class _Hidden:
    """A text that does not print itself."""

    value: str

    def __repr__(self) -> str:
        return "[secret]"


@dataclass(frozen=True, slots=True)
class Address:
    """A portal's address. Neither its repr nor its str holds the secret."""

    portal: str
    """The portal's name in the ledger and in messages: its host in lower case, with a port other than 443."""
    is_loopback: bool
    _base: _Hidden
    _path: _Hidden

    def url(self, method: str) -> str:
        """The URL of a method. It holds the secret: pass it on, keep it nowhere."""
        return f"{self._base.value}{self._path.value}{method}"

    def moved_to(self, location: str) -> Address | None:
        """The portal's new address, as a redirect names it; None where the secret must not go there."""
        try:
            parts = urlsplit(location)
            host, port = (parts.hostname or "").lower(), parts.port
        except ValueError:
            return None
        if not host or parts.username or not self._may_follow(parts.scheme, host):
            return None
        place = _place(host, port, parts)
        if place == self.portal and self._base.value.startswith(f"{parts.scheme}:"):
            return None  # to where it came from
        return Address(place, _is_loopback(host), _Hidden(f"{parts.scheme}://{place}"), self._path)

    def _may_follow(self, scheme: str, host: str) -> bool:
        own = urlsplit(f"//{self.portal}").hostname or ""
        if self.is_loopback:
            return _is_loopback(host) and scheme in ("http", "https")
        if scheme != "https":
            return False
        return host == own or (_CLOUD.fullmatch(own) is not None and _CLOUD.fullmatch(host) is not None)


def parse_webhook(text: str) -> Address:
    """The address in an incoming webhook's URL, with or without a method behind it.

    The secret is known to `redact` when this returns. Raises AddressError.
    """
    try:
        parts = urlsplit(text.strip())
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise AddressError(f"the webhook's address cannot be read; {_EXAMPLE}") from None
    found = _PATH.fullmatch(parts.path)
    if found is not None:
        register(found["secret"])
    if host and not _HOST.fullmatch(host):
        raise AddressError(f"the webhook's address has a host that cannot be one; {_EXAMPLE}")
    if parts.scheme not in ("https", "http") or not host:
        raise AddressError(f"the webhook's address does not begin with https://; {_EXAMPLE}")
    if found is None or parts.query or parts.fragment or parts.username:
        raise AddressError(f"the address of {host} is no incoming webhook's; {_EXAMPLE}")
    if parts.scheme == "http" and not _is_loopback(host):
        raise AddressError(
            f"the webhook's address of {host} begins with http://, which anybody on the way can read; write https://"
        )
    place = _place(host, port, parts)
    path = f"/rest/{found['user']}/{found['secret']}/"
    return Address(place, _is_loopback(host), _Hidden(f"{parts.scheme}://{place}"), _Hidden(path))


def _place(host: str, port: int | None, parts: SplitResult) -> str:
    shown = f"[{host}]" if ":" in host else host
    usual = 443 if parts.scheme == "https" else 80
    return shown if port in (None, usual) else f"{shown}:{port}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
