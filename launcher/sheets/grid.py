"""What the row of headings may not be: one of two rows of headings."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from launcher.sheets.model import CHUNK_CELLS, CHUNK_ROWS, MAX_COLUMNS, Dialect, Row, SheetError, Source, Table


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
        raise two_rows(name, row)


def two_rows(name: str, row: int) -> SheetError:
    return SheetError("headings-take-two-rows", name=name, row=row)


Cell = tuple[str, str]
"""Text and kind, one of the letters of `Row.kinds`."""
BLANK: Cell = ("", "t")
Rows = Iterator[tuple[int, Sequence[Cell]]]
"""Number and cells of the rows that are not blank; a row may have blank cells at its end, or not."""
SUMMARY_TITLE = "Summary of a launcher run"
"""The first cell of the sheet that stands before the rows in a results workbook of ours."""


@dataclass(slots=True)
class Facts:
    """What is known of a sheet beside its cells."""

    hidden: list[int] = field(default_factory=list)
    """Numbers of hidden rows."""
    filtered: bool = False
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    """First row, first column, last row, last column of each merged range, counted from 1."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What going through all rows shows: their number, and the cells of the widest."""

    filled: int
    width: int


def table(
    source: Source,
    sheet: str,
    rows: Callable[[], Rows],
    facts: Facts,
    *,
    header_row: int | None,
    counted: Counted | None = None,
) -> Table:
    """The sheet as a table. Without `counted`, all rows are gone through. Raises SheetError when it is blank.

    The header is the first row that is not blank, or the row `header_row`.
    """
    header: list[str] | None = None
    below: list[str] | None = None
    at = filled = width = left = 0
    for number, cells in rows():
        if header is None:
            if header_row is None or number == header_row:
                header, at = [text.strip() for text, _ in cells[: _used(cells)]], number
                width, left = _used(cells), _lead(cells)
                counted = None if left else counted
            elif number > header_row:
                break
            continue
        below = [text for text, _ in cells] if below is None else below
        if counted is not None:
            break
        filled += 1
        width = max(width, _used(cells))
        left = min(left, _lead(cells)) if left else 0
    if header is None and header_row is not None:
        raise SheetError("header-row-blank", name=source.name, header_row=header_row)
    if header is None or not any(header):
        raise SheetError("sheet-empty", name=source.name, sheet=sheet)
    if counted is not None:
        width = max(width, counted.width)
        filled = counted.filled
    if width > MAX_COLUMNS:
        raise SheetError("too-many-columns", name=source.name, widest=width, max_columns=MAX_COLUMNS)
    if header_row is None:
        if any(first <= at <= last for first, _, last, _ in facts.merged):
            raise two_rows(source.name, at)
        refuse_two_rows(source.name, header, below or (), at)
    stamp = source.stamp()
    return Table(
        header=(*header[left:], *([""] * (width - len(header)))),
        dialect=Dialect(format="xlsx", sheet=sheet, header_row=at),
        row_count=filled,
        read=lambda: _chunks(source, rows, at, slice(left, width), stamp),
        notes=tuple(_notes(facts)),
    )


def _chunks(
    source: Source, read: Callable[[], Rows], header_row: int, columns: slice, stamp: tuple[int, int]
) -> Iterator[list[Row]]:
    width = columns.stop
    most = max(1, min(CHUNK_ROWS, CHUNK_CELLS // width))
    rows: list[Row] = []
    padding = [BLANK] * width
    for number, cells in read():
        if number <= header_row:
            continue
        whole = cells if len(cells) == width and not columns.start else [*cells, *padding][columns]
        texts, letters = zip(*whole, strict=True)
        kinds = "".join(letters)
        rows.append(Row(number, texts, kinds if kinds.strip("t") else ""))
        if len(rows) == most:
            if not source.path.exists() or source.stamp() != stamp:
                raise source.changed()
            yield rows
            rows = []
    if rows:
        yield rows


def used(cell: Cell) -> bool:
    """Whether there is something in the cell."""
    return cell[1] == "f" or not (cell[0] == "" or cell[0].isspace())


def _used(cells: Sequence[Cell]) -> int:
    """How many cells the row has up to its last one with something in it."""
    width = len(cells)
    while width and not used(cells[width - 1]):
        width -= 1
    return width


def _lead(cells: Sequence[Cell]) -> int:
    """How many blank cells the row begins with."""
    return next((index for index, cell in enumerate(cells) if used(cell)), len(cells))


def _notes(facts: Facts) -> Iterator[str]:
    if facts.hidden:
        first = min(facts.hidden)
        count = len(facts.hidden)
        rows = f"{count:,} rows are hidden (the first is row {first}); they are" if count > 1 else ""
        yield f"{rows or f'Row {first} is hidden; it is'} read like the others."
    if facts.filtered:
        yield "The sheet has a filter; rows that it does not show are read like the others."
    if facts.merged:
        first_row, first_column, _, _ = facts.merged[0]
        yield (
            f"The sheet has merged cells (the first at row {first_row}, column {first_column}): the value "
            "stands in the first cell of each, the others are blank."
        )


def choose_sheet(
    name: str, sheets: Sequence[tuple[str, bool]], wanted: str | None, rows_of: Callable[[int], Rows]
) -> int:
    """The index of the sheet `wanted`, else of the first visible one; `sheets` has name and visibility.

    A summary of ours is passed over. It is known by its title, which outlives a new name and other formats.
    """
    if not sheets:
        raise SheetError("workbook-empty", name=name)
    if not wanted:
        visible = [index for index, (_, shown) in enumerate(sheets) if shown] or [0]
        return visible[1] if len(visible) > 1 and _is_summary(rows_of(visible[0])) else visible[0]
    for index, (known, _) in enumerate(sheets):
        if known.strip().casefold() == wanted.strip().casefold():
            return index
    names = [known for known, _ in sheets]
    nearest = difflib.get_close_matches(wanted, names, 1)
    hint = f"did you mean {nearest[0]!r}?" if nearest else f"it has {', '.join(map(repr, names[:10]))}."
    raise SheetError("no-such-sheet", name=name, wanted=wanted, hint=hint)


def _is_summary(rows: Rows) -> bool:
    _, cells = next(rows, (0, ()))
    return len(cells) > 0 and cells[0][0] == SUMMARY_TITLE


def damaged(name: str) -> SheetError:
    """The error for a workbook that cannot be read to its end."""
    return SheetError("workbook-damaged", name=name)


def protected(name: str) -> SheetError:
    """The error for a workbook that only a password opens."""
    return SheetError("workbook-protected", name=name)
