"""Encodings: certain where that is possible, recognised where it is Russian, refused else."""

from pathlib import Path

import pytest

from launcher.sheets import SheetError, open_table

RUSSIAN = ["cp1251", "koi8-r", "cp866"]


def written(folder: Path, text: str, encoding: str) -> Path:
    path = folder / "leads.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", RUSSIAN)
@pytest.mark.parametrize(
    "text",
    [
        "ID;Имя;Комментарий\n1;Иванов Иван;перезвонить после обеда\n",
        "ID;НАЗВАНИЕ;ОТВЕТСТВЕННЫЙ\n1;ИВАНОВ;СЕРГЕЕВ\n",
        "ID;Name\n1;Ольга\n",
        "ID;Name\n1;Объём\n",
        "ID;Name\n1;Щукин\n2;Ёлкина\n3;Жюль Ъ\n",
        "ID;Name\n" + "1;plain\n" * 5_000 + "2;Пётр Заозёрный\n",
    ],
)
def test_russian_text_is_recognised_in_each_of_its_encodings(tmp_path: Path, encoding: str, text: str) -> None:
    table = open_table(written(tmp_path, text, encoding))

    assert table.dialect.encoding == encoding
    assert table.header == tuple(text.split("\n")[0].split(";"))


@pytest.mark.parametrize(
    ("codec", "encoding", "bom"),
    [
        ("utf-8", "utf-8", False),
        ("utf-8-sig", "utf-8", True),
        ("utf-16-le", "utf-16-le", False),
        ("utf-16-be", "utf-16-be", False),
    ],
)
def test_unicode_is_recognised_with_and_without_its_mark(
    tmp_path: Path, codec: str, encoding: str, bom: bool
) -> None:
    table = open_table(written(tmp_path, "ID;Имя\n1;Ольга 😀\n", codec))

    assert (table.header, table.dialect.encoding, table.dialect.bom) == (("ID", "Имя"), encoding, bom)
    assert next(table.chunks())[0].cells == ("1", "Ольга 😀")


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf_16_with_its_mark_keeps_a_quoted_heading_whole(tmp_path: Path, codec: str) -> None:
    table = open_table(written(tmp_path, '\ufeff"ID;\nlead";A\n1;2\n', codec))

    assert (table.header, table.dialect.bom) == (("ID;\nlead", "A"), True)
    assert [row.number for row in next(table.chunks())] == [2]


def test_utf_16_may_be_named_without_its_byte_order(tmp_path: Path) -> None:
    path = written(tmp_path, "\ufeffID;Имя\n", "utf-16-be")

    assert open_table(path, encoding="UTF-16").dialect.encoding == "utf-16-be"


def test_the_persons_encoding_wins(tmp_path: Path) -> None:
    path = written(tmp_path, "ID;Имя\n", "koi8-r")

    assert open_table(path, encoding="Windows-1251").header == ("ID", "йНС")


@pytest.mark.parametrize(
    ("codec", "wanted", "message"),
    [
        ("cp1251", "utf-8", r"line 3: not UTF-8\. Leave the encoding out"),
        ("cp1251", "utf-9", r"no encoding is called 'utf-9'"),
        ("cp1251", "hex", r"no encoding is called 'hex'"),
        ("utf-8-sig", "cp1251", r"the mark of UTF-8, so it is not Windows-1251"),
        ("utf-8", "ascii", r"line 3: not ASCII"),
    ],
)
def test_a_wrong_encoding_is_an_error_that_says_what_to_do(
    tmp_path: Path, codec: str, wanted: str, message: str
) -> None:
    with pytest.raises(SheetError, match=message):
        open_table(written(tmp_path, "ID;A\n1;b\n2;Имя\n", codec), encoding=wanted)


@pytest.mark.parametrize(
    "text",
    [
        "ID;Name\n1;x\n2;café au lait\n",
        "ID;Name\n1;x\n2;âge\n",
        "ID;Name\n1;x\n2;Weiß\n3;Vögel für Zoë – 5 €\n",
    ],
)
def test_the_letters_of_one_western_language_are_windows_1252_and_that_is_said(
    tmp_path: Path, text: str
) -> None:
    table = open_table(written(tmp_path, text, "cp1252"))

    assert table.dialect.encoding == "cp1252"
    assert next(table.chunks())[-1].cells == tuple(text.splitlines()[-1].split(";"))
    assert "Windows-1252" in table.notes[0]


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("ID;Name\n1;x\n2;Dvořák žluťoučký kůň\n", "cp1250"),
        ("ID;Name\n1;x\n2;zażółć gęślą jaźń\n", "cp1250"),
        ("ID;Name\n1;x\n2;İstanbul ışık ağaç\n", "cp1254"),
    ],
)
def test_text_that_is_surely_none_of_them_is_refused_and_not_guessed(
    tmp_path: Path, text: str, codec: str
) -> None:
    with pytest.raises(SheetError, match=r"leads\.csv, line 3: neither UTF-8, nor a Russian encoding"):
        open_table(written(tmp_path, text, codec))


def test_one_damaged_byte_at_the_end_of_a_big_file_is_found_before_a_row_is_used(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_bytes("ID;Имя\n".encode() + "1;Ольга\n".encode() * 200_000 + b"2;\xff\n")

    with pytest.raises(SheetError, match=r"line 200002: not UTF-8"):
        open_table(path, encoding="utf-8")
