"""The container of an XLS file, described in [MS-CFB], and the texts of its cells in [MS-XLS].

Calamine follows a chain that loops until the memory is used up. A chain of sectors is never longer than the
file has sectors, so all chains that calamine reads are followed here first.

Texts: from BIFF8 (Excel 97) on they are UTF-16, whatever code page the file names; a text whose characters all
fit is stored without the upper bytes. Before that they are bytes of the file's code page.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest

LAST_SECTOR = 0xFFFFFFFA  # sector numbers from here on mean something else
ENTRY_BYTES = 128
STREAMS = ("workbook", "book")
"""The name since Excel 97, and the one before it."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry of the directory: a stream or a folder of streams."""

    name: str
    links: tuple[int, ...]
    """Entries to the left and to the right, and the first one inside."""
    start: int
    size: int


@dataclass(slots=True)
class _Container:
    data: bytes
    shift: int
    fat: list[int] = field(default_factory=list)

    def sector(self, number: int) -> bytes:
        start = (number + 1) << self.shift
        return self.data[start : start + (1 << self.shift)]

    def numbers(self, sector: int) -> tuple[int, ...]:
        return struct.unpack(f"<{(1 << self.shift) // 4}I", self.sector(sector))

    def chain(self, start: int) -> list[int]:
        return list(_chain(self.fat, start, self.count))

    @property
    def count(self) -> int:
        """How many sectors the file has, the last one may be cut."""
        return (len(self.data) >> self.shift) + 1

    def load_fat(self) -> None:
        """Read the table of sectors, whose own sectors are listed in the header and in a chain behind it."""
        listed = [number for number in struct.unpack_from("<109I", self.data, 76) if number < LAST_SECTOR]
        more = struct.unpack_from("<I", self.data, 68)[0]
        for _ in range(self.count + 1):
            if more >= LAST_SECTOR:
                break
            *numbers, more = self.numbers(more)
            listed += [number for number in numbers if number < LAST_SECTOR]
            if len(listed) > self.count:
                raise ValueError
        else:
            raise ValueError
        self.fat = [number for sector in listed for number in self.numbers(sector)]

    def entries(self, first: int) -> list[_Entry]:
        folder = b"".join(map(self.sector, self.chain(first)))
        found = []
        for place in range(0, len(folder) - ENTRY_BYTES + 1, ENTRY_BYTES):
            name = folder[place : place + 64].decode("utf-16-le", "replace").partition("\0")[0]
            links = struct.unpack_from("<3I", folder, place + 68)
            found.append(_Entry(name.lower(), links, *struct.unpack_from("<II", folder, place + 116)))
        return found


def workbook_stream(data: bytes) -> bytes:
    """Return the stream that holds the workbook.

    Raises ValueError, KeyError, IndexError or struct.error when there is none or a chain has no end.
    """
    shift, mini_shift = struct.unpack_from("<HH", data, 30)
    first, cutoff, first_mini, mini_count = struct.unpack_from("<I4xIII", data, 48)
    if not (7 <= shift <= 12 and 4 <= mini_shift <= shift):
        raise ValueError
    file = _Container(data, shift)
    if mini_count > file.count:
        raise ValueError
    file.load_fat()
    entries = file.entries(first)
    minis, mini_fat = b"", list[int]()
    if mini_count:
        minis = b"".join(map(file.sector, file.chain(entries[0].start)))
        mini_fat = [number for sector in file.chain(first_mini) for number in file.numbers(sector)]
    streams: dict[str, bytes] = {}
    # All of that name: calamine takes the first in the directory, also one of a workbook within this one.
    for entry in [*_at_the_top(entries), *entries]:
        if entry.name not in STREAMS:
            continue
        if entry.size >= cutoff:
            pieces = [file.sector(number) for number in file.chain(entry.start)]
        else:
            chain = _chain(mini_fat, entry.start, file.count << (shift - mini_shift))
            pieces = [minis[number << mini_shift : (number + 1) << mini_shift] for number in chain]
        streams.setdefault(entry.name, b"".join(pieces)[: entry.size])
    return streams[STREAMS[0]] if STREAMS[0] in streams else streams[STREAMS[1]]


def _at_the_top(entries: list[_Entry]) -> Iterator[_Entry]:
    """Entries that stand directly in the root, in no certain order."""
    waiting, seen = [entries[0].links[2]], set[int]()
    while waiting:
        number = waiting.pop()
        if number < len(entries) and number not in seen:
            seen.add(number)
            waiting += entries[number].links[:2]
            yield entries[number]


def _chain(table: list[int], start: int, most: int) -> Iterator[int]:
    for _ in range(most + 1):
        if start >= LAST_SECTOR:
            return
        yield start
        start = table[start]
    raise ValueError


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
