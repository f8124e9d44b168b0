"""The rows so far, in a file beside the results while a run goes: to look into, never the truth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from launcher.report.results_csv import CsvResults
from launcher.report.results_model import ResultRow
from launcher.sheets import Dialect


def partial_path(results: Path) -> Path:
    """Where the rows so far stand: NAME.results.partial.csv beside NAME.results.csv or .xlsx."""
    return results.with_name(f"{results.stem}.partial.csv")


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
        """Let go of the file."""
        rows, self._rows = self._rows, None
        if rows is not None:
            rows.release()
            # Closed while what writes into it is still held: on a full disk it could not let go of it.
            self._stream.close()
