"""What the row of headings may not be: one of two rows of headings."""

from __future__ import annotations

from collections.abc import Sequence

from launcher.sheets.model import SheetError


def refuse_two_rows(name: str, header: Sequence[str], below: Sequence[str] = (), row: int = 1) -> None:
    """Raises SheetError when the headings go on in the row below them.

    As where merged headings were saved as CSV: the row below fills just the gaps of the header, in words.
    """
    below = [*below[: len(header)], *([""] * (len(header) - len(below)))]
    filled = [text for heading, text in zip(header, below, strict=True) if not heading]
    first_of_group = [bool(heading) and not text for heading, text in zip(header, below, strict=True)]
    if (
        len(filled) > 0
        and all(filled)
        and any(first_of_group)
        and not any(char.isdigit() for text in below for char in text)
        and not (header[-1] == "" and len(filled) == 1)
    ):
        raise SheetError(two_rows(name, row))


def two_rows(name: str, row: int) -> str:
    """What a person is told of headings that take two rows."""
    return (
        f"{name}, row {row}: the headings take more than one row. Keep a single row of headings, without "
        "merged cells, or name the row that holds them (--header-row), and run again."
    )


def refuse_merged(name: str, row: int, merged: Sequence[tuple[int, int, int, int]]) -> None:
    """Raises SheetError when a merged range touches the row of headings.

    A range is its first row, first column, last row and last column, counted from 1.
    """
    if any(first <= row <= last for first, _, last, _ in merged):
        raise SheetError(two_rows(name, row))
