"""Makes the sample files beside it, each with its truth as JSON: `python tests/samples/make.py`.

The truth is written here by hand and not by the reader that is judged. A truth is the header and the rows
(number, cells, kinds), or the words of the error; `options` are those of open_table. Files of other programs
are made by LibreOffice (`soffice`), where it is installed; without it the committed ones stay.
"""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import xls
import xlsb
import xlsxwriter

Truth = dict[str, Any]
HEAD = ["ID", "Название", "Сумма"]
ROWS = [["7", "ООО «Ромашка»", "1,5"], ["8", "Пётр; и, сын", "007"], ["9", 'Знак "А"', "1e5"]]
WEST = [["ID", "Name", "Amount"], ["7", "Müller & Söhne", "1,5"], ["8", "Groß", "007"]]


def read(header: list[str], rows: list[list[str]], *, first: int = 2, kinds: str = "", **more: Any) -> Truth:
    """The truth of rows that follow each other."""
    return {"header": header, "rows": [[n, row, kinds] for n, row in enumerate(rows, first)], **more}


def numbered(header: list[str], *rows: tuple[int, list[str]], **more: Any) -> Truth:
    """The truth of rows of text with these numbers."""
    return {"header": header, "rows": [[n, cells, ""] for n, cells in rows], **more}


def error(words: str, **options: Any) -> Truth:
    """The truth of a file that is refused."""
    return {"error": words, "options": options}


def csv(rows: list[list[str]], delimiter: str = ";", newline: str = "\r\n", *, every: bool = False) -> str:
    """CSV as Excel writes it: quotes where they are needed."""

    def cell(text: str) -> str:
        quoted = every or any(mark in text for mark in f'"\r\n{delimiter}')
        return '"' + text.replace('"', '""') + '"' if quoted else text

    return "".join(delimiter.join(map(cell, row)) + newline for row in rows)


TEXTS: dict[str, tuple[bytes, Truth]] = {}
"""Text files by name."""


def texts() -> None:
    """CSV and TSV of every kind, and pages."""
    plain = read(HEAD, ROWS)
    table = [HEAD, *ROWS]
    for name, data in {
        "excel-russian.csv": csv(table).encode("cp1251"),
        "excel-utf8.csv": b"\xef\xbb\xbf" + csv(table).encode(),
        "excel-unicode-text.txt": csv(table, "\t").encode("utf-16"),
        "google.csv": csv(table, ",", "\n").encode(),
        "koi8-r.csv": csv([[c.replace("«", '"').replace("»", '"') for c in r] for r in table]).encode("koi8-r"),
        "dos.csv": csv([[c.replace("«", '"').replace("»", '"') for c in r] for r in table]).encode("cp866"),
        "utf16-le-unmarked.csv": csv(table).encode("utf-16-le"),
        "utf16-be-unmarked.csv": csv(table).encode("utf-16-be"),
        "utf16-be.csv": b"\xfe\xff" + csv(table).encode("utf-16-be"),
        "bar.csv": csv(table, "|").encode(),
        "tab.tsv": csv(table, "\t", "\n").encode(),
        "all-quoted.csv": csv(table, every=True).encode(),
        "cr-only.csv": csv(table, ";", "\r").encode(),
        "sep-line.csv": b"sep=;\r\n" + csv(table).encode("cp1251"),
        "no-last-newline.csv": csv(table).encode().rstrip(),
        "wrong-name.xlsx": csv(table).encode(),
    }.items():
        quotes = name in ("koi8-r.csv", "dos.csv")
        TEXTS[name] = data, read(HEAD, [["7", 'ООО "Ромашка"', "1,5"], *ROWS[1:]]) if quotes else plain
    western = read(WEST[0], WEST[1:])
    TEXTS["excel-german.csv"] = csv(WEST).encode("cp1252"), {**western, "notes": ["Windows-1252"]}
    TEXTS["excel-american.csv"] = (
        csv([WEST[0], ["7", "Smith, J.", "1.5"]], ",").encode(),
        read(WEST[0], [["7", "Smith, J.", "1.5"]]),
    )
    strange = ["007", "1e5", "0x10", "NA", "null", "nan", "12345678901234567890", "TRUE", " a  b ", "=1+1", "-"]
    TEXTS["damaged-by-others.csv"] = (
        csv([["ID", "A"], *([c, c] for c in strange)]).encode(),
        read(["ID", "A"], [[c, c] for c in strange]),
    )
    for name, data, truth in (
        ("one-column.csv", "deal_id\n1\n2\n", read(["deal_id"], [["1"], ["2"]])),
        ("newlines.csv", 'ID,A\n1,"a\nb"\n2,"c\r\nd"\n', read(["ID", "A"], [["1", "a\nb"], ["2", "c\r\nd"]])),
        (
            "blank-rows.csv",
            "ID,A\n\n1,x\n,\n  ,\n2,y\n\n",
            numbered(["ID", "A"], (3, ["1", "x"]), (6, ["2", "y"])),
        ),
        ("short-rows.csv", "ID,A,B\n1\n2,x\n", read(["ID", "A", "B"], [["1", "", ""], ["2", "x", ""]])),
        ("bitrix-export.csv", '\ufeff"ID";"Имя";\n"7";"a";\n', read(["ID", "Имя", ""], [["7", "a", ""]])),
        ("same-headings.csv", "ID,A,,A\n1,a,b,c\n", read(["ID", "A", "", "A"], [["1", "a", "b", "c"]])),
        ("header-alone.csv", "ID,A\n", read(["ID", "A"], [])),
        (
            "title-above.csv",
            "Отчёт;;\n;;\nID;A;B\n1;x;y\n",
            {**read(["ID", "A", "B"], [["1", "x", "y"]], first=4), "options": {"header_row": 3}},
        ),
        (
            "bom-in-the-middle.csv",
            "ID;A\n1;x\n\ufeffID;A\n2;y\n",
            {
                **read(["ID", "A"], [["1", "x"], ["\ufeffID", "A"], ["2", "y"]]),
                "notes": ["Row 3 holds a byte-order"],
            },
        ),
        ("long-row.csv", "ID,A\n1,b\n2,c,d\n", error(r"row 3: 3 cells under 2 headings")),
        ("open-quote.csv", 'ID,A\n1,"b\n2,c\n', error(r"row 2: a quote is opened and never closed")),
        ("lone-quote.csv", 'ID,A\n1,"ООО "Ромашка""\n', error(r"row 2: a quote inside")),
        ("nul.csv", "ID,A\n1,b\n2,\0c\n", error("line 3: a NUL")),
        ("blank-header.csv", ",,\n1,2,3\n", error("row 1: blank")),
        ("nothing.csv", "\r\n \r\n", error("is empty")),
        (
            "two-header-rows.csv",
            "ID;Клиент;;Сумма\n;Имя;Телефон;\n7;Анна;+7;5\n",
            error("take more than one row"),
        ),
        ("mixed-ends.csv", "ID,A\r\n1,x\n2,y\r3,z", read(["ID", "A"], [["1", "x"], ["2", "y"], ["3", "z"]])),
        ("header-row-beyond.csv", "ID\n1\n", error("has 2 rows, so row 9", header_row=9)),
        ("spreadsheet-2003.xml", "<?xml version='1.0'?><Workbook></Workbook>", error("is an XML file")),
        (
            "delimiter-given.csv",
            "ID;A,B\n1;2,3\n",
            {**read(["ID;A", "B"], [["1;2", "3"]]), "options": {"delimiter": ","}},
        ),
    ):
        TEXTS[name] = data.encode(), truth
    TEXTS["encoding-given.csv"] = (
        csv([["ID", "И"], ["1", "я"]]).encode("koi8-r"),
        {
            **read(["ID", "И"], [["1", "я"]]),
            "options": {"encoding": "koi8-r"},
        },
    )
    french = [["ID", "Société", "Montant"], ["7", "Crêperie à l’Étoile", "1 234,50"], ["8", "Œuvre", "€ 5"]]
    TEXTS["excel-french.csv"] = (
        csv(french).encode("cp1252"),
        {**read(french[0], french[1:]), "notes": ["Windows-1252"]},
    )
    late = [HEAD, *([str(n), "plain", "1"] for n in range(2, 1_500)), ["1500", "Анна", "2"]]
    TEXTS["late-russian.csv"] = csv(late).encode("cp1251"), read(HEAD, late[1:])
    TEXTS["spaces.csv"] = (
        "ID ;\u00a0Name\n\u00a0777 ; a  b \n\u00a0;\u00a0\n LEAD_8;\u00a0\n".encode(),
        numbered(["ID", "Name"], (2, ["\u00a0777 ", " a  b "]), (4, [" LEAD_8", "\u00a0"])),
    )
    TEXTS["1c.csv"] = (
        csv([["ИД", "Контрагент", ""], ["000000007", 'ООО "Ромашка"', ""]]).encode("cp1251"),
        read(["ИД", "Контрагент", ""], [["000000007", 'ООО "Ромашка"', ""]]),
    )
    TEXTS["semicolons-in-words.csv"] = (
        b"ID,A\n1,a;b;c\n2,d;e;f\n",
        read(["ID", "A"], [["1", "a;b;c"], ["2", "d;e;f"]]),
    )
    TEXTS["joined-in-a-cell.csv"] = b'ID,A\n1,"x\n2,"y"\n', error("row 2: a quote")
    TEXTS["polish.csv"] = "ID;A\n1;zażółć gęślą jaźń\n".encode("cp1250"), error("neither UTF-8, nor a Russian")
    wide = [f"c{n}" for n in range(16_384)]
    TEXTS["16384-columns.csv"] = csv([wide, wide]).encode(), read(wide, [wide])
    TEXTS["16385-columns.csv"] = csv([[*wide, "c"], ["1"]]).encode(), error("at most 16,384")
    TEXTS["picture.csv"] = (
        b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
        error("neither a CSV nor an Excel file|NUL"),
    )
    TEXTS["document.csv"] = b"%PDF-1.7\n", error("a PDF document")
    pages()


def pages() -> None:
    """Bitrix24's own "Export to Excel"."""
    meta = '<meta http-equiv="Content-type" content="text/html;charset={}" />'
    head = '<table border="1"><thead><tr><th>ID</th><th>Название</th><th>Товар</th></tr></thead><tbody>'
    rows = (
        "<tr><td>7</td><td>ООО &laquo;Ромашка&raquo; &amp; Ко</td><td>Стол</td></tr>"
        "<tr><td>7</td><td>ООО &laquo;Ромашка&raquo; &amp; Ко</td><td>Стул</td></tr>"
        "<tr><td>007</td><td>два<br />\nряда</td><td>&nbsp;</td></tr>"
        "<tr><td></td><td></td><td>&nbsp;</td></tr>"
        '<tr><td>9</td><td colspan="2">на двоих</td></tr>'
        '<tr><td rowspan="2">10</td><td>1,5</td><td> 1e5 </td></tr><tr><td>b</td><td>c</td></tr>'
    )
    name = "ООО «Ромашка» & Ко"
    truth = numbered(
        ["ID", "Название", "Товар"],
        (2, ["7", name, "Стол"]),
        (3, ["7", name, "Стул"]),
        (4, ["007", "два\nряда", ""]),
        (6, ["9", "на двоих", ""]),
        (7, ["10", "1,5", "1e5"]),
        (8, ["", "b", "c"]),
    )
    page = head + rows + "</tbody></table>"
    TEXTS["bitrix-export.xls"] = (meta.format("utf-8") + page).encode(), truth
    TEXTS["bitrix-export-1251.xls"] = (meta.format("windows-1251") + page).encode("cp1251"), truth
    TEXTS["bitrix-wrong-charset.xls"] = (meta.format("utf-8") + page).encode("cp1251"), truth
    TEXTS["page-marked.html"] = (
        b"\xef\xbb\xbf<!DOCTYPE html><html><body>" + page.encode() + b"</body></html>",
        truth,
    )
    TEXTS["bitrix-cut.xls"] = (meta.format("utf-8") + head + rows).encode(), error("ends in the middle")
    TEXTS["page-nested.html"] = (
        b"<table><tr><td><table><tr><td>1</td></tr></table></td></tr></table>",
        error("a table stands within"),
    )
    TEXTS["page-long-row.html"] = (
        b"<table><tr><th>ID</th></tr><tr><td>1</td><td>2</td></tr></table>",
        error("row 2: 2 cells under 1 headings"),
    )
    TEXTS["page-two-header-rows.html"] = (
        (
            b'<table><tr><th rowspan="2">ID</th><th colspan="2">A</th></tr><tr><th>b</th><th>c</th></tr>'
            b"<tr><td>1</td><td>2</td><td>3</td></tr></table>"
        ),
        error("take more than one row"),
    )
    TEXTS["page-two-tables.html"] = (
        (b"<table><tr><th>ID</th></tr><tr><td>1</td></tr></table><table><tr><td>x</td></tr></table>"),
        {**read(["ID"], [["1"]]), "notes": ["2 tables"]},
    )


VALUES: list[list[Any]] = [
    ["ID", "Name", "Date", "When", "Flag", "Price", "Long"],
    [777, "007", dt.date(2026, 1, 5), dt.datetime(2026, 1, 5, 13, 30), True, 12.5, 999_999_999_999_999],
    [778.0, "NA", None, None, False, 0.1 + 0.2, "12345678901234567890"],
    [None] * 7,
    [779, " two  words ", dt.date(1999, 12, 31), None, None, -3, None],
]
VALUES_TRUTH: Truth = {
    "header": VALUES[0],
    "rows": [
        [2, ["777", "007", "2026-01-05", "2026-01-05 13:30:00", "TRUE", "12.5", "999999999999999"], "ntdDbnn"],
        [3, ["778", "NA", "", "", "FALSE", "0.3", "12345678901234567890"], "ntttbnt"],
        [5, ["779", " two  words ", "1999-12-31", "", "", "-3", ""], "ntdttnt"],
    ],
}


XLSB_TRUTH: Truth = {
    "header": ["ID", "Name", "Date", "When", "Flag", "Sum"],
    "rows": [
        [2, ["777", "007", "2026-01-05", "2026-01-05 13:30:00", "TRUE", "12.5"], "ntdDbn"],
        [4, ["778", "ООО «Ромашка»", "", "два\nряда", "FALSE", "1"], "ntttbn"],
        [5, ["12345678901234567168", " two  words ", "#N/A", "#DIV/0!", "", ""], "rteett"],
    ],
    "notes": ["Row 4 is hidden", "merged cells (the first at row 5, column 5)"],
}


XLS_TRUTH: Truth = {
    "header": ["ID", "Название", "Sum", "More"],
    "rows": [
        [2, ["15", "Ромашка" * 3 + "abc", "7", "8"], "ntnn"],
        [3, ["16", "語 and ж", "TRUE", "#DIV/0!"], "ntbe"],
        [4, ["17", "пять", "#N/A", ""], "ntet"],
        [7, ["18", "rich", "", ""], "nttt"],
    ],
    "notes": ["Row 3 is hidden"],
}


def saved(make: Any) -> bytes:
    """A workbook of openpyxl as bytes, after `make` has filled its first sheet."""
    book = openpyxl.Workbook()
    book.active.title = "Deals"
    make(book.active)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def filled(*rows: list[Any], then: Any = None) -> bytes:
    """A workbook with these rows."""

    def make(sheet: Any) -> None:
        for down, row in enumerate(rows, 1):
            for right, value in enumerate(row, 1):
                sheet.cell(down, right, value)
        if then is not None:
            then(sheet)

    return saved(make)


def hide(sheet: Any) -> None:
    """Hide the row 3."""
    sheet.row_dimensions[3].hidden = True


def workbooks() -> dict[str, tuple[bytes, Truth]]:
    """XLSX as openpyxl and XlsxWriter make it."""
    simple = [["ID", "A"], ["1", "x"], ["2", "y"], ["3", "z"]]
    truth = read(["ID", "A"], simple[1:])
    found: dict[str, tuple[bytes, Truth]] = {
        "values.xlsx": (filled(*VALUES), VALUES_TRUTH),
        "hidden-row.xlsx": (filled(*simple, then=hide), {**truth, "notes": ["Row 3 is hidden"]}),
        "ruined-number.xlsx": (
            filled(["ID", "A"], [12345678901234567890, "x"]),
            {"header": ["ID", "A"], "rows": [[2, ["12345678901234569216", "x"], "rt"]]},
        ),
        "errors.xlsx": (
            filled(["ID", "A", "B"], [1, "#N/A", "#DIV/0!"]),
            {"header": ["ID", "A", "B"], "rows": [[2, ["1", "#N/A", "#DIV/0!"], "nee"]]},
        ),
        "no-stored-value.xlsx": (
            filled(["ID", "A"], [1, "=1+1"]),
            {"header": ["ID", "A"], "rows": [[2, ["1", ""], "nf"]]},
        ),
        "merged-cells.xlsx": (
            filled(*simple, then=lambda sheet: sheet.merge_cells("B2:B3")),
            {**read(["ID", "A"], [["1", "x"], ["2", ""], ["3", "z"]]), "notes": ["merged cells"]},
        ),
        "merged-header.xlsx": (
            filled(["ID", "A", None], ["", "b", "c"], [1, 2, 3], then=lambda sheet: sheet.merge_cells("B1:C1")),
            error("take more than one row"),
        ),
        "title-above.xlsx": (
            filled(["Отчёт"], [None], *simple, then=lambda sheet: sheet.merge_cells("A1:B1")),
            {
                **read(["ID", "A"], simple[1:], first=4),
                "options": {"header_row": 3},
                "notes": ["merged cells"],
            },
        ),
        "empty.xlsx": (filled(), error("is empty")),
        "no-such-sheet.xlsx": (filled(*simple), error("did you mean 'Deals'", sheet="Deal")),
        "blank-above.xlsx": (
            filled([None], [None], [None, "ID", "A"], [None, "1", "x"]),
            numbered(["ID", "A"], (4, ["1", "x"])),
        ),
    }
    for name in ("wide.xlsx",):
        row = [f"c{n}" for n in range(16_384)]
        found[name] = filled(row, row), read(row, [row])
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream) as book:
        sheet = book.add_worksheet("Deals")
        for number, row in enumerate(simple):
            sheet.write_row(number, 0, row)
        sheet.autofilter(0, 0, 3, 1)
        sheet.filter_column("B", "x == x")
        sheet.set_row(2, options={"hidden": True})
    found["filtered.xlsx"] = stream.getvalue(), {**truth, "notes": ["Row 3 is hidden", "has a filter"]}
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"date_1904": True}) as book:
        sheet, bold = book.add_worksheet("Deals"), book.add_format({"bold": True})
        sheet.write_row(0, 0, ["ID", "Name", "Date"])
        sheet.write_number(1, 0, 7)
        sheet.write_rich_string(1, 1, "ООО ", bold, "Ромашка", " и Ко")
        sheet.write_datetime(1, 2, dt.datetime(2026, 1, 5), book.add_format({"num_format": "dd.mm.yyyy"}))
        sheet.write_formula(2, 0, "=4+4", None, 8)
        sheet.write_formula(2, 1, '=""', None, "")
    # As Excel writes a formula whose result is an empty text.
    text = (rb'<c r="B3"><f>""</f><v></v>', b'<c r="B3" t="str"><f>""</f><v></v>')
    found["rich-text-1904.xlsx"] = (
        changed(stream.getvalue(), "xl/worksheets/sheet1.xml", *text),
        {
            "header": ["ID", "Name", "Date"],
            "rows": [[2, ["7", "ООО Ромашка и Ко", "2026-01-05"], "ntd"], [3, ["8", "", ""], "ntt"]],
        },
    )
    found |= named_twice()
    found["macros.xlsm"] = (
        changed(
            found["values.xlsx"][0], "[Content_Types].xml", rb"sheet\.main\+xml", b"sheet.macroEnabled.main+xml"
        ),
        VALUES_TRUTH,
    )
    found["no-references.xlsx"] = (
        changed(
            filled(["ID", "A"], ["1", "x"], ["2", "y"]),
            "xl/worksheets/sheet1.xml",
            *(rb'(<(?:c|row)) r="[A-Z0-9]+"', rb"\1"),
        ),
        read(["ID", "A"], [["1", "x"], ["2", "y"]]),
    )
    found["sheet-missing.xlsx"] = (
        changed(found["values.xlsx"][0], "xl/_rels/workbook.xml.rels", rb"sheet1\.xml", b"sheet9.xml"),
        error("no sheet with cells|damaged"),
    )
    found["records.xlsb"] = xlsb.sample(), XLSB_TRUTH
    found["far-cell.xlsb"] = xlsb.far_cell(), error("stretch over 1,048,576,000 places")
    found["cut.xlsb"] = found["records.xlsb"][0][:900], error("damaged or incomplete")
    found["records.xls"] = xls.sample(), XLS_TRUTH
    found["old-formula.xls"] = xls.old_formula(), error("row 3: .* cannot read reliably")
    found["code-page.xls"] = xls.code_page(), error("cannot read reliably")
    found["cut-text.xls"] = xls.cut_text(), error("row 2: .* cannot read reliably")
    whole = found["values.xlsx"][0]
    found["cut.xlsx"] = whole[: len(whole) // 2], error("damaged or incomplete")
    found["password.xlsx"] = (
        bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504) + "EncryptedPackage".encode("utf-16-le"),
        error("protected by a password"),
    )
    return found


def named_twice() -> dict[str, tuple[bytes, Truth]]:
    """Elements whose name stands a second time elsewhere, where it means something else."""
    found: dict[str, tuple[bytes, Truth]] = {}
    truth = {"header": ["ID", "Дата"], "rows": [[2, ["15", "2026-11-05"], "nd"]]}
    for name, since_1904 in (("extended-1904.xlsx", True), ("conditional-format.xlsx", False)):
        stream = io.BytesIO()
        with xlsxwriter.Workbook(stream, {"date_1904": since_1904}) as book:
            sheet = book.add_worksheet("Deals")
            sheet.write_row(0, 0, ["ID", "Дата"])
            sheet.write_number(1, 0, 15)
            sheet.write_datetime(1, 1, dt.datetime(2026, 11, 5), book.add_format({"num_format": 14}))
        found[name] = stream.getvalue(), truth
    properties = (
        b'<extLst><ext uri="{140A7094-0E35-4892-8432-C4D2E57EDEB5}" '
        b'xmlns:x15="http://schemas.microsoft.com/office/spreadsheetml/2010/11/main">'
        b'<x15:workbookPr chartTrackingRefBase="1"/></ext></extLst></workbook>'
    )
    percent = b'<dxfs count="1"><dxf><numFmt numFmtId="14" formatCode="0.00%"/></dxf></dxfs>'
    for name, part, old, new in (
        ("extended-1904.xlsx", "xl/workbook.xml", b"</workbook>", properties),
        ("conditional-format.xlsx", "xl/styles.xml", b'<dxfs count="0"/>', percent),
    ):
        found[name] = changed(found[name][0], part, old, new), truth
    return found


def changed(workbook: bytes, part: str, old: bytes, new: bytes) -> bytes:
    """The workbook with what that pattern finds in the part replaced."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    assert re.search(old, parts[part]), part
    return archive({**parts, part: re.sub(old, new, parts[part])})


def archive(members: dict[str, bytes], *, flags: int = 0) -> bytes:
    """A zip archive; with the flag 1 its members say that they are under a password."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members.items():
            made.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data)
        for member in made.infolist():
            member.flag_bits |= flags
    return stream.getvalue()


def archives() -> dict[str, tuple[bytes, Truth]]:
    """gzip and zip around a table."""
    data, plain = csv([HEAD, *ROWS]).encode("cp1251"), read(HEAD, ROWS)
    packed = gzip.compress(data, mtime=0)
    return {
        "leads.csv.gz": (packed, plain),
        "leads.zip": (archive({"folder/": b"", "folder/leads.csv": data, "__MACOSX/._leads.csv": b"x"}), plain),
        "values.xlsx.gz": (gzip.compress(filled(*VALUES), mtime=0), VALUES_TRUTH),
        "password.zip": (archive({"leads.csv": data}, flags=1), error("protected by a password")),
        "two.zip": (archive({"a.csv": data, "b.csv": data}), error("a ZIP archive with a.csv, b.csv in it")),
        "nothing.zip": (archive({}), error("a ZIP archive with nothing in it")),
        "cut.csv.gz": (packed[:-20], error("gzip archive is damaged")),
        "document.zip": (
            archive({"mimetype": b"application/vnd.oasis.opendocument.text"}),
            error("not a workbook"),
        ),
    }


def converted(folder: Path) -> None:
    """The values and the quirks as LibreOffice saves them."""
    hidden = filled(["ID", "A"], [1, "x"], [2, "y"], [3, "z"], then=hide)
    quirks = filled(["ID", "Error", "Sum"], [1, "=1/0", "=1+1"], [2, "x", 5])
    shown = {"header": ["ID", "A"], "rows": [[n, [str(n - 1), "xyz"[n - 2]], "nt"] for n in (2, 3, 4)]}
    stored = {
        "header": ["ID", "Error", "Sum"],
        "rows": [[2, ["1", "#DIV/0!", "2"], "nen"], [3, ["2", "x", "5"], "ntn"]],
    }
    with tempfile.TemporaryDirectory() as scratch:
        for name, data, truth in (
            ("values", filled(*VALUES), VALUES_TRUTH),
            ("hidden", hidden, {**shown, "notes": ["Row 3 is hidden"]}),
            ("formulas", quirks, stored),
        ):
            (Path(scratch) / f"{name}.xlsx").write_bytes(data)
            for suffix in ("ods", "xls", "xlsx:Calc MS Excel 2007 XML"):
                target = Path(scratch) / "out"
                subprocess.run(
                    [
                        "soffice",
                        "--headless",
                        "--convert-to",
                        suffix,
                        "--outdir",
                        target,
                        f"{scratch}/{name}.xlsx",
                    ],
                    check=True,
                    capture_output=True,
                )
                short = suffix.partition(":")[0]
                written = folder / f"libreoffice-{name}.{short}"
                shutil.move(target / f"{name}.{short}", written)
                write_truth(written, truth)


def write_truth(path: Path, truth: Truth) -> None:
    """The truth beside the file."""
    text = json.dumps(truth, ensure_ascii=False, separators=(",", ":"))
    path.with_name(path.name + ".json").write_text(text + "\n", encoding="utf-8", newline="\n")


def main(folder: Path) -> None:
    """Make all files in the folder."""
    texts()
    for name, (data, truth) in {**TEXTS, **workbooks(), **archives()}.items():
        (folder / name).write_bytes(data)
        write_truth(folder / name, truth)
    if shutil.which("soffice"):
        converted(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
