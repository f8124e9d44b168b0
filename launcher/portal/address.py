"""A portal's address: where it is. What it is called with stands in authorisation.py."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from launcher.errors import InputError
from launcher.portal.hosts import is_loopback, may_follow


class AddressError(InputError):
    """The text is no portal's address, or a secret must not go there; holds nothing of the secret."""


_HOST = re.compile(r"[a-z0-9_.-]+|[0-9a-f:.]+|[^\x00-\x7f\s]+[^\s]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Address:
    """A portal's address."""

    portal: str
    """The portal's name in the ledger and in messages: its host in lower case, with a port other than 443."""
    scheme: str = "https"

    @property
    def host(self) -> str:
        """The host alone, without a port."""
        return urlsplit(f"//{self.portal}").hostname or ""

    @property
    def is_loopback(self) -> bool:
        """Whether the portal is on this machine."""
        return is_loopback(self.host)

    @property
    def is_readable_on_the_way(self) -> bool:
        """Whether the secret goes over a network without TLS."""
        return self.scheme != "https" and not self.is_loopback

    def __str__(self) -> str:
        return f"{self.scheme}://{self.portal}"

    def moved_to(self, location: str, allowed: AbstractSet[str] = frozenset()) -> Address | None:
        """The portal's new address, as a redirect names it; None where the secret must not go there.

        `allowed`: hosts, or hosts with a port, that the person allows besides those of the rule in hosts.py.
        """
        try:
            parts = urlsplit(location)
            host, port = (parts.hostname or "").lower(), parts.port
        except ValueError:
            return None
        if not host or parts.username or parts.scheme not in ("https", "http"):
            return None
        to = Address(_place(host, port, parts), parts.scheme)
        if to == self or not self._may_follow(to, allowed):
            return None
        return to

    def _may_follow(self, to: Address, allowed: AbstractSet[str]) -> bool:
        if self.scheme == "http" and self.is_loopback:
            return to.is_loopback
        if to.scheme != "https":
            return False
        if self.is_loopback and to.is_loopback:
            return True
        return {to.host, to.portal} & allowed != set() or may_follow(self.host, to.host)


def parse_address(text: str, *, allow_http: bool = False) -> Address:
    """The portal's address as a person writes it: `https://company.bitrix24.com`, or its host alone.

    Raises AddressError.
    """
    text = text.strip()
    parts = split(text if "://" in text else f"https://{text}", "the portal's address", ADDRESS_EXAMPLE)
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username:
        raise AddressError(f"the portal's address has more in it than a host; {ADDRESS_EXAMPLE}")
    return address_in(parts, "the portal's address", allow_http=allow_http)


ADDRESS_EXAMPLE = "it looks like https://company.bitrix24.com"


def split(text: str, what: str, example: str) -> SplitResult:
    """The parts of an address with a scheme and a host that can be one. Raises AddressError."""
    try:
        parts = urlsplit(text.strip())
        host, _ = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise AddressError(f"{what} cannot be read; {example}") from None
    if host and not _HOST.fullmatch(host):
        raise AddressError(f"{what} has a host that cannot be one; {example}")
    if parts.scheme not in ("https", "http") or not host:
        raise AddressError(f"{what} does not begin with https://; {example}")
    return parts


def address_in(parts: SplitResult, what: str, *, allow_http: bool) -> Address:
    """The address in those parts. Raises AddressError where the secret could be read on the way there."""
    host = (parts.hostname or "").lower()
    address = Address(_place(host, parts.port, parts), parts.scheme)
    if address.is_readable_on_the_way and not allow_http:
        raise AddressError(
            f"{what} of {host} begins with http://, which anybody on the way can read; write https://, or, "
            f"where the portal has none, allow_http: true under portal:"
        )
    return address


def _place(host: str, port: int | None, parts: SplitResult) -> str:
    shown = f"[{host}]" if ":" in host else host
    usual = 443 if parts.scheme == "https" else 80
    return shown if port in (None, usual) else f"{shown}:{port}"
