"""CSV as people have it: nothing damaged, nothing shifted, numbered as the spreadsheet program does."""

import os
from pathlib import Path

import pytest

from launcher.sheets import Dialect, Row, SheetError, Table, csv_rows, open_table
from launcher.sheets.model import MAX_COLUMNS


def table_of(folder: Path, text: str | bytes, name: str = "leads.csv", **options: str) -> Table:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return open_table(path, **options)


def rows_of(table: Table) -> list[Row]:
    return [row for chunk in table.chunks() for row in chunk]


@pytest.mark.parametrize(
    "cell",
    [
        *(
            "007",
            "1e5",
            "0x10",
            "inf",
            "NA",
            "null",
            "None",
            "nan",
            "#N/A",
            "<NA>",
            "12345678901234567890",
            "TRUE",
        ),
        *("2026-01-05", "1,5", "777.0", " two  spaces ", "0.10", "-", "5'10", 'a "word" in it', "=1+1", "\\n"),
    ],
)
def test_a_cell_stays_the_text_it_was(tmp_path: Path, cell: str) -> None:
    table = table_of(tmp_path, f"ID;Value;Next\n1;{cell};x\n")

    assert rows_of(table) == [Row(2, ("1", cell, "x"))]


def test_blank_lines_count_and_line_breaks_in_quotes_do_not(tmp_path: Path) -> None:
    """Excel shows a quoted cell of three lines as one row, and a blank line as a row."""
    table = table_of(tmp_path, 'ID,Note\r\n1,"a\nb\nc"\r\n\r\n,\r\n  , \r\n2,x\r\n')

    assert rows_of(table) == [Row(2, ("1", "a\nb\nc")), Row(6, ("2", "x"))]
    assert table.row_count == 2


def test_headings_are_stripped_and_duplicate_and_blank_ones_are_kept(tmp_path: Path) -> None:
    assert table_of(tmp_path, " ID ,Name,,Name\n1,a,b,c\n").header == ("ID", "Name", "", "Name")


def test_a_shorter_row_is_filled_with_blanks(tmp_path: Path) -> None:
    assert rows_of(table_of(tmp_path, "ID,A,B\n1\n2,x\n")) == [Row(2, ("1", "", "")), Row(3, ("2", "x", ""))]


def test_a_row_with_more_cells_than_headings_is_an_error_that_names_the_row(tmp_path: Path) -> None:
    with pytest.raises(SheetError, match=r"leads\.csv, row 4: 3 cells under 2 headings"):
        table_of(tmp_path, 'ID,Name\n1,"a\nb"\n\n2,Bluefin, Ltd.\n')


@pytest.mark.parametrize("extra", [";", ";;;;", "; ; "])
def test_blank_cells_beyond_the_header_are_no_error(tmp_path: Path, extra: str) -> None:
    table = table_of(tmp_path, f"ID;Name\n1;a{extra}\n2;b\n3;c{extra}\n")

    assert rows_of(table) == [Row(2, ("1", "a")), Row(3, ("2", "b")), Row(4, ("3", "c"))]


def test_the_portals_own_export_ends_every_line_with_a_delimiter(tmp_path: Path) -> None:
    table = table_of(tmp_path, b'\xef\xbb\xbf"ID";"\xd0\x98\xd0\xbc\xd1\x8f";\n"7";"a";\n')

    assert table.header == ("ID", "Имя", "")
    assert rows_of(table) == [Row(2, ("7", "a", ""))]
    assert table.dialect == Dialect(format="csv", bom=True, delimiter=";", newline="\n")


def test_a_sep_line_names_the_delimiter_and_is_no_row(tmp_path: Path) -> None:
    table = table_of(tmp_path, "sep=|\r\nID|A;B;C\r\n1|x;y;z\r\n")

    assert (table.header, rows_of(table)) == (("ID", "A;B;C"), [Row(2, ("1", "x;y;z"))])
    assert (table.dialect.sep_line, table.dialect.delimiter) == (True, "|")


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("deal_id\n1\n2\n", ("deal_id",)),
        ("ID;Сумма, руб\n1;1,5\n2;2,5\n", ("ID", "Сумма, руб")),
        ("ID;Name;a, b\n1;x;1,5\n2;y;2,5\n3;z\n", ("ID", "Name", "a, b")),
        ("ID\tName, first|last\n1\tx\n", ("ID", "Name, first|last")),
        ('"ID";"Name"\n"1";"a,b,c"\n', ("ID", "Name")),
        ("ID|Time\n1|12:30\n", ("ID", "Time")),
        ("ID;Name", ("ID", "Name")),
        ("ID;Сумма, руб;X\n" + "1;1,5;x\n" * 30 + "2;2,5\n", ("ID", "Сумма, руб", "X")),
        ("ID\u2028x,B\n1,2\n", ("ID\u2028x", "B")),
    ],
)
def test_the_delimiter_is_the_one_that_makes_the_rows_alike(
    tmp_path: Path, text: str, header: tuple[str, ...]
) -> None:
    assert table_of(tmp_path, text).header == header


def test_the_persons_delimiter_wins(tmp_path: Path) -> None:
    text = "ID;A,B;C\n1;2,3;4\n"

    assert table_of(tmp_path, text).header == ("ID", "A,B", "C")
    assert table_of(tmp_path, text, delimiter=",").header == ("ID;A", "B;C")


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ('ID,Name\n1,a\n2,"b\n3,c\n', 3),
        ('ID,Name\n1,"a\n2,b\n3,"c"\n', 2),
        ('ID,Name\n1,"ООО "Ромашка""\n', 2),
        ('ID,"Name\n1,a\n', 1),
        ('ID,Name\n1,"' + "long " * 30_000 + '"\n', 2),
    ],
)
def test_a_quote_that_would_merge_rows_or_cells_is_an_error_that_names_the_row(
    tmp_path: Path, text: str, row: int
) -> None:
    with pytest.raises(SheetError, match=rf"leads\.csv, row {row}: .*quote"):
        table_of(tmp_path, text)


@pytest.mark.parametrize("name", ["leads.csv", "leads.xlsx", "leads.csv.gz", "leads.zip", "leads"])
def test_the_name_does_not_matter(tmp_path: Path, name: str) -> None:
    assert rows_of(table_of(tmp_path, "ID,A\n1,2\n", name)) == [Row(2, ("1", "2"))]


@pytest.mark.parametrize("newline", ["\r\n", "\n", "\r"])
def test_the_end_of_lines_is_known(tmp_path: Path, newline: str) -> None:
    table = table_of(tmp_path, f'ID,"two\nlines"{newline}1,2{newline}{newline}3,4')

    assert table.dialect.newline == newline
    assert rows_of(table) == [Row(2, ("1", "2")), Row(4, ("3", "4"))]


def test_a_file_that_changes_while_it_is_read_is_an_error(tmp_path: Path) -> None:
    table = table_of(tmp_path, "ID,A\n" + "1,2\n" * 5_000)
    chunks = table.chunks()
    next(chunks)
    with (tmp_path / "leads.csv").open("a") as file:
        file.write("3,4\n")
    os.utime(tmp_path / "leads.csv", (1, 1))

    with pytest.raises(SheetError, match=r"leads\.csv was changed while it was read"):
        list(chunks)


def test_a_file_that_is_gone_when_it_is_read_is_an_error(tmp_path: Path) -> None:
    table = table_of(tmp_path, "ID,A\n1,2\n")
    (tmp_path / "leads.csv").unlink()

    with pytest.raises(SheetError, match="was changed"):
        list(table.chunks())


def test_a_very_wide_file_is_read_a_few_rows_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a twentieth, of the columns of the widest file and of the cells that are read at once."""
    assert csv_rows.CHUNK_CELLS // MAX_COLUMNS == 24
    monkeypatch.setattr(csv_rows, "CHUNK_CELLS", csv_rows.CHUNK_CELLS // 20)
    line = ",".join(["x"] * (MAX_COLUMNS // 20)) + "\n"
    table = table_of(tmp_path, line * 26)

    assert [len(chunk) for chunk in table.chunks()] == [23, 2]


def test_a_dialect_goes_through_json_and_back() -> None:
    dialect = Dialect(format="csv", encoding="cp1251", delimiter=";", newline="\n", sep_line=True)

    assert Dialect.from_dict({**dialect.to_dict(), "of a later version": 1}) == dialect
