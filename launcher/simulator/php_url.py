"""PHP's parse_url(), as far as a batch command needs it: a faithful port, law and source as in php.py.

Source: php-src 8.2, ext/standard/url.c.
"""

import re
from dataclasses import dataclass

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Url:
    """The two parts of a URL that a batch command is made of; None where PHP sets none."""

    path: str | None
    query: str | None


def parse_url(url: str) -> Url | None:
    """Return path and query as parse_url() does, control characters as `_`; None where it gives false."""
    colon = url.find(":")
    if colon <= 0:
        if colon == 0 and _port(url, 0):
            return None
        return _with_host(url[2:]) if url.startswith("//") else _just_path(url)
    if not re.fullmatch(r"[A-Za-z0-9+.-]+", url[:colon]):
        return _parse_after_port(url, colon)
    after = url[colon + 1 :]
    if not after:
        return Url(None, None)
    if not after.startswith("/"):
        digits = re.match(r"[0-9]*", after[:6])
        length = digits.end() if digits else 0
        if length < 6 and after[length : length + 1] in ("", "/"):
            return _parse_after_port(url, colon)
        return _just_path(after)
    if after.startswith("//"):
        if url[:colon].lower() == "file" and after.startswith("///"):
            return _just_path(after[2:])
        return _with_host(after[2:])
    return _just_path(after)


def _parse_after_port(url: str, colon: int) -> Url | None:
    """Go on where a colon may stand before a port: "host:80/path"."""
    first_mark = min((i for i in (url.find("?"), url.find("#")) if i >= 0), default=len(url))
    in_authority = colon + 1 < len(url) and colon < first_mark
    if in_authority or re.fullmatch(r"[A-Za-z0-9+.-]+", url[:colon]):
        digits = re.match(r"[0-9]{1,5}(?=/|\Z)", url[colon + 1 :])
        if digits:
            if int(digits[0]) > 65535:
                return None
            return _with_host(url.removeprefix("//"), has_port=True)
    return _with_host(url[2:]) if url.startswith("//") else _just_path(url)


def _port(url: str, colon: int) -> bool:
    digits = re.match(r"[0-9]{0,5}(?=/|\Z)", url[colon + 1 :])
    return digits is not None and (digits[0] != "" or colon + 1 == len(url))


def _with_host(text: str, *, has_port: bool = False) -> Url | None:
    end = min((i for i in (text.find(c) for c in "/?#") if i >= 0), default=len(text))
    authority = text[:end].rpartition("@")[2]
    host, colon, port = authority.rpartition(":")
    if authority.startswith("[") and authority.endswith("]"):
        host, colon = authority, ""
    if not colon:
        host = authority
    elif not has_port and port:
        number = re.match(r"[ \t\n\v\f\r]*[+-]?[0-9]+", port)
        if len(port.encode()) > 5 or number is None or not 0 <= int(number[0]) <= 65535:
            return None
    if not host:
        return None
    return Url(None, None) if end == len(text) else _just_path(text[end:])


def _just_path(text: str) -> Url:
    before = text.partition("#")[0]
    path, mark, query = before.partition("?")
    has_path = bool(path) or text == ""
    return Url(
        _CONTROL.sub("_", path) if has_path else None,
        _CONTROL.sub("_", query) if mark else None,
    )
