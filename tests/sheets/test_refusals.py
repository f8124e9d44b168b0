"""What is no table is refused in words, before anything is started."""

import subprocess
import sys
from pathlib import Path

import pytest

from launcher.sheets import SheetError, open_table

OLE = bytes.fromhex("d0cf11e0a1b11ae1")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"\n\n \r\n", "is empty"),
        (b"\nID,A\n1,2\n", "row 1: blank"),
        (b",,\n1,2,3\n", "row 1: blank"),
        (b"sep=;\n", "row 1: blank"),
        (b"ID,A\n1,b\n2,c\0d\n", "line 3: a NUL"),
        ("ID,A\n1,\0\n".encode("utf-16"), "line 2: a NUL"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, "neither a CSV nor an Excel file"),
        (b"\x01\x02\x03\x04 junk \x05\x06", "neither a CSV nor an Excel file"),
        (OLE + bytes(512), "damaged or incomplete"),
        (OLE + bytes(512) + "EncryptedPackage".encode("utf-16-le"), "protected by a password"),
        (
            b'<meta http-equiv="Content-type" content="text/html;charset=utf-8" /><table border="1">',
            "ends in the middle of its table",
        ),
        (b"\xef\xbb\xbf\n<!DOCTYPE html><html></table></html>", "no table with headings"),
        (b"PK\x03\x04 cut in the middle", "damaged or incomplete"),
    ],
)
def test_what_is_no_table_is_refused_in_words(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "input.csv"
    path.write_bytes(content)

    with pytest.raises(SheetError, match=message) as caught:
        open_table(path)

    assert "input.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder_are_said_to_be_that(tmp_path: Path) -> None:
    with pytest.raises(SheetError, match=r"none\.csv: there is no such file"):
        open_table(tmp_path / "none.csv")
    (tmp_path / "leads.csv").write_text("ID\n")
    with pytest.raises(SheetError) as mistyped:
        open_table(tmp_path / "lead.csv")
    assert str(mistyped.value).endswith(f'no such file in {tmp_path} (did you mean "leads.csv"?).')
    with pytest.raises(SheetError, match=r"is a folder|cannot be read"):
        open_table(tmp_path)
    (tmp_path / "file").write_text("ID\n")
    with pytest.raises(SheetError, match=r"cannot be read|no such file"):
        open_table(tmp_path / "file" / "leads.csv")
    with pytest.raises(SheetError, match="no file name"):
        open_table(tmp_path / "a\0b.csv")


@pytest.mark.parametrize("delimiter", ["", ",,", "a", '"', "\n", "ж"])
def test_what_cannot_separate_cells_is_no_delimiter(tmp_path: Path, delimiter: str) -> None:
    (tmp_path / "leads.csv").write_text("ID,A\n1,2\n")

    with pytest.raises(SheetError, match="the delimiter is one character"):
        open_table(tmp_path / "leads.csv", delimiter=delimiter)


def test_a_delimiter_that_separates_nothing_where_another_does_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("ID,A\n1,2\n")

    with pytest.raises(SheetError, match=r"a semicolon does not separate the headings, a comma does\. Leave"):
        open_table(tmp_path / "leads.csv", delimiter=";")


def test_a_csv_file_has_no_sheets(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("ID,A\n1,2\n")

    with pytest.raises(SheetError, match="has no sheets"):
        open_table(tmp_path / "leads.csv", sheet="Deals")


def test_more_columns_than_a_spreadsheet_has_are_refused(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("ID,A\n1,2" + "," * 20_000 + "\n")

    with pytest.raises(SheetError, match="at most 16,384"):
        open_table(tmp_path / "leads.csv")


def test_importing_the_room_imports_no_heavy_package() -> None:
    script = "import launcher.sheets, launcher.report.results, sys; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.split()

    assert not {"pandas", "numpy", "python_calamine", "xlsxwriter"} & set(loaded)


def test_a_reader_that_panics_prints_nothing_beside_our_message(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = (Path(__file__).parents[1] / "samples" / "libreoffice-values.xls").read_bytes()
    path = tmp_path / "cut.xls"
    for size in range(4_000, len(whole), 97):
        path.write_bytes(whole[:size])
        with pytest.raises(SheetError, match="damaged or incomplete"):
            open_table(path)

    assert capfd.readouterr() == ("", "")
