"""Goes through a file as a run would, and writes and starts nothing."""

from __future__ import annotations

import time
from collections import ChainMap
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from launcher.core.columns import MappingError
from launcher.core.documents import kind_of_document
from launcher.core.findings import Findings, Severity
from launcher.core.guard import Rights
from launcher.core.job import JobSpec
from launcher.core.model import Document, Start, State
from launcher.core.plan import DUPLICATE, Claim, Planned, Planner, keys_of
from launcher.engine.documents import AT_ONCE, MOST_RUNNING, busy_documents, missing_documents
from launcher.engine.portal_client import PortalClient
from launcher.engine.preparing import Candidates
from launcher.ledger import Ledger
from launcher.sheets import Table


async def rehearse(
    ledger: Ledger, job: JobSpec, candidates: Candidates, table: Table
) -> AsyncIterator[list[Planned]]:
    """The plans for the file's rows, a chunk at a time. Raises PortalError, LedgerError, SheetError."""
    planner = Planner(run_id=0, started_before=job.started_before, now=time.time(), limit=job.limit)
    planned_already: dict[str, Claim] = {}
    async for chunk in table.stream():
        rows = await candidates.of(chunk)
        claims = await ledger.claims(keys_of(rows))
        plans = planner.plan(rows, ChainMap(planned_already, claims))
        for plan in plans:
            if plan.start is not None:
                planned_already[plan.start.start_key] = Claim(
                    run_id=0, run="this run", row_number=plan.row_number, state=State.PENDING
                )
        yield plans


async def refuse_duplicates(candidates: Candidates, table: Table) -> None:
    """Raises MappingError where two rows of the file have the same start key; names the first two."""
    seen: dict[str, int] = {}
    async for chunk in table.stream():
        for start in await candidates.of(chunk):
            if not isinstance(start, Start):
                continue
            first = seen.setdefault(start.start_key, start.row_number)
            if first != start.row_number:
                raise MappingError(
                    "rows-are-duplicates",
                    first=first,
                    row_number=start.row_number,
                    element_id=start.document.element_id,
                )


@dataclass(slots=True, kw_only=True)
class RowCheck:
    """Checks the rows of one file against one portal."""

    ledger: Ledger
    client: PortalClient
    rights: Rights
    findings: Findings
    asks: bool = True
    """Whether the portal is asked about the documents; no where it does not answer at all."""
    rows: int = 0
    would_start: int = 0
    _row_numbers: dict[Document, list[int]] = field(default_factory=dict)
    _unasked: list[Document] = field(default_factory=list)
    _existence_told: bool = True

    async def go(self, job: JobSpec, candidates: Candidates, table: Table) -> None:
        """All that is wrong with rows is among the findings when this returns.

        Raises PortalError, LedgerError, SheetError.
        """
        self._existence_told = self.asks and self.rights.has("crm")
        if self.asks and not self._existence_told:
            self._not_checked(
                'whether the documents exist was not checked: the webhook lacks the permission "CRM (crm)"'
            )
        async for plans in rehearse(self.ledger, job, candidates, table):
            for plan in plans:
                self._take(plan)
            while len(self._unasked) >= AT_ONCE:
                await self._ask_existence()
        while self._unasked:
            await self._ask_existence()
        self._tell_shared()
        if self.asks and self.rights.has("bizproc"):
            await self._ask_busy()

    def _take(self, plan: Planned) -> None:
        self.rows += 1
        if plan.start is not None:
            self.would_start += 1
            document = plan.start.document
            known = self._row_numbers.setdefault(document, [])
            if not known:
                self._unasked.append(document)
            known.append(plan.row_number)
        elif plan.state is State.INVALID:
            self.findings.add_row(Severity.ROWS, plan.code, plan.row_number, plan.reason)
        else:
            severity = Severity.WARNING if plan.code == DUPLICATE else Severity.NOTE
            self.findings.add_row(severity, plan.code, plan.row_number, plan.reason)

    async def _ask_existence(self) -> None:
        asked, self._unasked = self._unasked[:AT_ONCE], self._unasked[AT_ONCE:]
        if not self._existence_told:
            return
        missing = await missing_documents(self.client, asked)
        if missing is None:
            self._existence_told = False
            self._not_checked("whether the documents exist was not checked: the portal does not tell")
            return
        for document in asked:
            for row_number in self._row_numbers[document] if document in missing else ():
                self.would_start -= 1
                self.findings.add_row(
                    Severity.ROWS,
                    "no document",
                    row_number,
                    f"{document.element_id} does not exist, or the webhook's owner may not read it",
                )
        if unknown := [document for document in asked if not _is_crm(document)]:
            self._not_checked(
                f"whether documents beside CRM exist is not checked, such as {unknown[0].element_id}"
            )

    def _tell_shared(self) -> None:
        for document, row_numbers in self._row_numbers.items():
            for row_number in row_numbers[1:]:
                self.findings.add_row(
                    Severity.WARNING,
                    "same document",
                    row_number,
                    f"{document.element_id} is started on by row {row_numbers[0]} too, with other values",
                )

    def _not_checked(self, text: str) -> None:
        self.findings.add(Severity.NOTE, "not checked", text)

    async def _ask_busy(self) -> None:
        """Tell of rows whose items have as many workflows running as they may have."""
        for entity in sorted({document.entity for document in self._row_numbers if _is_crm(document)}):
            busy = await busy_documents(self.client, entity)
            if busy is None:
                self._not_checked(
                    "which items have two workflows running already was not checked: more than "
                    f"{MOST_RUNNING:,} run, or the portal does not tell"
                )
                continue
            for document, row_numbers in self._row_numbers.items():
                if document.entity == entity and document.element_id in busy:
                    for row_number in row_numbers:
                        self.findings.add_row(
                            Severity.WARNING,
                            "item busy",
                            row_number,
                            f"two workflows run on {document.element_id} already; a third must wait for an end",
                        )


def _is_crm(document: Document) -> bool:
    kind, _ = kind_of_document(document)
    return kind is not None and kind.type_id > 0
