"""Results as a workbook, judged by two other readers."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet

import launcher.report.results_xlsx
from launcher.core.model import State
from launcher.core.summary import Cause, Counts, Ending, Summary
from launcher.errors import ResultsError
from launcher.report import failed_path
from launcher.report.results import LAUNCH_COLUMNS, ResultRow, write_pair, write_results
from launcher.sheets import SUMMARY_TITLE, Dialect, open_table
from tests.support.examples import examples

DEALS = Dialect(format="xlsx", sheet="Deals")


def result(*cells: str, kinds: str = "", status: str = "started", error: str = "") -> ResultRow:
    return ResultRow(
        cells=cells,
        kinds=kinds,
        row_number=2,
        status=status,
        workflow_id="12345678901234567890",
        error_code="",
        error=error,
        attempts=1,
        time="2026-01-05 13:30:00",
        run="r1",
    )


def sheet_of(path: Path) -> Worksheet:
    sheet = openpyxl.load_workbook(path).active
    assert isinstance(sheet, Worksheet)
    return sheet


def test_numbers_dates_and_truth_values_are_what_they_were(tmp_path: Path) -> None:
    path = tmp_path / "deals.results.xlsx"
    cells = (
        "777",
        "123456789012345",
        "12.5",
        "2026-01-05",
        "2026-01-05 13:30:01",
        "TRUE",
        "007",
        "1234567890123456000",
    )

    write_results(path, [f"c{n}" for n in range(8)], DEALS, [result(*cells, kinds="nnndDbtr")])

    row = [cell.value for cell in sheet_of(path)[2]][:8]
    assert row == [
        777,
        123456789012345,
        12.5,
        dt.datetime(2026, 1, 5),
        dt.datetime(2026, 1, 5, 13, 30, 1),
        True,
        "007",
        "1234567890123456000",
    ]
    assert [cell.number_format for cell in sheet_of(path)[2]][:3] == ["General", "0", "General"]
    read = next(open_table(path).chunks())[0]
    assert (read.cells[:8], read.kinds[:8]) == (cells, "nnndDbtt")


def test_our_columns_are_text_but_for_the_row_and_the_attempts(tmp_path: Path) -> None:
    path = tmp_path / "deals.results.xlsx"

    write_results(path, ["ID"], DEALS, [result("1", error="=1+1")])

    row = dict(zip(LAUNCH_COLUMNS, sheet_of(path)[2][1:], strict=True))
    assert row["launch_workflow_id"].value == "12345678901234567890"
    assert (row["launch_error"].value, row["launch_error"].data_type) == ("=1+1", "s")
    assert (row["launch_row"].value, row["launch_attempts"].value) == (2, 1)


@pytest.mark.parametrize("text", ["=1+1", "<r>x & y</r>", "http://a.example", "_x0041_", "a\rb", "'x", " x "])
def test_no_text_becomes_a_formula_a_link_or_markup(tmp_path: Path, text: str) -> None:
    path = tmp_path / "deals.results.xlsx"

    write_results(path, ["ID", "A"], DEALS, [result("1", text, error=text)])

    cells = next(open_table(path).chunks())[0].cells
    assert (cells[1], cells[6]) == (text, text)
    sheet = sheet_of(path)
    assert (sheet["B2"].data_type, sheet["B2"].hyperlink) == ("s", None)


def test_a_date_before_1900_and_a_broken_number_stay_text(tmp_path: Path) -> None:
    path = tmp_path / "deals.results.xlsx"

    write_results(path, ["A", "B"], DEALS, [result("1812-09-07", "12x", kinds="dn")])

    assert [cell.value for cell in sheet_of(path)[2]][:2] == ["1812-09-07", "12x"]


def test_the_sheet_is_ready_to_work_with(tmp_path: Path) -> None:
    path = tmp_path / "deals.results.xlsx"
    long = "a comment that goes on and on and never seems to come to its end"

    write_results(
        path, ["ID", "A"], DEALS, [result("1", long, status=state) for state in ("started", "failed")]
    )

    sheet = sheet_of(path)
    assert (sheet.title, sheet.freeze_panes, sheet.auto_filter.ref) == ("Deals", "A2", "A1:J3")
    assert sheet["A1"].font.bold
    assert sheet.column_dimensions["A"].width < 10 < 40 < sheet.column_dimensions["B"].width < 60
    assert len({sheet["D2"].fill.fgColor.rgb, sheet["D3"].fill.fgColor.rgb, sheet["C2"].fill.fgColor.rgb}) == 3


@pytest.mark.parametrize("letter", ["x", "😀"])
def test_a_text_longer_than_a_cell_is_cut_with_a_mark(tmp_path: Path, letter: str) -> None:
    path = tmp_path / "deals.results.xlsx"

    write_results(path, ["ID", "A"], DEALS, [result("1", letter * 40_000, error=letter * 100)])

    cells = next(open_table(path).chunks())[0].cells
    assert cells[1].endswith(f"{letter} … [cut]")
    assert 32_700 < len(cells[1].encode("utf-16-le")) // 2 <= 32_767
    assert cells[6] == letter * 100


def test_more_rows_than_a_workbook_holds_is_an_error_that_says_csv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launcher.report.results_xlsx, "MAX_ROWS", 4)
    rows = [result("1"), result("2"), result("3")]

    write_results(tmp_path / "x.xlsx", ["ID"], DEALS, rows)
    with pytest.raises(ResultsError, match=r"x\.xlsx: a workbook holds 4 rows .* write \.csv"):
        write_results(tmp_path / "x.xlsx", ["ID"], DEALS, [*rows, result("4")])

    assert open_table(tmp_path / "x.xlsx").row_count == 3
    assert len(list(tmp_path.iterdir())) == 1


def test_more_columns_than_a_workbook_holds_is_an_error_that_says_csv(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match=r"write \.csv"):
        write_results(tmp_path / "x.xlsx", ["A"] * 16_380, DEALS, [])
    assert list(tmp_path.iterdir()) == []


def test_a_csv_files_results_may_be_a_workbook_and_a_bad_sheet_name_is_replaced(tmp_path: Path) -> None:
    for dialect in (Dialect(format="csv", encoding="cp1251"), Dialect(format="xlsx", sheet="a/b" * 20)):
        assert write_pair(tmp_path / "x.xlsx", ["ID"], dialect, [result("1")]) is None

        assert open_table(tmp_path / "x.xlsx").dialect.sheet == "Results"


# xFFFE and xFFFF are no characters to XML, and only Excel reads their escape back.
ANY = st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff")


@given(st.lists(st.lists(st.text(ANY, max_size=10), min_size=2, max_size=2), max_size=5))
@settings(max_examples=examples(40))
def test_any_text_reads_back_identical(tmp_path_factory: pytest.TempPathFactory, data: list[list[str]]) -> None:
    path = tmp_path_factory.getbasetemp() / "any.results.xlsx"

    write_results(path, ["ID", "A"], DEALS, [result(*cells) for cells in data])

    read = [row.cells for chunk in open_table(path).chunks() for row in chunk]
    assert [list(cells[:2]) for cells in read] == data


def summary(**changes: object) -> Summary:
    """A run with a row of most states, and two causes."""
    whole = Summary(
        run="r1",
        job="followup",
        file=str(Path("folder", "deals.xlsx")),
        portal="company.bitrix24.com",
        ending=Ending.FINISHED,
        counts=Counts({State.STARTED: 1200, State.FAILED: 2, State.SENT: 1}),
        requests=25,
        seconds=125.0,
        began_at=1_700_000_000.0,
        ended_at=1_700_000_300.0,
        causes=(
            Cause(state=State.FAILED, code="", text="=Нет прав\0", rows=2, first_row=6),
            Cause(state=State.UNKNOWN, code="interrupted", text="the answer was lost", rows=1, first_row=9),
        ),
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


def summary_of(path: Path) -> list[list[object]]:
    """The lines of the first sheet without their blank cells."""
    sheet = openpyxl.load_workbook(path).worksheets[0]
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    return [[cell for cell in row if cell is not None] for row in sheet.iter_rows(values_only=True)]


def test_the_first_sheet_tells_what_the_run_came_to_and_why_rows_did_not_start(tmp_path: Path) -> None:
    path = tmp_path / "deals.results.xlsx"

    write_pair(path, ["ID"], DEALS, [result("1", status="failed")], summary())

    lines = summary_of(path)
    facts = {str(line[0]): line[1] for line in lines if len(line) == 2}
    assert lines[0] == [SUMMARY_TITLE]
    assert (facts["Run"], facts["Job"], facts["File"]) == ("r1", "followup", "deals.xlsx")
    assert (facts["Portal"], facts["The run"]) == ("company.bitrix24.com", "has finished")
    assert (facts["Requests"], facts["At work"]) == (25, "2 min 5 s")
    times = [dt.datetime.fromisoformat(str(facts[name])).timestamp() for name in ("Began", "Ended")]
    assert times == [1_700_000_000, 1_700_000_300]
    assert (facts["started"], facts["failed"], facts["unknown"], facts["all"]) == (1200, 2, 1, 1203)
    assert ["failed", 2, r"=Нет прав\x00", 6] in lines
    assert ["unknown", 1, "interrupted", "the answer was lost", 9] in lines
    assert openpyxl.load_workbook(failed_path(path)).sheetnames == ["Deals"]


def test_a_run_that_stopped_says_why_and_one_that_goes_on_has_no_end(tmp_path: Path) -> None:
    path = tmp_path / "deals.results.xlsx"

    write_results(path, ["ID"], DEALS, [], summary(ending=Ending.STOPPED, stopped_because="no rights"))
    assert ["The run", "was stopped: no rights"] in summary_of(path)

    write_results(path, ["ID"], DEALS, [], summary(ending=Ending.RUNNING, ended_at=None))
    lines = summary_of(path)
    assert ["The run", "is running"] in lines
    assert "Ended" not in [line[0] for line in lines if line]
    assert ["pending", 1] in lines


@pytest.mark.parametrize(
    ("own", "names"),
    [
        ("summary", ["Launcher summary", "summary"]),
        ("", ["Summary", "Results"]),
        ("a/b", ["Summary", "Results"]),
        ("Launcher summary", ["Summary", "Launcher summary"]),
    ],
)
def test_the_persons_own_sheet_keeps_its_name_and_is_the_one_that_is_read(
    tmp_path: Path, own: str, names: list[str]
) -> None:
    path = tmp_path / "deals.results.xlsx"

    write_results(path, ["ID"], Dialect(format="xlsx", sheet=own), [result("1")], summary())

    assert openpyxl.load_workbook(path).sheetnames == names
    table = open_table(path)
    assert (table.dialect.sheet, table.header[0], table.row_count) == (names[1], "ID", 1)
