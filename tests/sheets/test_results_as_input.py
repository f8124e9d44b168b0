"""A results workbook given back as input: its rows are read and its summary is not; people's own sheets are."""

from pathlib import Path

import openpyxl
import pytest

from launcher.sheets import SUMMARY_TITLE, SheetError, open_table

ROWS = [("ID", "launch_status"), ("7", "started")]
SUMMARY = [(SUMMARY_TITLE,), (), ("Run", "r1")]
OTHER = [("What", "How many"), ("Calls", "3")]


def book(path: Path, **sheets: list[tuple[str, ...]]) -> Path:
    """A workbook with these sheets; those whose name begins with `hidden` are."""
    made = openpyxl.Workbook()
    made.remove(made.worksheets[0])
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
        if name.startswith("hidden"):
            sheet.sheet_state = "hidden"
    made.save(path)
    return path


@pytest.mark.parametrize(
    ("sheets", "chosen"),
    [
        ({"Summary": SUMMARY, "Deals": ROWS}, "Deals"),
        ({"Totals": SUMMARY, "Summary": ROWS}, "Summary"),
        ({"Summary": SUMMARY, "hidden": OTHER, "Deals": ROWS}, "Deals"),
        ({"hidden": OTHER, "Summary": SUMMARY, "Deals": ROWS}, "Deals"),
        ({"Summary": [(), *SUMMARY], "Deals": ROWS}, "Deals"),
        ({"Summary": OTHER, "Deals": ROWS}, "Summary"),
        ({"Summary": [(SUMMARY_TITLE.lower(), "x"), ("1", "2")], "Deals": ROWS}, "Summary"),
        ({"Deals": OTHER, "Summary": SUMMARY, "Old": ROWS}, "Deals"),
        ({"Deals": OTHER, "Results": ROWS}, "Deals"),
    ],
)
def test_the_first_sheet_is_read_unless_it_is_a_summary_of_ours(
    tmp_path: Path, sheets: dict[str, list[tuple[str, ...]]], chosen: str
) -> None:
    assert open_table(book(tmp_path / "a.xlsx", **sheets)).dialect.sheet == chosen


def test_a_sheet_that_is_named_is_read_whatever_it_is(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", Summary=SUMMARY, Deals=ROWS)

    assert open_table(path, sheet="summary").dialect.sheet == "Summary"
    assert open_table(path, sheet="Deals").header == ("ID", "launch_status")


def test_a_summary_whose_rows_were_removed_has_no_column_to_use_and_shifts_nothing(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", Summary=SUMMARY)

    assert open_table(path).header[0] == SUMMARY_TITLE
    with pytest.raises(SheetError, match="no sheet is called 'Deals'"):
        open_table(path, sheet="Deals")
