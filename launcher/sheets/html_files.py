"""HTML: a table in a web page, as Bitrix24's own "Export to Excel" writes it under a name in .xls."""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from launcher.sheets.encoding import BLOCK_BYTES, find_encoding
from launcher.sheets.grid import refuse_two_rows, two_rows
from launcher.sheets.model import (
    CHUNK_ROWS,
    MAX_COLUMNS,
    Dialect,
    Format,
    ReadOptions,
    Row,
    SheetError,
    Source,
    Table,
)
from launcher.sheets.xlsx_parts import forget

if TYPE_CHECKING:
    from lxml.etree import _Element

CHARSET = re.compile(rb"""<meta[^>]*charset\s*=\s*["']?([A-Za-z0-9_-]+)""", re.IGNORECASE)
LINE_ENDS = re.compile(r"[ \t]*[\r\n]+[ \t]*")
UNSEEN = ("script", "style", "head", "template")
MAX_SPAN = 1_000


def open_html(source: Source, options: ReadOptions) -> Table:
    """The first table of the page. Raises SheetError when it cannot be read with certainty."""
    stamp = source.stamp()
    page = _Page(source, _encoding(source, options.encoding))
    header: tuple[str, ...] = ()
    below: tuple[str, ...] | None = None
    row_count = at = 0
    for number, cells in page.rows():
        if header:
            below = cells if below is None else below
            if any(map(str.strip, cells[len(header) :])):
                raise SheetError(
                    "row-too-wide", name=source.name, number=number, cells=len(cells), header=len(header)
                )
            row_count += any(map(str.strip, cells))
        elif (any(map(str.strip, cells)) and options.header_row is None) or number == options.header_row:
            header, at = tuple(cell.strip() for cell in cells), number
    page.refuse_cut()
    if not any(header):
        raise SheetError("no-table-in-page", name=source.name)
    if len(header) > MAX_COLUMNS:
        raise SheetError("too-many-columns", name=source.name, widest=len(header), max_columns=MAX_COLUMNS)
    if options.header_row is None:
        refuse_two_rows(source.name, header, below or (), at)
        if page.header_spans:
            raise two_rows(source.name, at)
    dialect = Dialect(format="html", encoding=page.encoding, header_row=at)
    notes = [f"The page has {page.tables} tables; the first one is read."] if page.tables > 1 else []

    def read() -> Iterator[list[Row]]:
        if source.stamp() != stamp:
            raise source.changed()
        rows = (
            Row(number, (*cells[: len(header)], *([""] * (len(header) - len(cells)))))
            for number, cells in page.rows()
            if number > at and any(map(str.strip, cells))
        )
        while chunk := list(islice(rows, CHUNK_ROWS)):
            yield chunk

    return Table(header=header, dialect=dialect, row_count=row_count, read=read, notes=tuple(notes))


def _encoding(source: Source, wanted: str | None) -> str:
    """What the page says of itself, where its bytes agree."""
    with source.path.open("rb") as file:
        declared = CHARSET.search(file.read(4096))
    if wanted is None and declared is not None:
        try:
            return find_encoding(source, declared[1].decode()).name
        except SheetError:
            pass  # a page that was saved anew by another program than made it
    return find_encoding(source, wanted).name


@dataclass(slots=True)
class _Page:
    """A page; each going through it counts its tables anew."""

    source: Source
    encoding: str
    tables: int = 0
    header_spans: bool = False
    """The first row with cells reaches down into the next."""
    last_tag: str = ""

    def rows(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Number and cells of each row of the first table, blank ones too.

        A cell over several columns or rows stands in the first of them, the rest are blank.
        """
        number = 0
        reaching: dict[int, int] = {}  # column -> rows that a cell from above still takes
        for element in self._elements():
            number += 1
            cells: list[str] = []
            for cell in element:
                if cell.tag not in ("td", "th"):
                    continue
                _free(cells, reaching)
                across, down = _span(cell, "colspan"), _span(cell, "rowspan")
                if down > 1:
                    self.header_spans |= number == 1
                    reaching.update({len(cells) + offset: down for offset in range(across)})
                cells += [_text(cell)] + [""] * (across - 1)
                if len(cells) > MAX_COLUMNS:
                    raise SheetError(
                        "page-row-too-wide", name=self.source.name, number=number, max_columns=MAX_COLUMNS
                    )
            _free(cells, reaching)
            reaching = {column: left - 1 for column, left in reaching.items() if left > 1}
            yield number, tuple(cells)

    def refuse_cut(self) -> None:
        """Raises SheetError when the page ends within its table: a file that was not written to its end."""
        if self.last_tag != "</table":
            raise SheetError("page-cut", name=self.source.name)

    def _elements(self) -> Iterator[_Element]:
        """The `tr` elements of the first table, each forgotten after its use."""
        from lxml import etree

        # Not iterparse of the file: the page's own charset would win over the one that was found right.
        parser = etree.HTMLPullParser(
            events=("start", "end"), tag=("table", "tr"), encoding="utf-8", huge_tree=True, remove_comments=True
        )
        tables = 0
        for piece in self._pieces():
            try:
                parser.feed(piece)
            except etree.LxmlError as error:
                raise SheetError("page-damaged", name=self.source.name) from error
            found: Iterator[tuple[str, Any]] = parser.read_events()
            for event, element in found:
                if element.tag == "table":
                    tables += event == "start"
                    if tables == 2 and any(True for _ in element.iterancestors("td", "th")):
                        raise SheetError("nested-table", name=self.source.name)
                elif event == "end":
                    if tables == 1:
                        yield element
                    forget(element)
        self.tables = tables

    def _pieces(self) -> Iterator[bytes]:
        decoder = codecs.getincrementaldecoder(self.encoding)("strict")
        tail = ""
        with self.source.path.open("rb") as file:
            while block := file.read(BLOCK_BYTES // 4):
                text = decoder.decode(block)
                tail = (tail + text).lower()
                ends = max(("<tr", "</table"), key=tail.rfind)
                if ends in tail:
                    self.last_tag = ends
                tail = tail[-8:]
                yield text.encode("utf-8", "replace")


def _free(cells: list[str], reaching: dict[int, int]) -> None:
    """Fill the columns that cells from above take."""
    while len(cells) in reaching:
        cells.append("")


def _span(cell: _Element, name: str) -> int:
    text = str(cell.get(name) or "1").strip()
    return min(int(text), MAX_SPAN) if text.isascii() and text.isdigit() and text != "0" else 1


def _text(cell: _Element) -> str:
    """The cell as a person sees it: lines where the page breaks them, no spaces around."""
    parts = [LINE_ENDS.sub(" ", cell.text or "")]
    for inner in cell.iterdescendants():
        if not isinstance(inner.tag, str):
            continue
        if inner.tag == "br" or (inner.tag in ("p", "div", "li") and "".join(parts).strip()):
            parts.append("\n")
        if inner.text and inner.tag not in UNSEEN:
            parts.append(LINE_ENDS.sub(" ", inner.text))
        if inner.tail:
            tail = inner.tail.lstrip("\r\n") if inner.tag == "br" else inner.tail
            parts.append(LINE_ENDS.sub(" ", tail))
    return "".join(parts).replace("\xa0", " ").strip()


_TAGS = (b"<html", b"<!doctype html", b"<meta", b"<table", b"<head", b"<body", b"<style")


def _is_web_page(head: bytes, _members: Collection[str]) -> bool:
    text = head.removeprefix(codecs.BOM_UTF8).lstrip().lower()
    return text.startswith(_TAGS) or (text.startswith(b"<?xml") and b"<html" in text)


HTML = Format(sniff=_is_web_page, open=open_html, has_sheets=False)
