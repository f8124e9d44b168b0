"""Results as LibreOffice opens and saves them: the cells that were read, and nothing that is computed."""

import re
import zipfile
from pathlib import Path

import openpyxl

from launcher.core.summary import Counts, Ending, Summary
from launcher.report.results import ResultRow, write_results
from launcher.sheets import Dialect, open_table
from tests.support.libreoffice import convert

TEXTS = [
    "=1+1", "+7 900 000-00-00", "-5+2", "@SUM(1)", "\t=1+1", "{=A1}", "007", "1e5", "TRUE", "ИСТИНА", "NA",
    "2026-01-05", "12345678901234567890", "https://a.example/?a=1", "two\nlines", " spaces  inside ", "'quoted",
    "#N/A", "😀 ё",
]  # fmt: skip
KINDS = [
    ("777", "n"), ("-12.5", "n"), ("123456789012345", "n"), ("TRUE", "b"), ("2026-01-05", "d"),
    ("2026-01-05 13:30:01", "D"), ("", "t"),
]  # fmt: skip
HEADER = ["ID", "Text", "Value"]
SUMMARY = Summary(
    run="r1", job="=1+1", file="x.xlsx", portal="portal.example", ending=Ending.FINISHED, counts=Counts(),
    requests=1, seconds=1.0,
)  # fmt: skip


def rows() -> list[ResultRow]:
    """Every text in the person's cells and in ours, beside a value of every kind."""
    made = []
    for number, text in enumerate(TEXTS, 2):
        value, kind = KINDS[number % len(KINDS)]
        made.append(
            ResultRow(
                cells=(str(number), text, value),
                kinds=f"nt{kind}",
                row_number=number,
                status="failed",
                workflow_id=text,
                error_code=text,
                error=text,
                attempts=1,
                time="2026-01-05T13:30:00+03:00",
                run="r1",
            )
        )
    return made


def test_a_workbook_that_was_saved_again_has_the_same_cells_and_its_rows_are_found(
    office: str, tmp_path: Path
) -> None:
    path = tmp_path / "deals.results.xlsx"
    write_results(path, HEADER, Dialect(format="xlsx", sheet="Сделки"), rows(), SUMMARY)
    ours = open_table(path)

    saved = convert(office, path, "ods")

    theirs = open_table(saved)
    assert theirs.dialect.sheet == ours.dialect.sheet == "Сделки"
    assert theirs.header == ours.header
    assert list(theirs.chunks()) == list(ours.chunks())
    assert [row.cells[:2] for row in next(ours.chunks())] == [row.cells[:2] for row in rows()]
    with zipfile.ZipFile(saved) as package:
        formulas = re.findall(rb'table:formula="([^"]*)"', package.read("content.xml"))
    assert set(formulas) == {b"of:=TRUE()"}, "which is how LibreOffice saves a truth value"


def test_a_csv_file_has_the_same_cells_and_nothing_of_ours_is_computed(office: str, tmp_path: Path) -> None:
    path = tmp_path / "leads.results.csv"
    write_results(path, HEADER, Dialect(format="csv"), rows())
    # Comma, double quote, UTF-8; the person's columns as text, ours as LibreOffice likes; formulas computed.
    reading = "Text - txt - csv (StarCalc):44,34,76,1,1/2/2/2/3/2,0,false,true,false,false,false,-1,true"

    saved = openpyxl.load_workbook(convert(office, path, "xlsx", reading)).active

    assert saved is not None
    cells = list(saved.iter_rows())[1:]
    assert [tuple(cell.value or "" for cell in row[:3]) for row in cells] == [row.cells for row in rows()]
    assert [cell.coordinate for row in cells for cell in row if cell.data_type == "f"] == []
    errors = {row[7].value for row in cells}
    assert {"'=1+1", "'+7 900 000-00-00", "'-5+2", "'@SUM(1)"} <= errors
