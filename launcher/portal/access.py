"""All that it takes to call a portal: where it is, what it is called with, whose certificates are believed."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, Self

from launcher.core.answers import Blocked, NotSent, Response
from launcher.portal.address import Address, AddressError, address_in, split
from launcher.redact import register


def trusted(ca_file: Path | None) -> ssl.SSLContext:
    """What TLS is verified with; it is verified always. Raises AddressError where `ca_file` cannot be used."""
    context = ssl.create_default_context()
    if ca_file is None:
        return context
    try:
        context.load_verify_locations(cafile=ca_file)
    except ssl.SSLError:
        raise AddressError("ca-file-empty", ca_file=ca_file) from None
    except OSError as error:
        raise AddressError("ca-file-unreadable", ca_file=ca_file, strerror=error.strerror) from None
    return context


@dataclass(frozen=True, slots=True)
class Hidden:
    """A text that does not print itself."""

    value: str

    def __repr__(self) -> str:
        return "[secret]"


@dataclass(frozen=True, slots=True)
class Signature:
    """What one request carries: hold it, compare it, print it nowhere."""

    path: Hidden
    """What stands before the method's name in the URL, from the first slash on."""
    token: Hidden = Hidden("")
    """What goes into the body's `auth`; empty where the path says all."""

    def fields(self) -> dict[str, str]:
        """What is added to the body."""
        return {"auth": self.token.value} if self.token.value else {}


class Authorisation(Protocol):
    """How a portal is called: as whom, and what to do when that runs out."""

    def signature(self) -> Signature:
        """What the next request carries."""
        ...

    async def renew(self, spent: Signature, refused: Response) -> Response | NotSent | Blocked | None:
        """None when a request that was refused because `spent` had expired may be sent again, signed anew;
        else what the call comes to. The refusal proves that nothing was started."""
        ...

    async def settled(self) -> None:
        """No renewal is under way when this returns."""
        ...


@dataclass(frozen=True, slots=True)
class Webhook:
    """An incoming webhook: good until somebody deletes it."""

    _path: Hidden

    def signature(self) -> Signature:
        """Always the same."""
        return Signature(self._path)

    async def renew(self, spent: Signature, refused: Response) -> Response:  # noqa: ARG002
        """Nothing to renew: the portal's refusal stands."""
        return refused

    async def settled(self) -> None:
        """Always."""


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


def parse_webhook(text: str, *, allow_http: bool = False) -> Access:
    """The access that an incoming webhook's URL gives, with or without a method behind it.

    The secret is known to `redact` when this returns. Raises AddressError.
    """
    found = _PATH.fullmatch(_path_of(text))
    if found is not None:
        register(found["secret"])
    parts = split(text, _WHAT, _EXAMPLE)
    if found is None or parts.query or parts.fragment or parts.username:
        raise AddressError("not-an-incoming-webhook", lower=(parts.hostname or "").lower(), example=_EXAMPLE)
    address = address_in(parts, _WHAT, allow_http=allow_http)
    return Access(address, Webhook(Hidden(f"/rest/{found['user']}/{found['secret']}/")))


def _path_of(text: str) -> str:
    """What follows the host; whatever the rest is like, a secret in it is recognised."""
    _, _, rest = text.strip().partition("://")
    _, slash, path = rest.partition("/")
    return (slash + path).partition("?")[0].partition("#")[0]
