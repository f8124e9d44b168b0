"""XLS: files that calamine must not be given, and cells in which it differs from the records."""

import datetime as dt
import struct
from pathlib import Path

import pytest

from launcher.sheets.calamine_files import first_difference
from launcher.sheets.xls_marks import ERROR, FLAG, NUMBER, UNSURE, Expected, book_of

SAMPLE = (Path(__file__).parents[1] / "samples" / "records.xls").read_bytes()
FAT, DIRECTORY, STREAM, LAST = 0, 1, 2, 9
"""Sectors of the sample: their table, the directory, the first and the last one of the workbook."""
FREE = 0xFFFFFFFF


def place(sector: int) -> int:
    return 512 * (sector + 1)


def with_next(data: bytes, sector: int, following: int) -> bytes:
    """The table of sectors says that this sector follows that one."""
    return with_number(data, place(FAT) + 4 * sector, following)


def with_number(data: bytes, at: int, number: int) -> bytes:
    return data[:at] + struct.pack("<I", number) + data[at + 4 :]


def lists_its_table_for_ever(free: bool) -> bytes:
    """A further list of the table's sectors, which goes on in itself."""
    listed = struct.pack("<128I", *[FREE if free else FAT] * 127, LAST)
    data = SAMPLE[: place(LAST)] + listed
    return with_number(data, 68, LAST)


LOOPS = {
    "the directory": with_next(SAMPLE, DIRECTORY, DIRECTORY),
    "the directory through the workbook": with_next(with_next(SAMPLE, DIRECTORY, STREAM), LAST, DIRECTORY),
    "the workbook": with_next(SAMPLE, LAST, STREAM),
    "the list of the table, free": lists_its_table_for_ever(free=True),
    "the list of the table": lists_its_table_for_ever(free=False),
    "the small streams": with_number(
        with_number(with_number(with_next(SAMPLE, LAST, LAST), 60, DIRECTORY), 64, 1),
        *(place(DIRECTORY) + 116, LAST),
    ),
    "the table of small streams": with_number(with_number(with_next(SAMPLE, LAST, LAST), 60, LAST), 64, 1),
    "more small sectors than sectors": with_number(SAMPLE, 64, 0x8000),
}


def test_the_sample_is_followed() -> None:
    book = book_of(SAMPLE)

    assert book is not None
    assert [name for name, _ in book.sheets] == ["Deals"]


@pytest.mark.parametrize("name", LOOPS)
def test_a_chain_of_sectors_without_an_end_is_not_followed(name: str) -> None:
    assert book_of(LOOPS[name]) is None


def test_a_stream_without_its_last_record_is_not_followed() -> None:
    """Its end may be missing, with rows in it."""
    whole = SAMPLE[: place(STREAM)]
    book = book_of(SAMPLE)
    assert book is not None
    end = book.stream.rindex(struct.pack("<HH", 0x000A, 0))
    cut = book_of(whole + book.stream[:end].ljust(4096, b"\1"))

    assert cut is None or cut.marks(0) is None


@pytest.mark.parametrize(
    ("held", "read"),
    [
        ("text", "tex"),
        ("ID", "I\0D\0"),
        ("15", 15.0),
        ("", "text"),
        ("", 0.0),
        (NUMBER, ""),
        (NUMBER, "15"),
        (NUMBER, True),
        (FLAG, 1.0),
        (FLAG, ""),
        (ERROR, 0.0),
        (UNSURE, ""),
        (UNSURE, "text"),
    ],
)
def test_a_cell_that_is_not_what_the_records_hold_is_a_difference(held: Expected, read: object) -> None:
    assert first_difference({1: ["a", held]}, 0, [["", ""], ["a", read]]) == 2


@pytest.mark.parametrize(
    ("held", "read"),
    [
        ("text", "text"),
        ("\ufefftext", "text"),
        ("\ufffd", "\x98"),
        ("", ""),
        (NUMBER, 15.0),
        (NUMBER, dt.date(2026, 1, 5)),
        (NUMBER, dt.timedelta(hours=26)),
        (FLAG, False),
        (ERROR, ""),
    ],
)
def test_a_cell_that_is_what_the_records_hold_is_none(held: Expected, read: object) -> None:
    assert first_difference({1: ["a", held]}, 0, [["", ""], ["a", read]]) == 0


def test_rows_and_columns_are_compared_where_they_stand() -> None:
    held: dict[int, list[Expected]] = {2: ["", "", "x"], 4: ["", "", "", NUMBER]}
    rows = [["", ""], ["", ""], ["x", ""], ["", ""], ["", 1.0]]

    assert first_difference(held, 2, rows) == 0
    assert first_difference(held, 1, rows) == 3
    assert first_difference(held, 2, rows[:4]) == 5
    assert first_difference(held, 2, []) == 3
    assert first_difference({}, 2, rows) == 3
    assert first_difference({7: ["", ""]}, 0, []) == 0
    assert first_difference({7: [ERROR]}, 0, []) == 8
