"""What surrounds a table, and what a person may overrule."""

import io
import sys
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from launcher.sheets import Row, SheetError, Table, open_table, xlsx_files
from tests.support.examples import examples


def rows_of(table: Table) -> list[Row]:
    return [row for chunk in table.chunks() for row in chunk]


class _Input:
    def __init__(self, data: bytes) -> None:
        self.buffer = io.BytesIO(data)


def test_a_single_dash_is_standard_input_and_its_copy_is_removed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(sys, "stdin", _Input(b"ID;A\n1;x\n"))

    table = open_table(Path("-"))

    assert rows_of(table) == rows_of(table) == [Row(2, ("1", "x"))]
    assert len(list(tmp_path.iterdir())) == 1
    del table
    assert list(tmp_path.iterdir()) == []


def test_nothing_on_standard_input_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", _Input(b""))

    with pytest.raises(SheetError, match="standard input is empty"):
        open_table(Path("-"))


@pytest.mark.parametrize(
    "name", ["values.xlsx", "title-above.csv", "bitrix-export.xls", "libreoffice-values.ods"]
)
def test_the_row_of_headings_may_be_named(name: str) -> None:
    path = Path(__file__).parents[1] / "samples" / name
    whole = rows_of(open_table(path, header_row=3))

    assert open_table(path, header_row=3).dialect.header_row == 3
    assert all(row.number > 3 for row in whole)
    with pytest.raises(SheetError, match="counted from 1"):
        open_table(path, header_row=0)


def sheet_of(path: Path, rows: list[list[Any]], *, inline: bool) -> None:
    with xlsxwriter.Workbook(path, {"constant_memory": inline}) as book:
        sheet = book.add_worksheet()
        for down, row in enumerate([["ID", "A", "B"], *rows]):
            for right, value in enumerate(row):
                if value is None:
                    continue
                write = {bool: sheet.write_boolean, str: sheet.write_string}.get(
                    type(value), sheet.write_number
                )
                write(down, right, value)


CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**14), 10**14), st.text("aЯ1 <>&\"'_x\n", max_size=4)
)


@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=6), st.booleans(), st.booleans())
@settings(max_examples=examples(80))
def test_any_sheet_reads_back_whether_it_is_parsed_or_scanned_when_opened(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[Any]], inline: bool, scanned: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "any-sheet.xlsx"
    sheet_of(path, rows, inline=inline)

    def cell(value: Any) -> tuple[str, str]:
        match value:
            case None:
                return "", "t"
            case bool():
                return str(value).upper(), "b"
            case int():
                return str(value), "n"
            case _:
                return value, "t"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(xlsx_files, "SMALL_PART", 0 if scanned else 1 << 30)
        table = open_table(path)
        expected = []
        for number, row in enumerate(rows, 2):
            texts, kinds = zip(*map(cell, row), strict=True)
            if any(text.strip() for text in texts):
                expected.append(Row(number, texts, "".join(kinds) if set(kinds) != {"t"} else ""))
        assert rows_of(table) == expected
        assert table.row_count == len(expected)
