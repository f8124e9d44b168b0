"""Takes rows that a person has corrected into the run that they belong to."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from launcher.core.columns import MappingError
from launcher.core.job import JobSpec
from launcher.core.model import Start, State
from launcher.core.plan import Claim, Planner, keys_of
from launcher.core.states import TO_FIX
from launcher.core.words import pluralize
from launcher.engine.portal_client import PortalClient
from launcher.engine.preparing import Candidates, mapper_of
from launcher.ledger import Ledger, NewRow, RecordedRow, RunRecord
from launcher.ledger.nights import FailedFiles
from launcher.redact import one_line
from launcher.report import failed_path
from launcher.report.results import LAUNCH_COLUMNS, own_columns
from launcher.sheets import Row, Source, Table

_SHOWN = 10
"""Changes that are shown one by one."""

_ROW_COLUMN = LAUNCH_COLUMNS[0]


async def apply_corrections(
    ledger: Ledger, run: RunRecord, job: JobSpec, file: Table, client: PortalClient
) -> list[str]:
    """Plan anew the rows of that file which failed or were invalid and have changed since; return what changed,
    in lines for the person.

    A row is known by its `launch_row` if the file has that column, else by its own number. Rows that started,
    or may have, are left as they are, whatever the file says of them. Raises MappingError, PortalError.
    """
    corrections = _Corrections(ledger, run, _Columns.of(file.header, run))
    candidates = Candidates(await mapper_of(job, run.header, ledger, run.portal), client)
    planner = Planner(run_id=run.id, started_before=job.started_before, now=time.time())
    async for chunk in file.stream():
        await corrections.take(chunk, candidates, planner)
    return corrections.lines()


async def keep_taken_over(ledger: Ledger, run: RunRecord, source: Source, digest: str, table: Table) -> None:
    """Allow a file of rows to fix to be replaced if its changes are all in the ledger, unless it changes again.

    `digest`: that of the content which was read.
    """
    files, usual = FailedFiles(ledger.database), failed_path(Path(run.results))
    for path in {usual, Path(await files.path(run.id) or usual)}:
        is_given = path.is_file() and source.path.samefile(path)
        if is_given and await _is_taken_over(ledger, run, table):
            await files.keep(run.id, str(path), digest)


async def _is_taken_over(ledger: Ledger, run: RunRecord, file: Table) -> bool:
    """Whether each row of that file is a row of the run with the same cells. Raises MappingError."""
    columns = _Columns.of(file.header, run)
    async for chunk in file.stream():
        numbers = [columns.number(row) for row in chunk]
        known = {row.row_number: row for row in await ledger.rows_numbered(run.id, numbers)}
        for number, row in zip(numbers, chunk, strict=True):
            if number not in known or columns.merged(row, known[number]).cells != known[number].cells:
                return False
    return True


@dataclass(frozen=True, slots=True)
class UnknownRows:
    """The unknown rows of a run that a file names, by number."""

    unchanged: tuple[int, ...]
    """Every value in the file is the value that was sent."""
    changed: tuple[int, ...]
    """The file has another value somewhere, which is another start, while the one that was sent may run."""


async def unknown_rows(ledger: Ledger, run: RunRecord, file: Table) -> UnknownRows:
    """Return the run's unknown rows that the file names; rows are known as `apply_corrections` knows them.

    Raises MappingError.
    """
    columns = _Columns.of(file.header, run)
    named: set[int] = set()
    changed: set[int] = set()
    async for chunk in file.stream():
        known = await ledger.rows_numbered(run.id, [columns.number(row) for row in chunk])
        unknown = {row.row_number: row for row in known if row.state is State.UNKNOWN}
        for row in chunk:
            if (there := unknown.get(columns.number(row))) is not None:
                named.add(there.row_number)
                if columns.merged(row, there).cells != there.cells:
                    changed.add(there.row_number)
    return UnknownRows(tuple(sorted(named - changed)), tuple(sorted(changed)))


@dataclass(frozen=True, slots=True)
class _Columns:
    """Which column of the corrected file is which of the run's."""

    row: int | None
    """The column with the row's number in the run's file, where there is one."""
    pairs: tuple[tuple[int, int], ...]
    """Column of the corrected file, column of the run's file."""

    @classmethod
    def of(cls, header: Sequence[str], run: RunRecord) -> _Columns:
        """Raises MappingError where the person's own columns are not those of the run's file."""
        theirs, ours = own_columns(header), own_columns(run.header)
        corrected, known = [header[index] for index in theirs], [run.header[index] for index in ours]
        if corrected != known:
            raise MappingError(
                "corrected-file-has-other-columns",
                corrected=", ".join(corrected),
                name=run.name,
                known=", ".join(known),
            )
        row = header.index(_ROW_COLUMN) if _ROW_COLUMN in header else None
        return cls(row, tuple(zip(theirs, ours, strict=True)))

    def number(self, row: Row) -> int:
        """The row's number in the run's file."""
        if self.row is None:
            return row.number
        text = row.cells[self.row].strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0

    def merged(self, row: Row, known: RecordedRow) -> Row:
        """Return the run's row with the corrected cells."""
        cells = list(known.cells)
        kinds = list(known.kinds or "t" * len(cells))
        for theirs, ours in self.pairs:
            cells[ours] = row.cells[theirs]
            kinds[ours] = row.kinds[theirs] if row.kinds else "t"
        return Row(known.row_number, tuple(cells), "".join(kinds) if set(kinds) - {"t"} else "")


@dataclass(slots=True)
class _Corrections:
    ledger: Ledger
    run: RunRecord
    columns: _Columns
    changed: int = 0
    shown: list[str] = field(default_factory=list)
    """What changed in the first of them."""
    refused: int = 0

    async def take(self, chunk: Sequence[Row], starts: Candidates, planner: Planner) -> None:
        """Plan the corrected rows among these anew."""
        given = {self.columns.number(row): row for row in chunk}
        corrected: dict[int, Row] = {}
        for known in await self.ledger.rows_numbered(self.run.id, list(given)):
            row = self.columns.merged(given[known.row_number], known)
            if row.cells == known.cells:
                continue
            if known.state in TO_FIX:
                corrected[row.number] = row
                self._note(known, row.cells)
            else:
                self.refused += 1
        candidates = await starts.of(list(corrected.values()))
        planned = planner.plan(candidates, await self._others(candidates))
        rows = [(plan, corrected[plan.row_number]) for plan in planned]
        await self.ledger.replace_rows(self.run.id, [NewRow(plan, row.cells, row.kinds) for plan, row in rows])

    async def _others(self, candidates: Sequence[object]) -> Mapping[str, Claim]:
        """The owners of the candidates' start keys, but for the candidates themselves."""
        starts = {start.start_key: start for start in candidates if isinstance(start, Start)}
        claims = await self.ledger.claims(keys_of(candidates))
        return {
            key: claim
            for key, claim in claims.items()
            if key not in starts or (claim.run_id, claim.row_number) != (self.run.id, starts[key].row_number)
        }

    def _note(self, known: RecordedRow, cells: Sequence[str]) -> None:
        self.changed += 1
        if len(self.shown) < _SHOWN:
            changes = [
                f'{one_line(heading)}: "{one_line(before)}" → "{one_line(after)}"'
                for heading, before, after in zip(self.run.header, known.cells, cells, strict=True)
                if before != after
            ]
            self.shown.append(f"row {known.row_number}: {', '.join(changes)}")

    def lines(self) -> list[str]:
        """What changed, for the person."""
        lines = [*self.shown, f"{pluralize(self.changed, 'row')} of run {self.run.name} corrected"]
        if not (self.changed or self.refused):
            lines[-1] += ": none of its rows to fix is changed in the file"
        if self.refused:
            lines.append(
                f"{pluralize(self.refused, 'row')} changed too, but are neither failed nor invalid: as before"
            )
        return lines
