"""The texts of an XLS file: those that its cells share, and those that stand in a record of their own.

From BIFF8 (Excel 97) on they are UTF-16, whatever code page the file names; a text whose characters all fit
is stored without the upper bytes. Before that they are bytes of the file's code page.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import zip_longest

WIDE, EXTENDED, RICH = 1, 4, 8  # in the options of a text
CODECS = {10000: "mac-roman", 10007: "mac-cyrillic", 32768: "mac-roman", 32769: "cp1252"}
"""Code pages that Python does not call by their number."""
NO_CODE_PAGE = "ascii"
"""In a file that names none, other letters cannot be known."""


def short_text(data: bytes, codec: str) -> str:
    """Return the text whose length is one byte; `codec` is empty for BIFF8."""
    return _text(data[1:], data[0], codec) or ""


def record_text(data: bytes, codec: str) -> str | None:
    """Return the text whose length is two bytes; None when these bytes do not show all of it."""
    (length,) = struct.unpack_from("<H", data)
    return _text(data[2:], length, codec)


def _text(data: bytes, length: int, codec: str) -> str | None:
    if not length:
        return ""
    size, start = length, 0
    if not codec:
        size, start = length << (data[0] & WIDE), 1
        codec = "utf-16-le" if data[0] & WIDE else "latin-1"
    found = data[start : start + size]
    if len(found) < size or (codec == NO_CODE_PAGE and not found.isascii()):
        return None
    return found.decode(codec, "replace")


def shared_texts(pieces: list[bytes]) -> list[str]:
    """Return the texts of the shared table, whose record is continued in further pieces.

    Raises struct.error or IndexError when it ends inside a text.
    """
    reader = _Pieces(pieces, place=8)
    found = []
    while reader.more():
        length, options = struct.unpack("<HB", reader.take(3))
        runs = struct.unpack("<H", reader.take(2))[0] if options & RICH else 0
        extra = struct.unpack("<i", reader.take(4))[0] if options & EXTENDED else 0
        found.append(reader.text(length, options & WIDE))
        reader.skip(runs * 4 + max(extra, 0))
    return found


class _Pieces:
    """Reads on from one piece to the next."""

    def __init__(self, pieces: list[bytes], place: int) -> None:
        self._rest: Iterator[bytes] = iter(pieces)
        self._piece, self._place = next(self._rest, b""), place

    def more(self) -> bool:
        """Go to the next piece at the end of one; whether anything is left."""
        while self._place >= len(self._piece):
            piece = next(self._rest, None)
            if piece is None:
                return False
            self._piece, self._place = piece, 0
        return True

    def take(self, size: int) -> bytes:
        """Bytes that are never divided between pieces."""
        self._place += size
        return self._piece[self._place - size : self._place]

    def skip(self, size: int) -> None:
        """Pass over bytes that may be divided."""
        while size:
            if not self.more():
                raise IndexError
            step = min(size, len(self._piece) - self._place)
            self._place += step
            size -= step

    def text(self, length: int, wide: int) -> str:
        """The text; where it is continued, a byte says anew whether it is stored with its upper bytes."""
        found = b""
        while length:
            if self._place >= len(self._piece):
                if not self.more():
                    raise IndexError
                wide = self.take(1)[0] & WIDE
            count = min(length, (len(self._piece) - self._place) >> wide)
            if not count:
                raise IndexError
            stored = self.take(count << wide)
            found += stored if wide else stored.decode("latin-1").encode("utf-16-le")
            length -= count
        return found.decode("utf-16-le", "replace")


def same_text(ours: str, theirs: str) -> bool:
    """Whether calamine has read the same text; it leaves out a byte-order mark at the beginning.

    Bytes that have no meaning in the code page may come out differently.
    """
    return theirs in (ours, ours.removeprefix("\ufeff")) or (
        "\ufffd" in ours and all(a in (b, "\ufffd") for a, b in zip_longest(ours, theirs, fillvalue=""))
    )
