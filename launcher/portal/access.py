"""All that it takes to call one portal."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from launcher.portal.address import Address, AddressError, address_in, split
from launcher.portal.authorisation import Authorisation, Hidden, Webhook
from launcher.portal.trust import trusted
from launcher.redact import register

_PATH = re.compile(r"/rest/(?P<user>\d+)/(?P<secret>[A-Za-z0-9_-]+)(?:/[A-Za-z0-9_.]*)?/?")
_WHAT = "the webhook's address"
_EXAMPLE = (
    "it looks like https://company.bitrix24.com/rest/1/abc123/ (made in the portal under Applications > "
    "Developer resources)"
)


@dataclass(frozen=True, slots=True)
class Access:
    """Where a portal is and how it is called. Neither its repr nor its str holds a secret."""

    address: Address
    authorisation: Authorisation
    may_move_to: frozenset[str] = frozenset()
    """Hosts that the portal may redirect to, besides those that need no permission."""
    ca_file: Path | None = None
    """Certificates to trust besides the system's."""

    @property
    def portal(self) -> str:
        """The portal's name in the ledger and in messages."""
        return self.address.portal

    @property
    def is_loopback(self) -> bool:
        """Whether the portal is on this machine."""
        return self.address.is_loopback

    def at(self, address: Address) -> Self:
        """The same portal at its new address."""
        return replace(self, address=address)

    def trusted(self) -> ssl.SSLContext:
        """Whose certificates are believed. Raises AddressError where `ca_file` cannot be used."""
        return trusted(self.ca_file)


def parse_webhook(text: str, *, allow_http: bool = False) -> Access:
    """The access that an incoming webhook's URL gives, with or without a method behind it.

    The secret is known to `redact` when this returns. Raises AddressError.
    """
    found = _PATH.fullmatch(_path_of(text))
    if found is not None:
        register(found["secret"])
    parts = split(text, _WHAT, _EXAMPLE)
    if found is None or parts.query or parts.fragment or parts.username:
        raise AddressError(
            f"the address of {(parts.hostname or '').lower()} is no incoming webhook's; {_EXAMPLE}"
        )
    address = address_in(parts, _WHAT, allow_http=allow_http)
    return Access(address, Webhook(Hidden(f"/rest/{found['user']}/{found['secret']}/")))


def _path_of(text: str) -> str:
    """What follows the host; whatever the rest is like, a secret in it is recognised."""
    _, _, rest = text.strip().partition("://")
    _, slash, path = rest.partition("/")
    return (slash + path).partition("?")[0].partition("#")[0]
