"""Results as CSV: the person's cells as they were, in the dialect of the input, whole or not at all."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from launcher.errors import ResultsError
from launcher.report import failed_path, results_path
from launcher.report.results import LAUNCH_COLUMNS, ResultRow, check_writable, write_pair, write_results
from launcher.sheets import Dialect, open_table
from tests.support.examples import examples

UTF8 = Dialect(format="csv")
HEADER = ("ID", "Name")


def result(
    number: int, *cells: str, status: str = "started", error: str = "", workflow_id: str = "66a"
) -> ResultRow:
    return ResultRow(
        cells=cells,
        kinds="",
        row_number=number,
        status=status,
        workflow_id=workflow_id,
        error_code="",
        error=error,
        attempts=1,
        time="2026-01-05 13:30:00",
        run="r1",
    )


def cells_of(path: Path) -> list[tuple[str, ...]]:
    table = open_table(path)
    return [table.header, *(row.cells for chunk in table.chunks() for row in chunk)]


def test_the_persons_columns_come_first_and_ours_after_them(tmp_path: Path) -> None:
    path = tmp_path / "leads.results.csv"

    write_results(path, HEADER, UTF8, [result(2, "007", "Анна, мл."), result(5, "8", "", status="skipped")])

    assert path.read_bytes().decode() == (
        '"ID",Name,launch_row,launch_status,launch_workflow_id,launch_error_code,launch_error,launch_attempts,'
        "launch_time,launch_run\r\n"
        '007,"Анна, мл.",2,started,66a,,,1,2026-01-05 13:30:00,r1\r\n'
        "8,,5,skipped,66a,,,1,2026-01-05 13:30:00,r1\r\n"
    )


def test_columns_of_an_earlier_results_file_are_replaced_and_others_stay(tmp_path: Path) -> None:
    path = tmp_path / "leads.results.csv"
    header = ("ID", "launch_status", " Launch_Run ", "Name", "launch_date")

    write_results(path, header, UTF8, [result(2, "1", "failed", "r0", "Анна", "old", status="started")])

    assert cells_of(path)[0] == ("ID", "Name", "launch_date", *LAUNCH_COLUMNS)
    assert cells_of(path)[1][:5] == ("1", "Анна", "old", "2", "started")


@pytest.mark.parametrize("text", ["=cmd()", "+1", "-1", "@x", "\tx", "\rx", "\n=x"])
def test_our_columns_cannot_be_read_as_a_formula_and_the_persons_stay_as_they_are(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "leads.results.csv"

    write_results(path, HEADER, UTF8, [result(2, "1", text, error=text, workflow_id=text)])

    cells = dict(zip(*cells_of(path), strict=True))
    assert (cells["Name"], cells["launch_error"], cells["launch_workflow_id"]) == (text, "'" + text, "'" + text)


def test_a_letter_that_the_encoding_lacks_in_our_text_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "leads.results.csv"
    dialect = Dialect(format="csv", encoding="cp1251", delimiter=";", newline="\n")

    write_results(path, HEADER, dialect, [result(2, "1", "Анна", error="отказ ✗ \ud800\0")])

    lines = path.read_bytes().decode("cp1251").split("\n")
    assert lines[1].startswith("1;Анна;2;")
    assert r"отказ \u2717 \ud800\x00" in lines[1]


def test_a_workbooks_results_as_csv_are_what_excel_reads(tmp_path: Path) -> None:
    path = tmp_path / "deals.results.csv"

    write_results(path, HEADER, Dialect(format="xlsx", sheet="Deals"), [result(2, "1", "Анна")])

    assert path.read_bytes().startswith(b'\xef\xbb\xbf"ID",Name,')


def test_a_sep_line_is_written_again(tmp_path: Path) -> None:
    path = tmp_path / "leads.results.csv"
    dialect = Dialect(format="csv", delimiter=";", sep_line=True)

    write_results(path, HEADER, dialect, [result(2, "1", "a;b")])

    assert path.read_bytes().startswith(b'sep=;\r\n"ID";Name;')
    assert open_table(path).dialect == dialect


def test_a_pair_is_every_row_and_the_rows_to_mend(tmp_path: Path) -> None:
    path = tmp_path / "leads.results.csv"
    states = ["started", "failed", "unknown", "invalid", "skipped", "deferred", "pending"]
    rows = (result(n, str(n), "x", status=state) for n, state in enumerate(states, 2))

    assert write_pair(path, HEADER, UTF8, rows) == tmp_path / "leads.failed.csv"

    assert [cells[3] for cells in cells_of(path)[1:]] == states
    assert [cells[3] for cells in cells_of(tmp_path / "leads.failed.csv")] == [
        "launch_status",
        "failed",
        "invalid",
    ]


def test_an_older_file_of_rows_to_mend_goes_when_there_are_none(tmp_path: Path) -> None:
    (tmp_path / "leads.failed.csv").write_text("old")

    assert write_pair(tmp_path / "leads.results.csv", HEADER, UTF8, [result(2, "1", "x")]) is None

    assert [path.name for path in tmp_path.iterdir()] == ["leads.results.csv"]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_an_error_in_the_middle_leaves_the_old_files_and_nothing_else(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"leads.results{suffix}"
    path.write_text("old")
    failed_path(path).write_text("old too")

    def rows() -> Iterator[ResultRow]:
        yield result(2, "1", "x", status="failed")
        raise RuntimeError("the ledger is gone")

    with pytest.raises(RuntimeError, match="the ledger is gone"):
        write_pair(path, HEADER, UTF8, rows())

    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {
        path.name: "old",
        failed_path(path).name: "old too",
    }


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_path_that_cannot_be_written_is_known_before_a_run(tmp_path: Path, suffix: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / f"folder{suffix}").mkdir()

    for path, message in (
        (tmp_path / "none" / f"x{suffix}", "no such folder"),
        (tmp_path / "file" / f"x{suffix}", "cannot be written|no such folder"),
        (tmp_path / f"folder{suffix}", "is a folder|not allowed"),
    ):
        with pytest.raises(ResultsError, match=message):
            check_writable(path)
        with pytest.raises(ResultsError, match=f"{message}|cannot be written"):
            write_results(path, HEADER, UTF8, [result(2, "1", "x")])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", f"folder{suffix}"]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
@pytest.mark.parametrize("rows", [1, 3_000])
def test_a_full_disk_is_an_error_in_words_and_leaves_the_old_file(
    tmp_path: Path, suffix: str, rows: int
) -> None:
    resource = pytest.importorskip("resource", reason="a size limit for files is a POSIX matter")
    path = tmp_path / f"leads.results{suffix}"
    path.write_text("old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(ResultsError, match=rf"leads\.results{suffix}: .*(cannot be written)"):
            write_results(path, HEADER, UTF8, (result(n, str(n), "x") for n in range(2, rows + 2)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [(path.name, "old")]


def test_the_input_is_never_overwritten(tmp_path: Path) -> None:
    source = tmp_path / "leads.failed.csv"
    source.write_text("ID\n1\n")

    for path in (source, tmp_path / "leads.results.csv"):
        with pytest.raises(ResultsError, match="is the input"):
            check_writable(path, source=source)
    check_writable(tmp_path / "other.csv", source=source)

    live = tmp_path / "leads.partial.csv"
    live.write_text("ID\n1\n")
    with pytest.raises(ResultsError, match=r"leads\.partial\.csv: it is the input"):
        check_writable(tmp_path / "leads.csv", source=live)


@pytest.mark.parametrize("written", ["leads.results.csv", "leads.failed.csv"])
@pytest.mark.parametrize("words", ["it is a folder", "it is read-only", "it is the input"])
def test_a_file_that_cannot_be_written_is_named_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, words: str
) -> None:
    there = tmp_path / written
    if words == "it is a folder":
        there.mkdir()
    else:
        there.touch()
    if words == "it is read-only":
        # Whoever runs the tests may be one who may write everything.
        monkeypatch.setattr("os.access", lambda path, _mode: Path(path) != there)

    with pytest.raises(ResultsError, match=words) as caught:
        check_writable(tmp_path / "leads.results.csv", source=there if words == "it is the input" else None)

    assert str(caught.value).startswith(f"{there}: {words}")
    assert str(caught.value).count(written) == 1


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match=r"are written to \.csv or \.xlsx"):
        check_writable(tmp_path / "leads.ods")


@pytest.mark.parametrize(
    ("source", "dialect", "results", "failed"),
    [
        ("leads.csv", None, "leads.results.csv", "leads.failed.csv"),
        ("deals.XLSX", None, "deals.results.xlsx", "deals.failed.xlsx"),
        ("export.xls", UTF8, "export.results.csv", "export.failed.csv"),
        ("export.csv", Dialect(format="xlsx"), "export.results.xlsx", "export.failed.xlsx"),
        ("v1.2.csv", None, "v1.2.results.csv", "v1.2.failed.csv"),
        ("leads", None, "leads.results.csv", "leads.failed.csv"),
    ],
)
def test_results_stand_beside_the_input(
    source: str, dialect: Dialect | None, results: str, failed: str
) -> None:
    path = results_path(Path("folder", source), dialect)

    assert (path, failed_path(path)) == (Path("folder", results), Path("folder", failed))


ANY = st.characters(exclude_categories=["Cs", "Cc"], include_characters="\t\n\r", exclude_characters="\ufeff")
TEXT = st.text(ANY, max_size=12)
HEADING = TEXT.map(str.strip).filter(lambda text: not text.lower().startswith("launch_"))


@given(
    dialect=st.builds(
        Dialect,
        format=st.just("csv"),
        encoding=st.sampled_from(["utf-8", "utf-16-le", "utf-16-be"]),
        bom=st.just(True),
        delimiter=st.sampled_from(",;\t|"),
        newline=st.sampled_from(["\r\n", "\n"]),
        sep_line=st.booleans(),
    ),
    header=st.lists(HEADING, min_size=1, max_size=3),
    data=st.lists(st.lists(TEXT, min_size=3, max_size=3), max_size=5),
    error=st.text(max_size=8),
)
@settings(max_examples=examples(150))
def test_results_of_any_table_read_back_with_the_same_cells_in_the_same_dialect(
    tmp_path_factory: pytest.TempPathFactory,
    dialect: Dialect,
    header: list[str],
    data: list[list[str]],
    error: str,
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.results.csv"
    rows = [result(n, *cells[: len(header)], error=error) for n, cells in enumerate(data, 2)]

    write_results(path, header, dialect, rows)

    read = open_table(path, encoding=dialect.encoding, delimiter=dialect.delimiter)
    assert read.header == (*header, *LAUNCH_COLUMNS)
    assert read.dialect == dialect
    assert [row.cells[: len(header)] for chunk in read.chunks() for row in chunk] == [row.cells for row in rows]
