"""From any table to its results, and from these to theirs: the same columns, cells and row numbers."""

from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from launcher.report.results import LAUNCH_COLUMNS, ResultRow, write_results
from launcher.sheets import Dialect, Row, Table, open_table
from tests.report.test_results_xlsx import summary
from tests.support.examples import examples
from tests.support.tables import UNICODE, as_csv, tables


def rows_of(table: Table) -> list[Row]:
    return [row for chunk in table.chunks() for row in chunk]


def result(row: Row, error: str) -> ResultRow:
    return ResultRow(
        cells=row.cells,
        kinds=row.kinds,
        row_number=row.number,
        status="failed",
        workflow_id="",
        error_code="",
        error=error,
        attempts=1,
        time="2026-01-05T13:30:00+03:00",
        run="r1",
    )


def write(table: Table, path: Path, error: str) -> Path:
    """The table's results, with a first sheet where it is a workbook."""
    write_results(path, table.header, table.dialect, [result(row, error) for row in rows_of(table)], summary())
    return path


def same_columns_and_cells(table: Table, results: Table) -> None:
    assert results.header == (*table.header, *LAUNCH_COLUMNS)
    width = len(table.header)
    at = results.header.index("launch_row")
    expected = [(row.cells, str(row.number)) for row in rows_of(table)]
    assert [(row.cells[:width], row.cells[at]) for row in rows_of(results)] == expected


@given(tables(), st.text(max_size=8))
@settings(max_examples=examples(100))
def test_results_of_any_csv_file_are_read_and_have_results_again(
    tmp_path_factory: pytest.TempPathFactory, drawn: tuple[Dialect, list[list[str]], bool], error: str
) -> None:
    dialect, rows, quote_all = drawn
    folder = tmp_path_factory.getbasetemp()
    path = folder / "any.csv"
    path.write_bytes(as_csv(rows, dialect, quote_all=quote_all))

    def opened(file: Path) -> Table:
        return open_table(file, encoding=dialect.encoding, delimiter=dialect.delimiter)

    table = opened(path)
    once = opened(write(table, folder / "any.results.csv", error))
    twice = opened(write(once, folder / "any.results.results.csv", error))

    same_columns_and_cells(table, once)
    assert (once.dialect, twice.dialect) == (dialect, dialect)
    assert twice.header == once.header
    width = len(table.header)
    assert [row.cells[:width] for row in rows_of(twice)] == [row.cells for row in rows_of(table)]


CELL = st.one_of(
    st.text(UNICODE, max_size=10), st.sampled_from(["=1+1", "<b>x</b>", "_x000D_", "'", "007", "ID", "#N/A"])
)


@given(
    header=st.lists(CELL, min_size=2, max_size=4),
    data=st.lists(st.lists(CELL, min_size=4, max_size=4), max_size=5),
    top=st.integers(0, 3),
    sheet=st.sampled_from(["Deals", "Summary", "Лиды"]),
    error=st.text(max_size=8),
)
@settings(max_examples=examples(50))
def test_any_workbook_reads_back_with_its_row_numbers_and_so_do_its_results(
    tmp_path_factory: pytest.TempPathFactory,
    header: list[str],
    data: list[list[str]],
    top: int,
    sheet: str,
    error: str,
) -> None:
    folder = tmp_path_factory.getbasetemp()
    path = folder / "any.xlsx"
    headings = ["ID" + text for text in header]
    with xlsxwriter.Workbook(path) as book:
        made = book.add_worksheet(sheet)
        for down, row in enumerate([headings, *data], top):
            for right, text in enumerate(row[: len(header)]):
                made.write_string(down, right, text)

    table = open_table(path)
    once = open_table(write(table, folder / "any.results.xlsx", error))
    twice = open_table(write(once, folder / "any.results.results.xlsx", error))

    cells = [tuple(row[: len(header)]) for row in data]
    assert table.header == tuple(map(str.strip, headings))
    assert rows_of(table) == [Row(n, row) for n, row in enumerate(cells, top + 2) if any(map(str.strip, row))]
    same_columns_and_cells(table, once)
    assert once.dialect.sheet == twice.dialect.sheet == sheet
    assert twice.header == once.header
    assert [row.cells[: len(header)] for row in rows_of(twice)] == [row.cells for row in rows_of(table)]
