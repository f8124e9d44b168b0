"""Whether calamine's cells of an XLS sheet are those that its records tell.

Calamine leaves out cells of records that it does not know, and garbles texts of some files. No row may vanish
or change that way, so a sheet with any difference is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from launcher.sheets.model import SheetError
from launcher.sheets.xls_marks import ERROR, FLAG, NUMBER, Expected
from launcher.sheets.xls_texts import same_text


def first_difference(expected: dict[int, list[Expected]], left: int, rows: Iterable[Sequence[object]]) -> int:
    """Return the number, as people see it, of the first row that differs; 0 when none does.

    `rows` are calamine's, from the first row of the sheet and from the column `left`.
    """
    number, margin = 0, [""] * left
    for number, values in enumerate(rows, 1):
        row = expected.get(number - 1, [])
        if not _all_same(row, [*margin, *values]):
            return number
    return min((row + 1 for row, cells in expected.items() if row >= number and any(cells)), default=0)


def _all_same(ours: list[Expected], theirs: list[object]) -> bool:
    """Whether the rows hold the same; the rest of the longer one must be blank."""
    beyond = len(theirs) - len(ours)
    if beyond > 0 and theirs[len(ours) :].count("") < beyond:
        return False
    return all(map(_same, ours, [*theirs, *[""] * -beyond]))


def _same(ours: Expected, theirs: object) -> bool:
    if isinstance(ours, str):
        return ours == theirs or (isinstance(theirs, str) and same_text(ours, theirs))
    if ours == NUMBER:  # calamine makes dates and times of some
        return not isinstance(theirs, (str, bool))
    if ours == FLAG:
        return isinstance(theirs, bool)
    return ours == ERROR and theirs == ""


def not_certain(name: str, row: int = 0) -> SheetError:
    """The error for an XLS file whose cells are not read for certain."""
    return SheetError(
        f"{name}{f', row {row}' if row else ''}: this old .xls file stores cells in a way that the launcher "
        "cannot read reliably. Open the file in a spreadsheet program, save it as .xlsx and run again."
    )
