"""The results as CSV, in the dialect of the file that was read."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from launcher.report.results_model import LAUNCH_COLUMNS, ResultRow, own_columns
from launcher.sheets import Dialect

EXCEL_READS = Dialect(format="csv", encoding="utf-8", bom=True)
"""For a table that did not come out of a CSV file."""

FORMULA_STARTS = tuple("=+-@\t\r\n")


class CsvResults:
    """Writes rows to a stream. The person's cells read back as they were."""

    def __init__(self, stream: BinaryIO, header: Sequence[str], dialect: Dialect) -> None:
        self.dialect = dialect if dialect.format == "csv" else EXCEL_READS
        own = own_columns(header)
        self.columns = None if len(own) == len(header) else own
        """The columns that are written; None: all."""
        self.special = re.compile(f'[\r\n"{re.escape(self.dialect.delimiter)}]')
        # The person's cells came out of this encoding. Our texts may have letters that it lacks,
        # and a results file must not fail over one of them.
        self.text = io.TextIOWrapper(
            stream, encoding=self.dialect.encoding, errors="backslashreplace", newline=""
        )
        self._write_head([*self._own(header), *LAUNCH_COLUMNS])

    def add(self, row: ResultRow) -> None:
        row_number, status, *foreign, attempts, time, run = row.launch_cells()
        self._write(
            [*self._own(row.cells), row_number, status, *map(_no_formula, foreign), attempts, time, run]
        )

    def finish(self) -> None:
        """Write what is still held back."""
        self.text.flush()

    def release(self) -> None:
        """Let go of the stream, which stays open. The last call, also after an error."""
        with suppress(OSError, ValueError):  # ValueError: the stream is closed
            self.text.detach()

    def _own(self, cells: Sequence[str]) -> Sequence[str]:
        return cells if self.columns is None else [cells[index] for index in self.columns]

    def _write_head(self, headings: list[str]) -> None:
        if self.dialect.bom:
            self.text.write("\ufeff")
        if self.dialect.sep_line:
            self.text.write(f"sep={self.dialect.delimiter}{self.dialect.newline}")
        first = self._quoted(headings[0])
        if first.startswith(("ID", "sep=")):
            # A file that begins with ID is taken for another format (SYLK) by Excel, one that begins
            # with sep= for a hint.
            headings[0] = ""
            self.text.write(f'"{first}"')
        self._write(headings)

    def _write(self, cells: list[str]) -> None:
        # Not csv.writer: before Python 3.13 it leaves a lone carriage return unquoted, which breaks the row.
        delimiter = self.dialect.delimiter
        line = delimiter.join(cells)
        # Most rows need no quotes, and the whole line shows it sooner than its cells do.
        if line.count(delimiter) != len(cells) - 1 or '"' in line or "\n" in line or "\r" in line:
            line = delimiter.join(map(self._quoted, cells))
        self.text.write(line + self.dialect.newline)

    def _quoted(self, text: str) -> str:
        return '"' + text.replace('"', '""') + '"' if self.special.search(text) else text


def _no_formula(text: str) -> str:
    """The text so that no spreadsheet program reads it as a formula."""
    return "'" + text if text and text.startswith(FORMULA_STARTS) else text


class PartialFile:
    """Rows in the order in which they were settled, with the columns of the results file, always as CSV.

    Every method but the first may raise OSError. What is appended can be read when `append` returns; it is
    not forced to the disk, since the ledger has it there.
    """

    def __init__(self, path: Path, header: Sequence[str], dialect: Dialect) -> None:
        self._path = path
        self._header = header
        self._dialect = dialect
        self._rows: CsvResults | None = None

    def remove(self) -> None:
        """Now nothing of an earlier run stands there."""
        self._path.unlink(missing_ok=True)

    def append(self, rows: Iterable[ResultRow]) -> None:
        """Append them. The file is made with the first ones, so that a short run never has it."""
        for row in rows:
            if self._rows is None:
                self._stream = self._path.open("wb")
                self._rows = CsvResults(self._stream, self._header, self._dialect)
            self._rows.add(row)
        if self._rows is not None:
            self._rows.finish()

    def close(self) -> None:
        rows, self._rows = self._rows, None
        if rows is not None:
            rows.release()
            # Closed while what writes into it is still held: on a full disk it could not let go of it.
            self._stream.close()
