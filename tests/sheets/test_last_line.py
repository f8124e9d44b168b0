"""Which files end in the middle of a line."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from launcher.sheets import lacks_line_end


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    ("end", "lacks"), [("\r\n", False), ("\n", False), ("\r", False), ("", True), (" ", True)]
)
def test_a_csv_file_says_whether_its_last_line_has_an_end(
    tmp_path: Path, encoding: str, end: str, lacks: bool
) -> None:
    marks = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
    file = tmp_path / "leads.csv"
    # The bytes of the last letter are those of a line end in the other order of bytes.
    last = "\u0a0d" if encoding.startswith("utf-16") else "я"
    file.write_bytes(marks.get(encoding, b"") + f"ID,Имя\n1,{last}{end}".encode(encoding))
    assert lacks_line_end(file) is lacks


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04 a workbook",
        bytes.fromhex("d0cf11e0a1b11ae1"),
        b"\x1f\x8b packed",
        b"<html><table></table></html>",
        b'\xef\xbb\xbf<?xml version="1.0"?><html></html>',
    ],
)
def test_other_files_have_no_lines_to_end(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "leads.xlsx"
    file.write_bytes(content)
    assert not lacks_line_end(file)
