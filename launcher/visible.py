"""What a terminal would obey is shown, and not sent: cells, file names and the portal's texts are anybody's.

All that is written to stdout or stderr for a person passes through here. Files and JSON documents are data.
"""

from __future__ import annotations

import re

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
