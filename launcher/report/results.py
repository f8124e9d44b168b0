"""REPORT: the results file beside the input, and the file of the rows to fix.

The law of this room: a results file is either whole or the old one; and the person's own cells are
written as they were read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from errno import ENOSPC
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from launcher.core.summary import Summary
from launcher.errors import ResultsError
from launcher.redact import visible
from launcher.report import STDOUT, failed_path, partial_path, temporary_path
from launcher.report.results_csv import CsvResults
from launcher.report.results_model import LAUNCH_COLUMNS, ResultRow, own_columns
from launcher.report.results_xlsx import XlsxResults
from launcher.sheets import Dialect

__all__ = [
    "LAUNCH_COLUMNS",
    "Places",
    "ResultRow",
    "RowStream",
    "check_writable",
    "is_workbook",
    "own_columns",
    "write_pair",
    "write_results",
    "write_rows",
]

PAGE = 1_000
"""Rows that are held at a time."""

TO_FIX = frozenset({"failed", "invalid"})
"""States of the rows that a person has to fix. An unknown row is not one: it may have started."""


def is_workbook(path: Path) -> bool:
    """Whether results at that path are a workbook; else they are CSV. Raises ResultsError for another name."""
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".xlsx"):
        raise ResultsError("results-format-unknown", path=path)
    return suffix == ".xlsx"


def check_writable(path: Path, *, source: Path | None = None) -> None:
    """Raises ResultsError when results cannot be written to `path`; for use before anything is started.

    With `source`, neither `path` nor a file that is written beside it may be that file.
    """
    if path == STDOUT:
        return
    is_workbook(path)
    _check_targets(path, source)
    with _errors_of(path):
        probe = temporary_path(path)
        probe.touch()
        probe.unlink()


def _check_targets(path: Path, source: Path | None) -> None:
    for target in (path, failed_path(path), partial_path(path)):
        with _errors_of(target):
            if source is not None and target.exists() and source.exists() and target.samefile(source):
                raise ResultsError("output-is-input")
    for target in (path, failed_path(path)):
        with _errors_of(target):
            if target.is_dir():
                raise ResultsError("output-is-a-folder")
            if target.exists() and not os.access(target, os.W_OK):
                raise ResultsError("output-is-read-only")


def write_results(
    path: Path,
    header: Sequence[str],
    dialect: Dialect,
    rows: Iterable[ResultRow],
    summary: Summary | None = None,
) -> None:
    """Write all rows to `path`, whose suffix chooses the format, in place of what stood there.

    A workbook begins with the summary, where there is one. Raises ResultsError when that cannot be done;
    the old file is then untouched.
    """
    file = _NewFile(path, header, dialect, summary)
    try:
        for page in _pages(rows):
            file.add(page)
        file.finish()
        file.put_in_place()
    finally:
        file.discard()


@dataclass(frozen=True, slots=True)
class Places:
    """Where a pair of files goes."""

    results: Path
    failed: Callable[[Path | None], Path | None]
    """Is called when both are written, and gives the place of the rows to fix, whose temporary file it is
    given. None: there are none, and an older file has been dealt with."""


def write_pair(
    path: Path | Places,
    header: Sequence[str],
    dialect: Dialect,
    rows: Iterable[ResultRow],
    summary: Summary | None = None,
) -> Path | None:
    """Write all rows to `path`, and those to fix to `failed_path(path)`, going through `rows` once.

    Returns the path of the rows to fix; None when there are none, and then an older such file is
    removed. `Places` says otherwise where these go. Raises ResultsError when a file cannot be written; the
    old ones are then untouched.
    """
    places = path if isinstance(path, Places) else Places(path, partial(_in_place, path))
    path = places.results
    files = [_NewFile(path, header, dialect, summary)]
    try:
        for page in _pages(rows):
            files[0].add(page)
            if to_fix := [row for row in page if row.status in TO_FIX]:
                if len(files) == 1:
                    files.append(_NewFile(failed_path(path), header, dialect))
                files[1].add(to_fix)
        for file in files:
            file.finish()
        files[0].put_in_place()
        with _errors_of(failed_path(path)):
            failed = places.failed(files[1].temporary if len(files) == 2 else None)
        if failed is not None:
            files[1].path = failed
            files[1].put_in_place()
        return failed
    finally:
        for file in files:
            file.discard()


def _in_place(results: Path, written: Path | None) -> Path | None:
    """Give the usual place, whatever stands there; with no rows to fix, nothing does any more."""
    if written is not None:
        return failed_path(results)
    failed_path(results).unlink(missing_ok=True)
    return None


@dataclass(frozen=True, slots=True)
class RowStream:
    """Where rows go instead of a file. It stays open."""

    stream: BinaryIO
    name: str
    """As it is called in errors."""
    is_terminal: bool = False
    """What a terminal would obey is shown instead; a file or a pipe gets the rows as they are."""


def write_rows(to: RowStream, header: Sequence[str], dialect: Dialect, rows: Iterable[ResultRow]) -> None:
    """Write all rows to a stream, as CSV. Raises ResultsError."""
    if to.is_terminal:
        header = [visible(heading) for heading in header]
    with _errors_of(Path(to.name)):
        writer = CsvResults(to.stream, header, dialect)
        try:
            for row in rows:
                writer.add(_shown(row) if to.is_terminal else row)
            writer.finish()
        finally:
            writer.release()


def _shown(row: ResultRow) -> ResultRow:
    return row._replace(
        cells=tuple(map(visible, row.cells)),
        workflow_id=visible(row.workflow_id),
        error_code=visible(row.error_code),
        error=visible(row.error),
    )


def _pages(rows: Iterable[ResultRow]) -> Iterator[list[ResultRow]]:
    rest = iter(rows)
    while page := list(islice(rest, PAGE)):
        yield page


class _NewFile:
    """A results file under a temporary name, until it is put in place of the old one."""

    def __init__(
        self, path: Path, header: Sequence[str], dialect: Dialect, summary: Summary | None = None
    ) -> None:
        workbook = is_workbook(path)
        self.path = path
        self.temporary = temporary_path(path)
        with _errors_of(path):
            self.stream = self.temporary.open("wb")
            try:
                self.writer: CsvResults | XlsxResults = (
                    XlsxResults(self.stream, header, dialect, summary)
                    if workbook
                    else CsvResults(self.stream, header, dialect)
                )
            except BaseException:
                self.stream.close()
                self.temporary.unlink(missing_ok=True)
                raise

    def add(self, page: Sequence[ResultRow]) -> None:
        with _errors_of(self.path):
            for row in page:
                self.writer.add(row)

    def finish(self) -> None:
        """Now all is on the disk, still under the temporary name."""
        with _errors_of(self.path):
            self.writer.finish()
            self.stream.flush()
            os.fsync(self.stream.fileno())
            self.stream.close()

    def put_in_place(self) -> None:
        """Now the file stands under its name, instead of the old one."""
        with _errors_of(self.path):
            self.temporary.replace(self.path)

    def discard(self) -> None:
        """Leave nothing behind; once the file is in place there is nothing to leave."""
        self.writer.release()
        with suppress(OSError):
            self.stream.close()
        with suppress(OSError):
            self.temporary.unlink(missing_ok=True)


@contextmanager
def _errors_of(path: Path) -> Iterator[None]:
    """Turns what the system or a writer says into a ResultsError that names the file."""
    try:
        yield
    except ResultsError as error:
        raise ResultsError("at-path", path=path, reason=error) from None
    except FileNotFoundError:
        raise ResultsError("no-such-folder", path=path) from None
    except PermissionError:
        raise ResultsError("results-not-allowed", path=path) from None
    except OSError as error:
        remedy = "Make room on its disk, or choose another" if error.errno == ENOSPC else "Choose another"
        raise ResultsError(
            "results-not-written", path=path, reason=error.strerror or error, remedy=remedy
        ) from None
