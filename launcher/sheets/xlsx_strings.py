"""The shared texts of a workbook, taken from the bytes of a part that is written as the usual programs do.

A part that is not, or is damaged, is left to the parser of XML, which takes four times as long.
"""

from __future__ import annotations

import re

MAX_BYTES = 32 << 20
"""A larger part is parsed as a stream, so that it is not in memory twice."""

_BEGIN = re.compile(
    rb'<\?xml version="1\.0" encoding="(?:UTF|utf)-8"(?: standalone="yes")?\s*\?>\s*'
    rb'<sst xmlns="http://schemas\.openxmlformats\.org/spreadsheetml/2006/main"'
    rb'(?: count="[0-9]+")?(?: uniqueCount="[0-9]+")?>\s*'
)
_END = b"</sst>"
_TEXT = re.compile(rb'<si><t(?: xml:space="preserve")?>([^<]*)</t></si>')
_AROUND, _PRESERVED = b"<si><t></t></si>", b' xml:space="preserve"'
_UNCERTAIN = re.compile(rb"[\x00-\x08\x0b-\x1f]|\]\]>|\xef\xbf[\xbe\xbf]|&#")
"""What XML forbids, or changes as it is read."""
_ENTITY = re.compile(r"&(amp|lt|gt|quot|apos);")
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}


def plain_texts(part: bytes) -> list[str] | None:
    """All texts of the part, as a parser of XML gives them; None where that is not certain."""
    begin = _BEGIN.match(part)
    end = part.rfind(_END)
    if begin is None or end < 0 or part[end + len(_END) :].strip(b" \t\n") or _UNCERTAIN.search(part):
        return None
    found = _TEXT.findall(part, begin.end(), end)
    size = sum(map(len, found)) + len(found) * len(_AROUND)
    # Nothing stands between the texts if their sizes add up.
    if size + part.count(_PRESERVED) * len(_PRESERVED) != end - begin.end():
        return None
    try:
        texts = b"\0".join(found).decode("utf-8").split("\0") if found else []
    except UnicodeDecodeError:
        return None
    if b"&" in part:
        if part.count(b"&") != sum(text.count("&") for text in texts):
            return None
        changed = [_ENTITY.subn(lambda match: _ENTITIES[match[1]], text) for text in texts]
        if sum(count for _, count in changed) != part.count(b"&"):
            return None
        texts = [text for text, _ in changed]
    return texts
