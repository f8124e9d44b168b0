"""Which hosts a secret may go to when a portal has moved. In doubt: none."""

from __future__ import annotations

import ipaddress
import re

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
