"""The results as an Excel workbook: text as text, numbers and dates as they were, states in colours."""

from __future__ import annotations

import datetime as dt
import io
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from html import escape
from typing import Any, BinaryIO

from launcher.core.summary import Summary
from launcher.errors import ResultsError
from launcher.report.results_model import (
    LAUNCH_COLUMNS,
    SHEET_NAMES,
    WIDTHS,
    ResultRow,
    own_columns,
    summary_lines,
)
from launcher.sheets import Dialect

MAX_ROWS = 1_048_576  # Excel's limit, the header included
MAX_COLUMNS = 16_384
MAX_CELL = 32_767  # UTF-16 units in a cell
CUT_MARK = " … [cut]"
LONG_NUMBER = 11  # digits that Excel shows of a number before it writes 1.2E+11

MEASURED_ROWS = 1_000
"""Rows whose texts decide how wide the columns are."""
MIN_WIDTH, MAX_WIDTH = 8, 50

COLOURS = {
    "started": "#D8F0D8",
    "failed": "#F8D0D0",
    "invalid": "#FBE0C4",
    "unknown": "#EBD9F7",
    "deferred": "#D9E8F8",
    "pending": "#D9E8F8",
    "sent": "#D9E8F8",
    "skipped": "#E6E6E6",
}
STATUS = LAUNCH_COLUMNS.index("launch_status")
NUMBERS = (LAUNCH_COLUMNS.index("launch_row"), LAUNCH_COLUMNS.index("launch_attempts"))


class _Handle:
    """The stream, until it is let go of: after an error the archive inside xlsxwriter writes once more,
    whenever it is collected, and that must go nowhere."""

    def __init__(self, target: BinaryIO) -> None:
        self.target = target

    def __getattr__(self, name: str) -> Any:
        return getattr(self.target, name)


class XlsxResults:
    """Writes rows to a stream, each as it comes, so that memory stays constant."""

    def __init__(
        self, stream: BinaryIO, header: Sequence[str], dialect: Dialect, summary: Summary | None = None
    ) -> None:
        """With `summary`, the first sheet shows it."""
        import xlsxwriter

        self.own = own_columns(header)
        headings = [header[index] for index in self.own] + list(LAUNCH_COLUMNS)
        if len(headings) > MAX_COLUMNS:
            raise ResultsError("workbook-too-wide", max_columns=MAX_COLUMNS, headings=len(headings))
        # A folder of its own, because xlsxwriter leaves its temporary files behind after an error.
        self.scratch = tempfile.TemporaryDirectory(prefix="launcher-", ignore_cleanup_errors=True)
        self.handle = _Handle(stream)
        self.book = xlsxwriter.Workbook(self.handle, {"constant_memory": True, "tmpdir": self.scratch.name})
        self.sheets: list[Any] = []
        if summary is not None:
            self._add_sheet(next(name for name in SHEET_NAMES if name.casefold() != dialect.sheet.casefold()))
        self._add_sheet(dialect.sheet)
        self.sheet = self.sheets[-1]
        self.formats = {
            "head": self.book.add_format({"bold": True, "bottom": 1}),
            "title": self.book.add_format({"bold": True, "font_size": 14}),
            "name": self.book.add_format({"font_color": "#606060"}),
            "count": self.book.add_format({"num_format": "#,##0", "valign": "top"}),
            "wrapped": self.book.add_format({"text_wrap": True, "valign": "top"}),
            "top": self.book.add_format({"valign": "top"}),
            "long": self.book.add_format({"num_format": "0"}),
            "d": self.book.add_format({"num_format": "yyyy-mm-dd"}),
            "D": self.book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
            **{state: self.book.add_format({"bg_color": colour}) for state, colour in COLOURS.items()},
            **{
                f"{state} top": self.book.add_format({"bg_color": colour, "valign": "top"})
                for state, colour in COLOURS.items()
            },
        }
        self.widths = [MIN_WIDTH] * len(headings)
        self.rows = 0
        for column, heading in enumerate(headings):
            self._text(column, heading, "head")
        self.sheet.freeze_panes(1, 0)
        if summary is not None:
            self._summarise(self.sheets[0], summary)

    def add(self, row: ResultRow) -> None:
        """Write one row. Raises ResultsError when a workbook holds no more."""
        self.rows += 1
        if self.rows >= MAX_ROWS:
            raise ResultsError("workbook-too-long", max_rows=MAX_ROWS)
        for column, index in enumerate(self.own):
            text = row.cells[index]
            if not row.kinds or not self._typed(column, text, row.kinds[index]):
                self._text(column, text)
        for offset, text in enumerate(row.launch_cells()):
            column = len(self.own) + offset
            if offset in NUMBERS:
                self.sheet.write_number(self.rows, column, int(text))
            else:
                self._text(column, text, text if offset == STATUS else "")

    def finish(self) -> None:
        """Write the workbook to the stream."""
        from xlsxwriter.exceptions import XlsxFileError

        for column, width in enumerate(self.widths):
            self.sheet.set_column(column, column, width)
        self.sheet.autofilter(0, 0, self.rows, len(self.widths) - 1)
        try:
            self.book.close()
        except XlsxFileError as error:
            raise ResultsError("workbook-not-written", reason=error) from None

    def release(self) -> None:
        """Let go of the temporary files. The last call, also after an error."""
        for sheet in self.sheets:
            with suppress(OSError):
                sheet._opt_close()
        self.scratch.cleanup()
        self.handle.target = io.BytesIO()

    def _add_sheet(self, name: str) -> None:
        from xlsxwriter.exceptions import XlsxInputError

        try:
            self.sheets.append(self.book.add_worksheet(name or "Results"))
        except XlsxInputError:  # other programs allow names that Excel does not
            self.sheets.append(self.book.add_worksheet("Results"))

    def _summarise(self, sheet: Any, summary: Summary) -> None:
        for column, width in enumerate(WIDTHS):
            sheet.set_column(column, column, width)
        for line, (cells, styles) in enumerate(summary_lines(summary)):
            for column, cell in enumerate(cells):
                style = self.formats[styles[column]] if column < len(styles) else None
                if isinstance(cell, int):
                    sheet.write_number(line, column, cell, style)
                elif cell:
                    sheet.write_string(line, column, _safe(cell), style)

    def _typed(self, column: int, text: str, kind: str) -> bool:
        """Write the cell as the number, date or truth value that it was; False when it is text."""
        try:
            match kind:
                case "n":
                    style = (
                        self.formats["long"] if text.lstrip("-").isdigit() and len(text) > LONG_NUMBER else None
                    )
                    self.sheet.write_number(self.rows, column, float(text), style)
                case "d" | "D":
                    moment = dt.datetime.fromisoformat(text)
                    if moment.year < 1900:  # before the first day that a workbook knows
                        return False
                    self.sheet.write_datetime(self.rows, column, moment, self.formats[kind])
                case "b":
                    self.sheet.write_boolean(self.rows, column, text == "TRUE")
                case _:
                    return False
        except ValueError:
            return False
        self._measure(column, text)
        return True

    def _text(self, column: int, text: str, style: str = "") -> None:
        if not text:
            return
        self._measure(column, text)
        # Never write(): it makes formulas and links of text.
        self.sheet.write_string(self.rows, column, _safe(text), self.formats.get(style))

    def _measure(self, column: int, text: str) -> None:
        if self.rows <= MEASURED_ROWS:
            longest = max(map(len, text[:500].splitlines()), default=0)
            self.widths[column] = min(MAX_WIDTH, max(self.widths[column], longest + 2))


def _safe(text: str) -> str:
    """The text as xlsxwriter takes it: not too long, and not for its own markup."""
    text = _cut(text)
    if text.startswith("<r>") and text.endswith("</r>"):
        # It would be put into the file as it is.
        return f'<r><t xml:space="preserve">{escape(text, quote=False)}</t></r>'
    return text


def _cut(text: str) -> str:
    """The text, or as much of it as a cell holds, with a mark where it was cut."""
    if len(text) * 2 <= MAX_CELL or len(text.encode("utf-16-le", "surrogatepass")) // 2 <= MAX_CELL:
        return text
    kept = text.encode("utf-16-le", "surrogatepass")[: 2 * (MAX_CELL - len(CUT_MARK))]
    return kept.decode("utf-16-le", "ignore") + CUT_MARK
