"""The quick check of a CSV file finds what a csv.reader finds, in blocks of any size."""

import csv
import io
import sys

from hypothesis import example, given, settings
from hypothesis import strategies as st

from launcher.sheets.csv_check import BLANKS, MAX_BLOCKS, Shape
from tests.support.examples import examples

WIDTH = 3


class _WideError(Exception):
    pass


def by_reader(text: str) -> tuple[str, int, int]:
    """What went wrong, in which row, and how many rows are filled."""
    number = filled = 0
    try:
        for cells in csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True):
            number += 1
            if number > 1 and any(map(str.strip, cells[WIDTH:])):
                return "wide", number, 0
            filled += number > 1 and any(map(str.strip, cells))
    except csv.Error:
        return "quotes", number, 0
    return "", number, filled


def by_shape(text: str, size: int) -> tuple[str, int, int]:
    shape = Shape(";", WIDTH, 1, lambda number, _: _WideError(number))
    size = max(size, len(text) // MAX_BLOCKS + 1)  # a line of more blocks is none
    try:
        shape.check(iter([text[at : at + size] for at in range(0, len(text), size)]))
    except _WideError as error:
        return "wide", error.args[0], 0
    except csv.Error:
        return "quotes", shape.number, 0
    return "", shape.number, shape.filled


LINE = st.one_of(
    st.text('a ;"', max_size=8),
    st.lists(st.text('a;" \n', max_size=3), min_size=1, max_size=4).map(
        lambda cells: ";".join('"' + cell.replace('"', '""') + '"' for cell in cells)
    ),
    st.lists(st.text("a \xa0", max_size=2), max_size=4).map(";".join),
)


@given(st.lists(st.tuples(LINE, st.sampled_from(["\n", "\r\n", "\r"])), max_size=8), st.integers(1, 40))
@example([('";";"a""b"', "\n"), ('"a";"\n";"b""c"', "\n")], 3)
@example([('""a";"', "\n")], 1)
@example([('"a";";"', "\n")], 1)
@settings(max_examples=examples(600))
def test_the_check_agrees_with_a_reader(lines: list[tuple[str, str]], size: int) -> None:
    text = "ID;A;B\n" + "".join(line + end for line, end in lines)

    assert by_shape(text, size) == by_reader(text)


def test_the_blanks_are_all_that_strip_takes_away() -> None:
    assert [char for char in map(chr, range(sys.maxunicode + 1)) if not char.strip()] == list(BLANKS)
