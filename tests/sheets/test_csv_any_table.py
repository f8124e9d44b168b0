"""Any table of any text, written as CSV, reads back as it was."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from launcher.sheets import Dialect, Row, csv_rows, open_table
from tests.support.examples import examples
from tests.support.tables import NEWLINES, as_csv, tables


@given(tables(), st.sampled_from([1, 2, 3, csv_rows.QUICK_ROWS]))
@settings(max_examples=examples(300))
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
@settings(max_examples=examples(100))
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
