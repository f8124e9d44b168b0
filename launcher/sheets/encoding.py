"""Which encoding a text file is in: certain where that is possible, else Russian text is recognised."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from launcher.sheets.model import SheetError, Source

BLOCK_BYTES = 1 << 20
SAMPLE_BYTES = 1 << 16

MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
CYRILLIC_ENCODINGS = ("cp1251", "koi8-r", "cp866")

# Frequency order of Russian letters: the most frequent third, and the last third, which text in the
# right encoding has few of and text in a wrong one has many of.
COMMON = frozenset("оеаинтсрвлк")
RARE = frozenset("бчйхжшюцщэфъё")
PUNCTUATION = frozenset("«»№—–…“”„’€₽°\xa0")

WESTERN = (
    "äöüßéèëç",  # German, with the accents of borrowed names
    "àâæçéèêëîïôùûüÿœ",  # French
    "áéíóúñüçªº¿¡",  # Spanish
    "áâãàçéêíóôõúü",  # Portuguese
    "àèéìíòóù",  # Italian
    "åäöæøéü",  # the Nordic languages
)
"""The letters beyond ASCII of the languages that Windows-1252 is used for."""

NOT_A_TABLE = "this is neither a CSV nor an Excel file. Save the table as .xlsx or CSV UTF-8 and run again."


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding that decodes the whole file; `bom` when a byte-order mark begins it."""

    name: str
    bom: bool = False


def find_encoding(source: Source, wanted: str | None) -> Encoding:
    """The encoding of `source`: `wanted` if given, else what the bytes say.

    Raises SheetError when the file is no text, or the encoding cannot decode all of it.
    """
    mark = _mark(source)
    if wanted is not None:
        encoding = _wanted(source, wanted, mark)
    elif mark is not None:
        encoding = mark
    else:
        encoding = Encoding(_guess(source))
    line = bad_line(source, encoding.name) if encoding.name != "utf-8" or mark or wanted else 0
    if line:
        advice = "Leave the encoding out" if wanted else 'Save the file as "CSV UTF-8"'
        raise SheetError(
            "line-not-in-encoding", name=source.name, line=line, encoding=shown(encoding.name), advice=advice
        )
    return encoding


def shown(encoding: str) -> str:
    """The name by which people know the encoding."""
    return {"cp1251": "Windows-1251", "cp1252": "Windows-1252"}.get(encoding, encoding.upper())


def bad_line(source: Source, encoding: str) -> int:
    """The first line (from 1) that `encoding` cannot decode, 0 when it decodes the whole file.

    The whole file, because the first Russian letter may stand in its last row. Raises SheetError at
    a NUL character: a text file has none, and it would cut or merge cells.
    """
    if _decodes(source, encoding):
        return 0
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    lines = 0
    with source.path.open("rb") as file:
        while True:
            block = file.read(BLOCK_BYTES)
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                before = error.object[: error.start].decode(encoding)
                return lines + before.count("\n") + 1
            if "\0" in text:
                line = lines + text[: text.index("\0")].count("\n") + 1
                raise _nul(source, line)
            lines += text.count("\n")
            if not block:
                return 0


def _decodes(source: Source, encoding: str) -> bool:
    """Whether the whole file is text in `encoding` without a NUL; counts no lines, so it is quick."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    wide = encoding.startswith(("utf-16", "utf-32"))
    torn = False  # a character may go on in the next block
    with source.path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            if not wide and not torn and block.isascii():
                if b"\0" in block:
                    return False
                continue
            try:
                text = decoder.decode(block)
            except UnicodeDecodeError:
                return False
            torn = decoder.getstate()[0] != b""
            if "\0" in text:
                return False
    return not torn


def _mark(source: Source) -> Encoding | None:
    with source.path.open("rb") as file:
        head = file.read(4)
    return next((Encoding(name, bom=True) for mark, name in MARKS if head.startswith(mark)), None)


def _wanted(source: Source, wanted: str, mark: Encoding | None) -> Encoding:
    try:
        name = codecs.lookup(wanted).name
        " ".encode(name)
    except (LookupError, TypeError, ValueError):  # ValueError: a NUL in the name
        raise SheetError("no-such-encoding", name=source.name, wanted=wanted) from None
    name = {"utf-8-sig": "utf-8", "utf-16": mark.name if mark else "utf-16-le"}.get(name, name)
    if mark is not None and mark.name != name:
        raise SheetError(
            "mark-of-another-encoding", name=source.name, marked=shown(mark.name), wanted=shown(name)
        )
    return Encoding(name, bom=mark is not None)


def _guess(source: Source) -> str:
    with source.path.open("rb") as file:
        probe = file.read(4096)
    if b"\0" in probe:
        for name in ("utf-16-le", "utf-16-be"):
            if _mostly_plain(probe.decode(name, "ignore")):
                return name
        raise _nul(source, 1 + probe[: probe.index(0)].count(b"\n"))
    if not bad_line(source, "utf-8"):
        return "utf-8"
    words = _foreign_words(source)
    scores = {name: _score(b" ".join(words).decode(name, "replace")) for name in CYRILLIC_ENCODINGS}
    best = max(CYRILLIC_ENCODINGS, key=lambda name: scores[name])
    if scores[best] > 0 and any(len(word) > 1 for word in words):
        return best
    if _western(words):
        return "cp1252"
    raise SheetError("encoding-unknown", name=source.name, bad_line=bad_line(source, "utf-8"))


def _western(words: list[bytes]) -> bool:
    """Whether the words are Windows-1252: all their letters belong to one Western language.

    One, because Central European and Turkish text read as Windows-1252 gives letters of several.
    """
    try:
        letters = set("".join(word.decode("cp1252") for word in words).lower())
    except UnicodeDecodeError:
        return False
    foreign = {char for char in letters if not char.isascii()} - PUNCTUATION
    return any(foreign <= set(language) for language in WESTERN)


def _mostly_plain(text: str) -> bool:
    """Whether Latin and Cyrillic characters prevail; UTF-16 read the wrong way round has few."""
    return sum(0 < ord(char) < 128 or "Ѐ" <= char <= "ӿ" for char in text) * 10 > len(text) * 7


def _nul(source: Source, line: int) -> SheetError:
    return SheetError("nul-character", name=source.name, line=line, not_a_table=NOT_A_TABLE)


def _foreign_words(source: Source) -> list[bytes]:
    """The first 64 KB of what is not ASCII, with the ASCII letters that touch it."""
    found: list[bytes] = []
    size = 0
    with source.path.open("rb") as file:
        while size < SAMPLE_BYTES and (block := file.read(BLOCK_BYTES)):
            words = re.findall(rb"[A-Za-z]?[\x80-\xff]+[A-Za-z]?", block)
            found += words
            size += sum(map(len, words))
    return found[:SAMPLE_BYTES]


def _score(text: str) -> int:
    """How much `text` looks like Russian; 0 or less when it does not."""
    score, before = 0, " "
    for char in text:
        letter = char.lower()
        if char.isascii():
            score -= 3 * (char.isalpha() and not before.isascii() and before.isalpha())
        elif "а" <= letter <= "я" or letter in "ёіїєґў":
            score += 3 if letter in COMMON else 0 if letter in RARE else 1
            score -= 4 * (char.isupper() and before.islower())  # «иВАНОВ»
            score -= 3 * (before.isascii() and before.isalpha())  # «cafй»
        elif char not in PUNCTUATION:
            score -= 3
        before = char
    return score
