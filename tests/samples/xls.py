"""Small XLS workbooks, record by record, as LibreOffice does not write them. Sources: [MS-CFB], [MS-XLS]."""

from __future__ import annotations

import struct

SECTOR = 512
FAT, DIRECTORY, STREAM = range(3)
"""What stands in the sectors; the stream takes all from the third on."""
IN_FAT, END = 0xFFFFFFFD, 0xFFFFFFFE
FREE = 0xFFFFFFFF
LARGE = 4096
"""Bytes of a stream that does not stand among the small ones."""
FORMULA, FORMULA_4 = 0x0006, 0x0406
ERROR_VALUE, TEXT_VALUE = b"\x02\0\x2a\0\0\0\xff\xff", b"\0\0\0\0\0\0\xff\xff"
"""#N/A, and a text that comes in the next record."""


def record(kind: int, data: bytes = b"") -> bytes:
    """A record: its number, its length, its data."""
    return struct.pack("<HH", kind, len(data)) + data


def cell(kind: int, row: int, column: int, data: bytes) -> bytes:
    """A cell; row and column are counted from 0."""
    return record(kind, struct.pack("<HHH", row, column, 0) + data)


def text(value: str, *, wide: bool = True) -> bytes:
    """A text with its length in characters before it."""
    return struct.pack("<HB", len(value), wide) + value.encode("utf-16-le" if wide else "latin-1")


def label(row: int, column: int, value: str) -> bytes:
    """A cell with a text of its own."""
    return cell(0x0204, row, column, text(value))


def shared(row: int, column: int, index: int) -> bytes:
    """A cell with one of the shared texts."""
    return cell(0x00FD, row, column, struct.pack("<I", index))


def rk(number: int) -> bytes:
    """A whole number in the short form."""
    return struct.pack("<i", number << 2 | 2)


def number(row: int, column: int, value: int) -> bytes:
    """A cell with a whole number."""
    return cell(0x027E, row, column, rk(value))


def formula(row: int, column: int, value: float | bytes, kind: int = FORMULA) -> bytes:
    """A cell with a formula (=1) and the value stored for it."""
    stored = value if isinstance(value, bytes) else struct.pack("<d", value)
    return cell(kind, row, column, stored + struct.pack("<HI", 0, 0) + b"\x03\0\x1e\x01\0")


def workbook(*cells: bytes, texts: bytes = b"", code_page: int = 1200, sheet: str = "Deals") -> bytes:
    """A file with one sheet; `texts` is the record of the shared texts."""
    head = record(0x0809, struct.pack("<HHHHII", 0x0600, 5, 0, 0, 0, 6)) + record(
        0x0042, struct.pack("<H", code_page)
    )
    name = bytes([len(sheet), 1]) + sheet.encode("utf-16-le")
    place = len(head) + 4 + 6 + len(name) + len(texts) + 4
    book = head + record(0x0085, struct.pack("<IBB", place, 0, 0) + name) + texts + record(0x000A)
    begun = record(0x0809, struct.pack("<HHHHII", 0x0600, 16, 0, 0, 0, 6))
    return container(book + begun + b"".join(cells) + record(0x000A))


def container(stream: bytes) -> bytes:
    """The file around the stream: the table of sectors, a directory, the stream."""
    stream = stream.ljust(LARGE, b"\0")
    stream += bytes(-len(stream) % SECTOR)
    last = STREAM + len(stream) // SECTOR - 1
    table = [IN_FAT, END, *range(STREAM + 1, last + 1), END]
    header = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<6xIIIIIIIII", 0, 1, DIRECTORY, 0, LARGE, END, 0, END, 0)
    header += struct.pack("<109I", FAT, *[FREE] * 108)
    directory = entry("Root Entry", 5, 1, END, 0) + entry("Workbook", 2, FREE, STREAM, len(stream))
    return (
        header
        + struct.pack("<128I", *table, *[FREE] * (128 - len(table)))
        + directory.ljust(512, b"\0")
        + stream
    )


def entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    """An entry of the directory."""
    written = name.encode("utf-16-le")
    head = struct.pack("<64sHBB3I", written, len(written) + 2, kind, 1, FREE, FREE, child)
    return head + bytes(36) + struct.pack("<IIxxxx", start, size)


def sample() -> bytes:
    """Every usual record of a cell; one shared text is continued in a record of its own."""
    long = "Ромашка" * 3
    first = text("ID", wide=False) + text("Название") + text("Sum", wide=False) + text("More", wide=False)
    first += struct.pack("<HBH", len(long) + 3, 1 | 8, 1) + long[:9].encode("utf-16-le")  # 1: letters in bold
    rest = b"\1" + long[9:].encode("utf-16-le")
    last = b"\0abc" + struct.pack("<HH", 0, 1)
    texts = record(0x00FC, struct.pack("<II", 5, 5) + first) + record(0x003C, rest) + record(0x003C, last)
    return workbook(
        record(0x0200, struct.pack("<IIHHH", 0, 7, 0, 4, 0)),
        record(0x0208, struct.pack("<HHHHHHI", 2, 0, 4, 255, 0, 0, 0x20)),  # a hidden row
        *(shared(0, column, column) for column in range(4)),
        number(1, 0, 15),
        shared(1, 1, 4),
        cell(0x00BD, 1, 2, rk(7) + b"\0\0" + rk(8) + struct.pack("<H", 3)),
        cell(0x0203, 2, 0, struct.pack("<d", 16)),
        label(2, 1, "語 and ж"),
        cell(0x0205, 2, 2, b"\1\0"),
        cell(0x0205, 2, 3, b"\x07\1"),
        formula(3, 0, 17.0),
        formula(3, 1, TEXT_VALUE) + record(0x0207, text("пять")),
        formula(3, 2, ERROR_VALUE),
        formula(3, 3, b"\x03\0\0\0\0\0\xff\xff"),
        cell(0x0201, 4, 0, b""),
        record(0x00BE, struct.pack("<HHHHHH", 5, 0, 0, 0, 0, 2)),
        number(6, 0, 18),
        cell(0x00D6, 6, 1, text("rich") + struct.pack("<HHH", 1, 0, 1)),
        texts=texts,
    )


def old_formula() -> bytes:
    """Formulas as an older version has them: calamine leaves them out, and the row 4 with them."""
    return workbook(
        *(label(0, 0, "ID"), label(0, 1, "Name")),
        *(number(1, 0, 15), label(1, 1, "a")),
        *(formula(2, 0, 16.0, FORMULA_4), label(2, 1, "b")),
        formula(3, 0, 17.0, FORMULA_4),
    )


def code_page() -> bytes:
    """A code page where it means nothing; calamine reads the texts by it."""
    return workbook(
        *(label(0, 0, "ID"), label(0, 1, "Имя")),
        *(number(1, 0, 15), label(1, 1, "Иван")),
        *(number(2, 0, 16), label(2, 1, "Anna")),
        code_page=1251,
    )


def cut_text() -> bytes:
    """A formula's text that goes on in another record; calamine leaves out the rest."""
    words = text("abc" * 20)
    return workbook(
        *(label(0, 0, "ID"), label(0, 1, "Name")),
        *(number(1, 0, 15), formula(1, 1, TEXT_VALUE)),
        record(0x0207, words[:41]) + record(0x003C, b"\1" + words[41:]),
    )
