"""The shared texts of a workbook, taken from the bytes of a part that is written as the usual programs do.

A part that is not, or is damaged, is left to the parser of XML, which takes four times as long.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from launcher.errors import LauncherError
from launcher.sheets import grid
from launcher.sheets.containers import ARCHIVE_ERRORS
from launcher.sheets.model import Source

if TYPE_CHECKING:
    from lxml.etree import _Element


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


RELATION = re.compile(r"\{[^}]*officeDocument/(2006/)?relationships\}id$")
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
MAX_PART = 256 << 20
"""Bytes of a part that is held in memory as a whole; a real one is a thousandth of it."""

DATES = frozenset({14, 15, 16, 17, *range(27, 32), *range(34, 37), *range(50, 55), 57, 58})
TIMES = frozenset({18, 19, 20, 21, 32, 33, 45, 46, 47, 55, 56})
BOTH = frozenset({22})
LITERAL = re.compile(r'"[^"]*"?|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
ELAPSED = re.compile(r"\[(h+|m+|s+)\]", re.IGNORECASE)


class DamagedError(LauncherError):
    """The package lacks something that it refers to, or has it twice."""


@contextmanager
def translate_errors(source: Source) -> Iterator[None]:
    """Raises SheetError for what reading a damaged package raises, or one that is gone."""
    from lxml.etree import LxmlError

    try:
        yield
    except FileNotFoundError:
        raise source.changed() from None
    except (DamagedError, LxmlError, *ARCHIVE_ERRORS):
        raise grid.damaged(source.name) from None


@dataclass(frozen=True, slots=True)
class SheetPart:
    """One sheet of a workbook, and where its cells stand in the package."""

    name: str
    visible: bool
    part: str


@dataclass(slots=True)
class Workbook:
    """An open package."""

    package: zipfile.ZipFile
    sheets: list[SheetPart] = field(default_factory=list)
    strings: list[str] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)
    """What the number of a cell with that style means: n, d, D, T a time of day, E a time that has passed."""
    since_1904: bool = False

    def load(self) -> None:
        """Read all but the sheets. Raises DamagedError."""
        names = {name.lower(): name for name in self.package.namelist()}
        book = next((name for low, name in names.items() if low.endswith("workbook.xml")), None)
        if book is None:
            raise DamagedError
        targets = self.targets(book, names)
        root = self._root(book)
        # Children only: an extension list has elements of these names too, which mean something else.
        for element in root.iterfind("{*}workbookPr"):
            self.since_1904 = element.get("date1904") in ("1", "true")
        for element in root.iterfind("{*}sheets/{*}sheet"):
            relation = next((str(v) for k, v in element.items() if RELATION.search(str(k))), "")
            part = names.get(targets.get(relation, ("", ""))[1].lower(), "")
            if part and targets[relation][0].endswith("/worksheet"):
                visible = element.get("state", "visible") == "visible"
                self.sheets.append(SheetPart(str(element.get("name") or ""), visible, part))
        for kind, part in targets.values():
            found = names.get(part.lower())
            if found and kind.endswith("/styles"):
                self.styles = list(_styles(self._root(found)))
            elif found and kind.endswith("/sharedStrings"):
                self.strings = self._strings(found)

    def targets(self, book: str, names: dict[str, str]) -> dict[str, tuple[str, str]]:
        """Kind and place of each part that `book` refers to, by the reference. Raises DamagedError."""
        folder, name = posixpath.split(book)
        relations = names.get(f"{folder}/_rels/{name}.rels".lower())
        if relations is None:
            raise DamagedError
        found = {}
        for element in self._root(relations).iter():
            if _local(element) == "Relationship":
                target = str(element.get("Target") or "")
                path = posixpath.normpath(posixpath.join("/" + folder, target)).lstrip("/")
                found[str(element.get("Id"))] = (str(element.get("Type") or ""), path)
        return found

    def _strings(self, part: str) -> list[str]:
        if self.package.getinfo(part).file_size <= MAX_BYTES:
            texts = plain_texts(self.package.read(part))
            if texts is not None:
                return list(map(unescaped, texts))
        with self.package.open(part) as file:
            return list(map(text_of, elements(file, "si")))

    def _root(self, part: str) -> _Element:
        from lxml import etree

        if self.package.getinfo(part).file_size > MAX_PART:
            raise DamagedError
        with self.package.open(part) as file:
            parser = etree.XMLParser(resolve_entities=False, no_network=True)
            return etree.fromstring(file.read(), parser)


def elements(file: IO[bytes], name: str) -> Iterator[_Element]:
    """Each element of that name as it ends, forgotten after its use."""
    from lxml import etree

    found = etree.iterparse(
        file, events=("end",), tag=f"{{*}}{name}", resolve_entities=False, no_network=True, remove_comments=True
    )
    for _, element in found:
        yield element
        forget(element)


def forget(element: _Element) -> None:
    """Free what the element holds, and those before it in the same parent, so that memory does not grow."""
    element.clear()
    parent = element.getparent()
    while parent is not None and parent[0] is not element:
        del parent[0]


def text_of(element: _Element) -> str:
    """The text of a string item: all its runs, without the reading aids of Japanese."""
    if len(element) == 1 and len(element[0]) == 0:
        text = element[0].text or "" if _local(element[0]) == "t" else ""
    else:
        texts = [t for t in element.iter("{*}t") if not any(_local(a) == "rPh" for a in t.iterancestors())]
        text = "".join(t.text or "" for t in texts)
    return unescaped(text)


def unescaped(text: str) -> str:
    """The text with its `_x000D_` escapes resolved; halves of surrogate pairs stay escaped."""
    if "_x" not in text:
        return text

    def char(match: re.Match[str]) -> str:
        code = int(match[1], 16)
        return match[0] if 0xD800 <= code < 0xE000 else chr(code)

    return ESCAPED.sub(char, text)


def _styles(root: _Element) -> Iterator[str]:
    # Not root.iter(): the formats within dxfs, of conditional formatting, have numbers of their own.
    formats = {
        str(element.get("numFmtId")): str(element.get("formatCode") or "")
        for listed in root.iterfind("{*}numFmts")
        for element in listed.iter("{*}numFmt")
    }
    for cells in root.iterfind("{*}cellXfs"):
        for style in cells.iter("{*}xf"):
            number = str(style.get("numFmtId") or "0")
            yield _meaning(formats[number]) if number in formats else _built_in(number)


def _built_in(number: str) -> str:
    if not (number.isascii() and number.isdigit() and len(number) < 6):
        return "n"
    identifier = int(number)
    if identifier == 46:
        return "E"
    return "d" if identifier in DATES else "T" if identifier in TIMES else "D" if identifier in BOTH else "n"


def _meaning(code: str) -> str:
    plain = LITERAL.sub("", code.split(";")[0])
    if ELAPSED.search(plain):
        return "E"
    plain = plain.lower().replace("general", "")
    time = "h" in plain or "s" in plain
    date = "d" in plain or "y" in plain or ("m" in plain and not time)
    return "D" if date and time else "d" if date else "T" if time else "n"


def _local(element: _Element) -> str:
    return str(element.tag).rpartition("}")[2]
