"""Shared texts: taken from the bytes they are those that a parser of XML gives, or they are left to it."""

import io
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from launcher.sheets.xlsx_parts import elements, plain_texts
from tests.support.examples import examples

HEAD = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" count="3" uniqueCount="3">'
)


def part(texts: list[str]) -> bytes:
    """The part as Excel writes it."""
    items = []
    for text in texts:
        escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        kept = ' xml:space="preserve"' if text != text.strip() else ""
        items.append(f"<si><t{kept}>{escaped}</t></si>")
    return (HEAD + "".join(items) + "</sst>").encode()


def parsed(data: bytes) -> list[str] | None:
    """What a parser says; None where it refuses the part."""
    try:
        return ["".join(t.text or "" for t in item.iter("{*}t")) for item in elements(io.BytesIO(data), "si")]
    except etree.LxmlError:
        return None


INSERTED = (
    *(b"&", b"<!", b"<t>", b"</t>", b"<si>", b"]]>", b"&lt;", b"&#0;"),
    *(b"\xef\xbb\xbf", b"\xef\xbf\xbf", b"\xc3\xa9"),
)
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\t\n"), max_size=20)


@given(st.lists(TEXT | st.sampled_from(["&amp;", "&#10;", "]]>", "<si>", ' xml:space="preserve">', "_x000D_"])))
@settings(max_examples=examples(200))
def test_any_texts_are_those_that_a_parser_gives(texts: list[str]) -> None:
    data = part(texts)

    assert plain_texts(data) in (None, texts)
    assert parsed(data) == texts


def test_the_usual_part_is_taken_from_its_bytes() -> None:
    texts = ["ID", "ООО «Ромашка» & Ко", " <b> ", "два\nряда", ""]

    assert plain_texts(part(texts)) == texts
    assert plain_texts(part([])) == []


@pytest.mark.parametrize(
    "item",
    [
        "<si><r><t>a</t></r></si>",
        "<si><t/></si>",
        "<si><t>a</t><phoneticPr/></si>",
        "<si><t><![CDATA[a]]></t></si>",
        "<!-- <si><t>a</t></si> -->",
        "<si><t>a&#10;b</t></si>",
        "<si><t>a\rb</t></si>",
        "<si><t>a&nbsp;b</t></si>",
        "<si><t>a & b</t></si>",
        "text<si><t>a</t></si>",
    ],
)
def test_whatever_else_a_part_may_hold_is_left_to_the_parser(item: str) -> None:
    assert plain_texts((HEAD + item + "</sst>").encode()) is None


def test_a_damaged_part_is_refused_or_gives_what_a_parser_gives() -> None:
    dice, whole = random.Random(3), part(["ID", "ООО & Ко", " x ", "y", "z" * 20])
    read = 0
    for _ in range(20_000):
        data = bytearray(whole)
        for _ in range(dice.choice((1, 1, 2, 5))):
            at = dice.randrange(len(data))
            match dice.randrange(3):
                case 0:
                    data[at] = dice.choice(b"<>/&;\"' ts\r\n\0\xff\xc2\x80x=")
                case 1:
                    del data[at]
                case _:
                    data[at:at] = dice.choice(INSERTED)
        texts = plain_texts(bytes(data))
        if texts is not None:
            read += 1
            assert texts == parsed(bytes(data)), bytes(data)
    assert read > 500
