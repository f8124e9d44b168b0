"""Whether the last line of a CSV file has its end, so that no program is in the middle of it."""

from __future__ import annotations

import codecs
import os
from pathlib import Path

from launcher.sheets.opening import HEAD_BYTES, is_csv

_ENDS = {
    codecs.BOM_UTF16_LE: (b"\n\0", b"\r\0"),
    codecs.BOM_UTF16_BE: (b"\0\n", b"\0\r"),
}
"""The two bytes that end a line, by the mark that begins the file."""


def lacks_line_end(file: Path) -> bool:
    """Whether it is a CSV file and its last line has no line end. Raises OSError."""
    with file.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
        if not is_csv(head):
            return False
        stream.seek(-min(2, len(head)), os.SEEK_END)
        tail = stream.read()
    ends = _ENDS.get(head[:2], (b"\n", b"\r"))
    return not tail.endswith(ends)
