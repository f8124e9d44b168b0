"""What may leave: no secret, and nothing that a terminal would obey.

`visible`: all that is written to stdout or stderr for a person passes through here. Files and JSON documents
are data.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

MARK = "[secret]"
_SHORTEST = 6
"""A shorter text would be found by chance in what is no secret."""

_TOKEN = 8
"""Shorter parts of an address are words."""
_HOSTED = ("http", "https", "json", "jsons", "form", "forms", "xml", "xmls", "mailto", "mailtos")
"""Schemes whose addresses begin with a host; elsewhere a token may stand in its place."""

_known: set[str] = set()

_NAMES = r"access_token|refresh_token|client_secret|(?<![A-Za-z])auth"
_SECRET_NAME = re.compile(rf"(?:{_NAMES}|authorization)", re.IGNORECASE)
_PATTERNS = (
    # The webhook's own; `abc123` is the example in our messages.
    (re.compile(r"(/rest/\d+/)(?!abc123\b)[^/\s\"'?#]+"), rf"\1{MARK}"),
    (re.compile(rf"((?:{_NAMES})[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;}}]{{6,}}", re.IGNORECASE), rf"\1{MARK}"),
    (re.compile(r"([?&]code=)[^\s\"'&]+"), rf"\1{MARK}"),
    (
        re.compile(r"(authorization[\"']?\s*[=:]\s*[\"']?(?:\w+\s+)?)[^\s\"',;}]+", re.IGNORECASE),
        rf"\1{MARK}",
    ),
    # A password in a URL, which may hold an @ itself.
    (re.compile(r"(\w://[^/\s:]*:)[^/\s]*(@)"), rf"\1{MARK}\2"),
)


def register(secret: str) -> None:
    """From now on that text is replaced wherever it would be written."""
    if len(secret) >= _SHORTEST:
        _known.add(secret)


def register_parts(address: str) -> None:
    """Hide an address that is a secret, and each part of it that may be a token; its host stays readable."""
    register(address)
    scheme, _, rest = address.partition("://")
    host, _, path = rest.partition("/")
    parts = re.split(r"[/?&=]", path if scheme in _HOSTED else rest)
    if "@" in host:
        parts += re.split(r"[:@]", host)[:-1]
    for part in parts:
        if len(part) >= _TOKEN:
            register(part)


def redacted(value: object) -> object:
    """The value with every secret in it replaced: in texts, maps and lists, and in what an object prints."""
    match value:
        case str():
            return redacted_text(value)
        case bool() | int() | float() | None:
            return value
        case Mapping():
            return {
                redacted_text(str(key)): MARK if _SECRET_NAME.fullmatch(str(key)) else redacted(inner)
                for key, inner in value.items()
            }
        case list() | tuple() | set() | frozenset():
            return [redacted(inner) for inner in value]
        case bytes():
            return redacted_text(value.decode("utf-8", "replace"))
        case _:
            return redacted_text(repr(value))


def redacted_text(text: str) -> str:
    """The text with every secret in it replaced."""
    text = without_known(text)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def without_known(text: str) -> str:
    """The text with the secrets that were registered replaced, and nothing else."""
    for secret in sorted(_known, key=len, reverse=True):  # one may be the beginning of another
        if secret in text:
            text = text.replace(secret, MARK)
    return text


_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Control characters (C0 but for tab and newline, DEL, C1), and what breaks lines or turns them around."""


def visible(text: str) -> str:
    r"""Return the text with such characters as `\x1b`; its tabs and newlines stay."""
    return _OBEYED.sub(_escaped, text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    r"""Return the same with newlines as `\n`, so that what others wrote cannot stand as a line of ours."""
    return visible(text).replace("\n", "\\n")


def visible_json(document: str) -> str:
    """Return the JSON document with such characters escaped as JSON escapes them: it says the same."""
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", document)


def _escaped(found: re.Match[str]) -> str:
    number = ord(found[0])
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"
