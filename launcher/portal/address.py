"""Where a portal is, and which hosts a secret may go to when it has moved: in doubt none."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from launcher.errors import InputError

_CLOUD = re.compile(
    r"[a-z0-9-]+\.bitrix24\.(?:com|eu|de|fr|it|es|pl|ru|by|kz|ua|in|cn|jp|uk|id|vn|mx|co|com\.br|com\.tr)"
)
"""Portals in Bitrix24's own cloud, by its regional sites. Not `bitrix24.*`: anybody may register the rest."""

_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")

_SHARED = frozenset({
    "amazonaws.com", "appspot.com", "azurewebsites.net", "azure.com", "beget.tech", "cloudapp.net",
    "cloudfront.net", "cloudns.net", "ddns.net", "digitaloceanspaces.com", "duckdns.org", "dynalias.com",
    "dyndns.org", "dynu.com", "dynu.net", "elasticbeanstalk.com", "firebaseapp.com", "fly.dev",
    "freeddns.org", "github.io", "gitlab.io", "googleusercontent.com", "hopto.org", "herokuapp.com",
    "keenetic.link", "keenetic.name", "keenetic.pro", "myds.me", "myftp.org", "myqnapcloud.com",
    "netcraze.io", "netcraze.link", "netcraze.pro", "netlify.app", "ngrok.app", "ngrok.io", "no-ip.biz",
    "no-ip.info", "no-ip.org", "pages.dev", "pp.ru", "pp.ua", "render.com", "servebeer.com",
    "servehttp.com", "synology.me", "sytes.net", "trycloudflare.com", "ts.net", "vercel.app", "web.app",
    "workers.dev", "zapto.org", "bitrix24.site", "bitrix24shop.com", "bitrix24.shop", "b24.site", "msk.ru",
    "spb.ru", "nov.ru", "msk.su", "spb.su", "kiev.ua", "kyiv.ua", "kharkov.ua", "lviv.ua", "odessa.ua",
    "dp.ua",
})  # fmt: skip
"""Names under which strangers are neighbours. Not complete, and it need not be: it stands beside a rule that
refuses most such names by their shape, and only a portal that has the secret already can redirect."""

_REGISTRIES = frozenset({
    "ac", "academy", "ad", "adm", "asso", "biz", "co", "com", "edu", "firm", "gen", "go", "gob", "gos",
    "gov", "gouv", "govt", "gub", "ind", "inf", "info", "int", "k12", "lg", "ltd", "me", "mil", "muni",
    "name", "ne", "net", "nhs", "nic", "nom", "ns", "or", "org", "plc", "police", "pp", "press", "pro",
    "pub", "sch", "school", "store", "tm", "tv", "web", "www",
})  # fmt: skip
"""Second labels under which a registry sells names, as in `company.co.uk`."""


def may_follow(own: str, to: str) -> bool:
    """Whether a secret of `own` may go to the host `to` over TLS: the same host, another portal of Bitrix24's
    cloud for one that is there, or a host that differs in its first label only, in a domain of one's own."""
    if own == to:
        return True
    if _CLOUD.fullmatch(own) is not None:
        return _CLOUD.fullmatch(to) is not None
    return _are_neighbours(own, to)


def _are_neighbours(own: str, to: str) -> bool:
    own_first, _, own_parent = own.partition(".")
    first, _, parent = to.partition(".")
    if own_parent != parent or not all(map(_LABEL.fullmatch, (own_first, first))):
        return False
    return _is_of_one_owner(parent)


def _is_of_one_owner(domain: str) -> bool:
    labels = domain.split(".")
    if len(labels) < 2 or not all(map(_LABEL.fullmatch, labels)) or labels[-1].isdigit():
        return False
    if any(".".join(labels[start:]) in _SHARED for start in range(len(labels))):
        return False
    # `co.uk` and its like: sold by a registry, or as short as those are.
    return len(labels) > 2 or not (labels[0] in _REGISTRIES or (len(labels[0]) <= 3 and len(labels[1]) == 2))


def is_loopback(host: str) -> bool:
    """Whether that host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


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

        `allowed`: hosts, or hosts with a port, that the person allows besides those of `may_follow`.
        """
        try:
            parts = urlsplit(location)
            to = _address_of(parts)
        except ValueError:
            return None
        if not parts.hostname or parts.username or parts.scheme not in ("https", "http"):
            return None
        return to if to != self and self._may_follow(to, allowed) else None

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
        raise AddressError("portal-address-too-long", address_example=ADDRESS_EXAMPLE)
    return address_in(parts, "the portal's address", allow_http=allow_http)


ADDRESS_EXAMPLE = "it looks like https://company.bitrix24.com"


def split(text: str, what: str, example: str) -> SplitResult:
    """The parts of an address with a scheme and a host that can be one. Raises AddressError."""
    try:
        parts = urlsplit(text.strip())
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise AddressError("address-unreadable", what=what, example=example) from None
    if host and not _HOST.fullmatch(host):
        raise AddressError("host-impossible", what=what, example=example)
    if parts.scheme not in ("https", "http") or not host:
        raise AddressError("not-https", what=what, example=example)
    return parts


def address_in(parts: SplitResult, what: str, *, allow_http: bool) -> Address:
    """The address in those parts. Raises AddressError where the secret could be read on the way there."""
    address = _address_of(parts)
    if address.is_readable_on_the_way and not allow_http:
        raise AddressError("plain-http", what=what, host=address.host)
    return address


def _address_of(parts: SplitResult) -> Address:
    """Raises ValueError if the port is none."""
    host = (parts.hostname or "").lower()
    shown = f"[{host}]" if ":" in host else host
    usual = 443 if parts.scheme == "https" else 80
    return Address(shown if parts.port in (None, usual) else f"{shown}:{parts.port}", parts.scheme)
