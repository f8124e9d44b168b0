"""XLSX: the stored value as text, numbered by the sheet, with the kind of each cell."""

import datetime as dt
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet

from launcher.sheets import Row, SheetError, Table, open_table
from tests.support.examples import examples


def book(
    folder: Path, *rows: tuple[Any, ...], first: tuple[int, int] = (1, 1), name: str = "deals.xlsx"
) -> Path:
    """A workbook as openpyxl writes it, the table beginning at `first` (row, column)."""
    made = openpyxl.Workbook()
    sheet = made.active
    assert isinstance(sheet, Worksheet)
    for down, row in enumerate(rows):
        for right, value in enumerate(row):
            sheet.cell(first[0] + down, first[1] + right, value)
    made.save(folder / name)
    return folder / name


def rows_of(table: Table) -> list[Row]:
    return [row for chunk in table.chunks() for row in chunk]


@pytest.mark.parametrize(
    ("value", "text", "kind"),
    [
        (777, "777", "n"),
        (777.0, "777", "n"),
        (-3, "-3", "n"),
        (12.5, "12.5", "n"),
        (0.1 + 0.2, "0.3", "n"),
        (0.00001, "0.00001", "n"),
        (999_999_999_999_999, "999999999999999", "n"),
        (12345678901234567890, "12345678901234570000", "r"),
        (True, "TRUE", "b"),
        (False, "FALSE", "b"),
        (dt.date(2026, 1, 5), "2026-01-05", "d"),
        (dt.datetime(2026, 1, 5, 13, 30), "2026-01-05 13:30:00", "D"),
        (dt.datetime(2026, 1, 5, 23, 59, 59), "2026-01-05 23:59:59", "D"),
        (dt.time(13, 30, 5), "13:30:05", "t"),
        (dt.timedelta(hours=26, minutes=5), "26:05:00", "t"),
        ("007", "007", "t"),
        ("12345678901234567890", "12345678901234567890", "t"),
        ("NA", "NA", "t"),
        (" spaces  inside ", " spaces  inside ", "t"),
        ("two\nlines", "two\nlines", "t"),
    ],
)
def test_a_cell_is_the_text_that_the_person_sees(tmp_path: Path, value: object, text: str, kind: str) -> None:
    row = rows_of(open_table(book(tmp_path, ("ID", "Value"), (1, value))))[0]

    if kind == "r":  # the last digits are lost already: that it is known is what counts
        assert (row.cells[1][:15], len(row.cells[1])) == (text[:15], len(text))
    else:
        assert row.cells[1] == text
    assert row.kinds == "n" + kind


def test_a_row_of_text_alone_has_no_kinds(tmp_path: Path) -> None:
    assert rows_of(open_table(book(tmp_path, ("ID", "A"), ("1", "x"), ("2", None)))) == [
        Row(2, ("1", "x")),
        Row(3, ("2", "")),
    ]


def test_rows_have_the_sheets_own_numbers_and_blank_ones_are_left_out(tmp_path: Path) -> None:
    path = book(tmp_path, (" ID ", "A"), (None, None), ("1", "x"), ("  ", None), ("2", "y"), first=(4, 3))

    table = open_table(path)

    assert (table.header, table.dialect.header_row, table.row_count) == (("ID", "A"), 4, 2)
    assert rows_of(table) == [Row(6, ("1", "x")), Row(8, ("2", "y"))]


def test_columns_without_a_heading_are_kept_and_blank_ones_at_the_end_are_not(tmp_path: Path) -> None:
    table = open_table(book(tmp_path, ("ID", None, "A", None, " "), ("1", "x", "y", "z", "")))

    assert table.header == ("ID", "", "A", "")
    assert rows_of(table) == [Row(2, ("1", "x", "y", "z"))]


def test_the_first_visible_sheet_is_read_and_any_other_when_it_is_named(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    hidden = made.active
    assert isinstance(hidden, Worksheet)
    hidden.title, hidden.sheet_state = "Old", "hidden"
    hidden.append(["old"])
    for title in ("Deals", "Notes"):
        made.create_sheet(title).append([title])
    made.active = 1
    made.save(tmp_path / "deals.xlsx")

    assert open_table(tmp_path / "deals.xlsx").dialect.sheet == "Deals"
    assert open_table(tmp_path / "deals.xlsx", sheet=" notes").header == ("Notes",)
    assert open_table(tmp_path / "deals.xlsx", sheet="Old").header == ("old",)
    with pytest.raises(SheetError, match=r"no sheet is called 'Deal'; did you mean 'Deals'\?"):
        open_table(tmp_path / "deals.xlsx", sheet="Deal")
    with pytest.raises(SheetError, match=r"no sheet is called 'zzz'; it has 'Old', 'Deals', 'Notes'"):
        open_table(tmp_path / "deals.xlsx", sheet="zzz")


def test_the_name_does_not_matter(tmp_path: Path) -> None:
    book(tmp_path, ("ID", "A"), ("1", "x")).rename(tmp_path / "deals.csv")

    assert open_table(tmp_path / "deals.csv").dialect.format == "xlsx"


def test_more_rows_than_a_chunk_all_come(tmp_path: Path) -> None:
    table = open_table(book(tmp_path, ("ID", "A"), *((n, "x") for n in range(2, 2_503))))

    assert [len(chunk) for chunk in table.chunks()] == [2_000, 501]
    assert all(row.cells[0] == str(row.number) for row in rows_of(table))


def test_an_empty_sheet_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SheetError, match="is empty"):
        open_table(book(tmp_path))


def test_a_cut_workbook_and_other_archives_are_refused(tmp_path: Path) -> None:
    whole = book(tmp_path, ("ID", "A"), ("1", "x")).read_bytes()
    cut, archive, hollow = tmp_path / "cut.xlsx", tmp_path / "archive.zip", tmp_path / "hollow.xlsx"
    cut.write_bytes(whole[: len(whole) // 2])
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("leads.csv", "ID\n1\n")
        made.writestr("deals.csv", "ID\n1\n")
    with zipfile.ZipFile(hollow, "w") as made:
        made.writestr("xl/workbook.xml", "<workbook/>")

    for path, message in ((cut, "damaged"), (archive, "a ZIP archive"), (hollow, "damaged|no sheet")):
        with pytest.raises(SheetError, match=message):
            open_table(path)


def test_a_damaged_byte_is_never_an_error_of_a_library(tmp_path: Path) -> None:
    path = book(tmp_path, ("ID", "A"), ("1", "x"))
    whole, outcomes = path.read_bytes(), Counter[str]()
    for place in range(4, len(whole), max(1, len(whole) // 150)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x5A]) + whole[place + 1 :])
        try:
            rows_of(open_table(path))
        except SheetError:
            outcomes["refused"] += 1
        else:
            outcomes["read"] += 1

    assert outcomes.total() >= 150
    assert min(outcomes["read"], outcomes["refused"]) > 10, "a byte that says nothing is no damage"


@given(
    st.lists(
        st.lists(
            st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\t\n")),
            min_size=2,
            max_size=2,
        ),
        min_size=1,
        max_size=5,
    )
)
@settings(max_examples=examples(40))
def test_any_text_reads_back_identical(tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]) -> None:
    import xlsxwriter

    path = tmp_path_factory.getbasetemp() / "any.xlsx"
    with xlsxwriter.Workbook(path) as made:
        sheet = made.add_worksheet()
        for down, row in enumerate([["ID", "A"], *rows]):
            for right, text in enumerate(row):
                sheet.write_string(down, right, text)

    kept = [Row(n, tuple(row)) for n, row in enumerate(rows, 2) if any(map(str.strip, row))]
    assert rows_of(open_table(path)) == kept
