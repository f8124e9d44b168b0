"""A small XLSB workbook, record by record, since nothing here writes one. Source of the records: [MS-XLSB]."""

from __future__ import annotations

import io
import struct
import zipfile

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
DATE_STYLE, MOMENT_STYLE = 1, 2
FORMATS = (0, 14, 22)
"""The built-in number formats of the styles: general, a date, a date with time."""
ERRORS = {"#DIV/0!": 0x07, "#N/A": 0x2A}

ROW, BLANK, RK, ERROR, BOOLEAN, REAL, TEXT, SHARED, FORMULA_TEXT, FORMULA_NUMBER, _, FORMULA_ERROR = range(12)


def record(kind: int, data: bytes = b"") -> bytes:
    """A record: its number and its length in sevens of bits, then its data."""
    size, length = len(data), b""
    while size > 127:
        length += bytes([size & 127 | 128])
        size >>= 7
    head = bytes([kind]) if kind < 128 else bytes([kind & 127 | 128, kind >> 7])
    return head + length + bytes([size]) + data


def wide(text: str) -> bytes:
    """A text with its length before it."""
    data = text.encode("utf-16-le")
    return struct.pack("<I", len(data) // 2) + data


def row(number: int, *cells: bytes, hidden: bool = False) -> bytes:
    """The header of the row of that number, counted from 1, and its cells."""
    head = struct.pack("<IIHBBBI", number - 1, 0, 300, 0, 0x10 if hidden else 0, 0, 0)
    return record(ROW, head) + b"".join(cells)


def cell(kind: int, column: int, data: bytes = b"", style: int = 0) -> bytes:
    """A cell in the column counted from 0."""
    return record(kind, struct.pack("<II", column, style) + data)


def formula(kind: int, column: int, value: bytes) -> bytes:
    """A cell with a formula (=1) and the value stored for it."""
    return cell(kind, column, value + struct.pack("<HI", 0, 3) + b"\x1e\x01\x00" + struct.pack("<I", 0))


def workbook(rows: bytes, last: tuple[int, int], texts: list[str], *, merged: bytes = b"") -> bytes:
    """The package; `last` is the number of the last row and of the last column."""
    sheet = record(129) + record(148, struct.pack("<4I", 0, last[0] - 1, 0, last[1] - 1))
    sheet += record(145) + rows + record(146) + merged + record(130)
    book = record(131) + record(153, struct.pack("<II", 0, 0) + wide("")) + record(143)
    book += record(156, struct.pack("<II", 0, 1) + wide("rId1") + wide("Deals")) + record(144) + record(132)
    shared = record(159, struct.pack("<II", len(texts), len(texts)))
    shared += b"".join(record(19, b"\0" + wide(text)) for text in texts) + record(160)
    styles = record(278) + record(617, struct.pack("<I", len(FORMATS)))
    styles += b"".join(record(47, struct.pack("<HHHHHBBHH", 0, f, 0, 0, 0, 0, 0, 0, 0)) for f in FORMATS)
    styles += record(618) + record(279)
    parts = {
        "[Content_Types].xml": (
            f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="bin" '
            'ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/>'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Override PartName="/xl/worksheets/sheet1.bin" ContentType="application/vnd.ms-excel.worksheet"/>'
            '<Override PartName="/xl/sharedStrings.bin" ContentType="application/vnd.ms-excel.sharedStrings"/>'
            '<Override PartName="/xl/styles.bin" ContentType="application/vnd.ms-excel.styles"/></Types>'
        ),
        "_rels/.rels": relations(("officeDocument", "xl/workbook.bin")),
        "xl/_rels/workbook.bin.rels": relations(
            ("worksheet", "worksheets/sheet1.bin"),
            ("sharedStrings", "sharedStrings.bin"),
            ("styles", "styles.bin"),
        ),
        "xl/workbook.bin": book,
        "xl/worksheets/sheet1.bin": sheet,
        "xl/sharedStrings.bin": shared,
        "xl/styles.bin": styles,
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in parts.items():
            package.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data)
    return stream.getvalue()


def relations(*targets: tuple[str, str]) -> str:
    """The part that names other parts."""
    found = "".join(
        f'<Relationship Id="rId{number}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, 1)
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{found}</Relationships>'


def sample() -> bytes:
    """Every kind of cell, a blank row, a hidden one, a merged range."""
    heads = ("ID", "Name", "Date", "When", "Flag", "Sum")
    texts = [*heads, "007", "ООО «Ромашка»"]
    rows = row(1, *(cell(SHARED, at, struct.pack("<I", at)) for at in range(len(heads))))
    rows += row(
        2,
        cell(RK, 0, struct.pack("<I", 777 << 2 | 2)),
        cell(SHARED, 1, struct.pack("<I", 6)),
        cell(REAL, 2, struct.pack("<d", 46027), DATE_STYLE),
        cell(REAL, 3, struct.pack("<d", 46027.5625), MOMENT_STYLE),
        cell(BOOLEAN, 4, b"\1"),
        cell(REAL, 5, struct.pack("<d", 12.5)),
    )
    rows += row(
        4,
        cell(REAL, 0, struct.pack("<d", 778)),
        cell(SHARED, 1, struct.pack("<I", 7)),
        cell(BLANK, 2),
        formula(FORMULA_TEXT, 3, wide("два\nряда")),
        cell(BOOLEAN, 4, b"\0"),
        formula(FORMULA_NUMBER, 5, struct.pack("<d", 1)),
        hidden=True,
    )
    rows += row(
        5,
        cell(REAL, 0, struct.pack("<d", 12345678901234567890)),
        cell(TEXT, 1, wide(" two  words ")),
        cell(ERROR, 2, bytes([ERRORS["#N/A"]])),
        formula(FORMULA_ERROR, 3, bytes([ERRORS["#DIV/0!"]])),
    )
    merged = record(177, struct.pack("<I", 1)) + record(176, struct.pack("<4I", 4, 4, 4, 5)) + record(178)
    return workbook(rows, (5, len(heads)), texts, merged=merged)


def far_cell() -> bytes:
    """A small table, and a cell that somebody has left at the very end of the sheet."""
    rows = row(1, cell(TEXT, 0, wide("ID"))) + row(2, cell(TEXT, 0, wide("7")))
    return workbook(rows + row(1_048_576, cell(TEXT, 999, wide("x"))), (1_048_576, 1_000), [])
