"""Any table of any text, written as CSV, reads back as it was."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from launcher.sheets import Dialect, Row, csv_rows, open_table

UNICODE = st.characters(
    exclude_categories=["Cs", "Cc"], include_characters="\t\n\r", exclude_characters="\ufeff"
)
NEWLINES = ["\r\n", "\n"]


def alphabet(encoding: str) -> st.SearchStrategy[str]:
    if encoding.startswith("utf"):
        return UNICODE
    letters = bytes(range(32, 256)).decode(encoding, "ignore") + "\t\n\r"
    return st.sampled_from(sorted(set(letters) - {"\x7f"}))


@st.composite
def tables(draw: st.DrawFn) -> tuple[Dialect, list[list[str]], bool]:
    """A dialect, rows of which the first is the header, and whether every cell is quoted."""
    encoding = draw(st.sampled_from(["utf-8", "utf-16-le", "utf-16-be", "cp1251", "koi8-r", "cp866"]))
    dialect = Dialect(
        format="csv",
        encoding=encoding,
        bom=encoding.startswith("utf") and draw(st.booleans()),
        delimiter=draw(st.sampled_from(",;\t|")),
        newline=draw(st.sampled_from(NEWLINES)),
    )
    text = st.text(alphabet(encoding), max_size=12)
    width = draw(st.integers(2, 5))
    row = st.lists(text, min_size=width, max_size=width)
    header = ["ID" + cell for cell in draw(row)]
    if encoding.startswith("utf"):  # as where two files were joined
        row = row | row.map(lambda cells: ["\ufeff" + cells[0], *cells[1:]])
    return dialect, [header, *draw(st.lists(row, max_size=6))], draw(st.booleans())


def as_csv(rows: list[list[str]], dialect: Dialect, *, quote_all: bool) -> bytes:
    def quoted(cell: str) -> str:
        needed = quote_all or any(char in cell for char in f'"\r\n{dialect.delimiter}')
        return '"' + cell.replace('"', '""') + '"' if needed else cell

    text = "".join(dialect.delimiter.join(map(quoted, row)) + dialect.newline for row in rows)
    return ("\ufeff" * dialect.bom + text).encode(dialect.encoding)


@given(tables(), st.sampled_from([1, 2, 3, csv_rows.QUICK_ROWS]))
@settings(max_examples=300, deadline=None)
def test_any_table_in_any_dialect_reads_back_identical_with_its_row_numbers(
    tmp_path_factory: pytest.TempPathFactory, table: tuple[Dialect, list[list[str]], bool], quick: int
) -> None:
    """Wherever pandas takes over."""
    dialect, rows, quote_all = table
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(as_csv(rows, dialect, quote_all=quote_all))

    read = open_table(path, encoding=dialect.encoding, delimiter=dialect.delimiter)

    kept = [Row(n, tuple(row)) for n, row in enumerate(rows[1:], 2) if any(map(str.strip, row))]
    assert read.header == tuple(cell.strip() for cell in rows[0])
    assert read.dialect == dialect
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_rows, "QUICK_ROWS", quick)
        assert [row for chunk in read.chunks() for row in chunk] == kept
    assert read.row_count == len(kept)


@given(
    delimiter=st.sampled_from(",;\t|"),
    newline=st.sampled_from(NEWLINES),
    rows=st.lists(st.lists(st.text("аЯ1 ,;|.\"'\n"), min_size=3, max_size=3), max_size=8),
)
@settings(max_examples=100, deadline=None)
def test_the_delimiter_is_found_whatever_the_cells_hold(
    tmp_path_factory: pytest.TempPathFactory, delimiter: str, newline: str, rows: list[list[str]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "sniffed.csv"
    dialect = Dialect(format="csv", delimiter=delimiter, newline=newline)
    path.write_bytes(as_csv([["ID", "Имя", "Phone"], *rows], dialect, quote_all=False))

    assert open_table(path).dialect == dialect


def test_a_file_longer_than_one_chunk_has_all_its_rows_and_reads_twice_the_same(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    text = io.StringIO()
    csv.writer(text).writerows([["ID", "Comment"], *([str(n), "два\nряда"] for n in range(2, 7_003))])
    path.write_bytes(text.getvalue().encode())
    table = open_table(path)

    chunks = list(table.chunks())

    assert max(len(chunk) for chunk in chunks) == 2_000
    assert sum(len(chunk) for chunk in chunks) == 7_001
    assert all(row.cells == (str(row.number), "два\nряда") for chunk in chunks for row in chunk)
    assert list(table.chunks()) == chunks
    assert table.row_count == 7_001
