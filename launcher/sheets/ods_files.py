"""ODS: what LibreOffice writes, streamed."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING

from launcher.sheets import grid
from launcher.sheets.model import MAX_COLUMNS, Format, ReadOptions, Source, Table
from launcher.sheets.xlsx_cells import MAX_ROWS, numeric
from launcher.sheets.xlsx_parts import DamagedError, forget, translate_errors

if TYPE_CHECKING:
    from lxml.etree import _Element

TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
CALC = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}"
DURATION = re.compile(r"(-?)PT(\d+)H(\d+)M(\d+)(?:[.,]\d+)?S\Z")
TRUTHS = {"TRUE": "TRUE", "FALSE": "FALSE", "ИСТИНА": "TRUE", "ЛОЖЬ": "FALSE"}
MAX_SPACES = 10_000
MAX_CELLS = 40_000_000
"""Repeated cells are written once; a sheet may not be filled with them to no end."""


def open_ods(source: Source, options: ReadOptions) -> Table:
    """One sheet of the workbook as a table; without `sheet` the first that is visible."""
    with translate_errors(source):
        names = list(_sheets(source))
    facts = grid.Facts()

    def rows(sheet: int) -> grid.Rows:
        with translate_errors(source):
            yield from _rows(source, sheet, facts)

    chosen = grid.choose_sheet(source.name, names, options.sheet, rows)
    return grid.table(source, names[chosen][0], lambda: rows(chosen), facts, header_row=options.header_row)


def _events(source: Source, *tags: str) -> Iterator[tuple[str, _Element]]:
    from lxml import etree

    with zipfile.ZipFile(source.path) as package:
        manifest = "META-INF/manifest.xml"
        if manifest in package.namelist() and b"encryption-data" in package.read(manifest):
            raise grid.protected(source.name)
        with package.open("content.xml") as file:
            yield from etree.iterparse(
                file,
                events=("start", "end"),
                tag=tags,
                resolve_entities=False,
                no_network=True,
                remove_comments=True,
            )


def _sheets(source: Source) -> Iterator[tuple[str, bool]]:
    """Name and visibility of each sheet."""
    hidden: set[str] = set()
    style = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}style"
    for event, element in _events(source, TABLE + "table", TABLE + "table-row", style):
        if element.tag == style:
            if event == "end" and any(child.get(TABLE + "display") == "false" for child in element):
                hidden.add(str(element.get("{urn:oasis:names:tc:opendocument:xmlns:style:1.0}name")))
        elif element.tag == TABLE + "table":
            if event == "start":
                yield str(element.get(TABLE + "name") or ""), element.get(TABLE + "style-name") not in hidden
        elif event == "end":
            element.clear()


def _rows(source: Source, sheet: int, facts: grid.Facts) -> grid.Rows:
    facts.hidden, facts.merged, facts.filtered = [], [], False
    index, number, total = -1, 0, 0
    for event, element in _events(source, TABLE + "table", TABLE + "table-row", TABLE + "database-range"):
        if element.tag == TABLE + "table":
            index += event == "start"
        elif element.tag == TABLE + "database-range":
            facts.filtered |= event == "end" and any(str(child.tag).endswith("}filter") for child in element)
        elif event == "end":
            if index == sheet:
                repeated = _count(element, "number-rows-repeated", MAX_ROWS)
                cells = _cells(element, number + 1, facts)
                total += len(cells) * repeated
                if total > MAX_CELLS:
                    raise DamagedError
                if element.get(TABLE + "visibility") in ("collapse", "filter") and cells:
                    facts.hidden += range(number + 1, number + 1 + repeated)
                for offset in range(1, repeated + 1) if cells else ():
                    yield number + offset, cells
                number += repeated
                if cells and number > MAX_ROWS:
                    raise DamagedError
            forget(element)


def _cells(row: _Element, number: int, facts: grid.Facts) -> list[grid.Cell]:
    """The cells of a row, none when it is blank."""
    cells: list[grid.Cell] = []
    for element in row:
        if element.tag not in (TABLE + "table-cell", TABLE + "covered-table-cell"):
            continue
        across = _count(element, "number-columns-spanned", MAX_COLUMNS)
        down = _count(element, "number-rows-spanned", MAX_ROWS)
        cell = _cell(element) if element.tag == TABLE + "table-cell" else grid.BLANK
        if across > 1 or down > 1:
            column = len(cells) + 1
            facts.merged.append((number, column, number + down - 1, column + across - 1))
        cells += [cell] * _count(element, "number-columns-repeated", 4 * MAX_COLUMNS)
        if len(cells) > 5 * MAX_COLUMNS:
            raise DamagedError
    while cells and cells[-1] == grid.BLANK:
        cells.pop()
    return cells if any(map(grid.used, cells)) else []


def _cell(element: _Element) -> grid.Cell:
    kind = element.get(OFFICE + "value-type")
    if element.get(CALC + "value-type") == "error":
        return _text(element) or "#N/A", "e"
    value = str(element.get(OFFICE + "value") or "")
    match kind:
        case "float" if (shown := _text(element).upper()) in TRUTHS:  # what a formula with TRUE() gives
            return TRUTHS[shown], "b"
        case "float" | "percentage" | "currency":
            return numeric(value, "n")
        case "boolean":
            return ("TRUE" if element.get(OFFICE + "boolean-value") == "true" else "FALSE"), "b"
        case "date":
            date = str(element.get(OFFICE + "date-value") or "")
            return (date[:19].replace("T", " "), "D") if "T" in date else (date, "d")
        case "time":
            return _duration(str(element.get(OFFICE + "time-value") or ""))
        case _:
            return _text(element) or str(element.get(OFFICE + "string-value") or ""), "t"


def _duration(value: str) -> grid.Cell:
    found = DURATION.match(value)
    if found is None:
        return value, "t"
    return f"{found[1]}{int(found[2])}:{found[3]}:{found[4]}", "t"


def _text(element: _Element) -> str:
    """The paragraphs of a cell, a line each; notes and drawings beside them are left out."""
    return "\n".join("".join(_parts(child)) for child in element if child.tag == TEXT + "p")


def _parts(element: _Element) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        if child.tag == TEXT + "s":
            yield " " * _spaces(child)
        elif child.tag == TEXT + "tab":
            yield "\t"
        elif child.tag == TEXT + "line-break":
            yield "\n"
        elif child.tag != OFFICE + "annotation":
            yield from _parts(child)
        yield child.tail or ""


def _spaces(element: _Element) -> int:
    text = str(element.get(TEXT + "c") or "1")
    return min(int(text), MAX_SPACES) if text.isascii() and text.isdigit() and len(text) < 9 else 1


def _count(element: _Element, name: str, most: int) -> int:
    text = str(element.get(TABLE + name) or "1")
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise DamagedError
    return max(1, min(int(text), most))


ODS = Format(sniff=lambda _head, members: "content.xml" in members, open=open_ods)
