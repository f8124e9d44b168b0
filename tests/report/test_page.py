"""The page of runs that are out of the ordinary, and its colours."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest
from lxml import etree

from launcher.core.model import State
from launcher.core.summary import Cause, Counts, Ending, Summary
from launcher.core.timeline import Answers, course
from launcher.ledger import RecordedRow, RunRecord
from launcher.report.page import CELL_AT_MOST, COLUMNS_AT_MOST, ROWS_AT_MOST, Page, report_path, save_page

RUN = RunRecord(
    id=3,
    job="followup",
    file="/data/leads.csv",
    portal="portal.example",
    plan={},
    header=("ID",),
    dialect={},
    fingerprint="",
    results="/data/leads.results.csv",
    loaded=True,
    ending=Ending.FINISHED,
    stopped_because="",
    created_at=1.7e9,
    ended_at=None,
    active_s=0.0,
)
SUMMARY = Summary(
    run="r3", job="followup", file=RUN.file, portal=RUN.portal, ending=Ending.FINISHED, counts=Counts(),
    requests=0, seconds=0.0, results=RUN.results,
)  # fmt: skip
NOTHING = Page(
    run=RUN,
    summary=SUMMARY,
    course=course([], [], slot_s=1),
    examples={},
    to_fix=(),
    unknown=(),
    created_at=1.7e9,
)


def row(number: int, *cells: str, error: str = "") -> RecordedRow:
    return RecordedRow(
        row_number=number, cells=cells, kinds="", state=State.FAILED, workflow_id="", error_code="",
        error=error, attempts=1, changed_at=0.0,
    )  # fmt: skip


def written(page: Page, folder: Path) -> str:
    save_page(folder / "page.html", page)
    text = (folder / "page.html").read_text(encoding="utf-8")
    etree.fromstring(text.encode())
    assert [path.name for path in folder.iterdir()] == ["page.html"]
    return text


def test_a_run_of_which_nothing_is_known_has_a_page(tmp_path: Path) -> None:
    text = written(NOTHING, tmp_path)
    assert "No row was sent to the portal." in text
    assert "The file has no rows" in text


def test_a_run_without_trouble_says_that_nothing_is_to_be_done(tmp_path: Path) -> None:
    summary = replace(SUMMARY, counts=Counts({State.STARTED: 5}), seconds=2.0)
    found = course([Answers(1.7e9, State.STARTED, 5)], [], slot_s=1)

    text = written(replace(NOTHING, summary=summary, course=found), tmp_path)

    assert "There is nothing to do" in text
    assert "150 rows a minute" in text


def test_a_huge_list_is_cut_and_the_page_says_where_the_rest_is(tmp_path: Path) -> None:
    many = tuple(row(number, "x") for number in range(2, ROWS_AT_MOST + 2))
    summary = replace(SUMMARY, counts=Counts({State.FAILED: 70_000}))

    text = written(replace(NOTHING, summary=summary, to_fix=many), tmp_path)

    assert "These are the first 2,000 of 70,000 rows." in text
    assert "leads.failed.csv" in text


def test_wide_rows_and_long_cells_are_cut(tmp_path: Path) -> None:
    width = COLUMNS_AT_MOST + 5
    run = replace(RUN, header=tuple(f"column {number}" for number in range(width)))
    summary = replace(SUMMARY, counts=Counts({State.FAILED: 1}))
    wide = (row(2, *["y" * 1000] * width),)

    text = written(replace(NOTHING, run=run, summary=summary, to_fix=wide), tmp_path)

    assert "The file has 5 more columns" in text
    assert text.count("y" * (CELL_AT_MOST - 1) + "…<") == COLUMNS_AT_MOST
    assert "y" * CELL_AT_MOST not in text


def test_what_no_page_may_hold_is_replaced_and_a_webhook_in_an_error_is_hidden(tmp_path: Path) -> None:
    error = "no way to https://portal.example/rest/1/s3cr3ts3cr3t/batch"
    cause = Cause(state=State.FAILED, code="", text=error, rows=1, first_row=2)
    summary = replace(SUMMARY, counts=Counts({State.FAILED: 1}), causes=(cause,))
    rows = (row(2, "nul \x00 escape \x1b half \ud800", error=error),)

    text = written(replace(NOTHING, summary=summary, to_fix=rows, examples={2: rows[0]}), tmp_path)

    assert text.count("nul � escape � half �") == 2
    assert "s3cr3ts3cr3t" not in text
    assert "/rest/1/[secret]/batch" in text


@pytest.mark.parametrize("ending", Ending)
def test_every_ending_has_its_words(ending: Ending, tmp_path: Path) -> None:
    summary = replace(SUMMARY, ending=ending, stopped_because="make a new webhook")
    text = written(replace(NOTHING, summary=summary), tmp_path)
    assert ("launcher resume r3" in text) == (ending in (Ending.STOPPED, Ending.INTERRUPTED, Ending.PAUSED))


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ("/data/leads.results.csv", "/data/leads.report.html"),
        ("/data/deals.results.xlsx", "/data/deals.report.html"),
        ("/data/other.csv", "/data/other.report.html"),
        ("-", "r3.report.html"),
        ("", "r3.report.html"),
    ],
)
def test_the_page_is_named_after_the_results(results: str, expected: str) -> None:
    assert report_path(replace(RUN, results=results)) == Path(expected)


def test_colours_can_be_told_from_the_paper() -> None:
    """WCAG 2.2: 4.5 for text (1.4.3), 3 for what a picture means (1.4.11)."""
    style = (resources.files("launcher.report") / "templates" / "report.css").read_text("utf-8")
    blocks = [
        dict(re.findall(r"--(\w+): (#\w+)", block)) for block in re.findall(r":root \{(.*?)\}", style, re.S)
    ]
    light, dark, printed = blocks[0], blocks[0] | blocks[1], blocks[0] | blocks[2]
    for colours in (light, dark, printed):
        for text in ("ink", "quiet", "accent"):
            for ground in ("paper", "card", "tint", "code"):
                assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
        for name in (*(state.value for state in State if state is not State.SENT), "rate", "operating",
                     "connection", "lost", "other"):  # fmt: skip
            assert contrast(colours[name], colours["paper"]) >= 3, name


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
