"""From a row's cells to a start: which column is the document, which ones are parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from zoneinfo import ZoneInfo

from launcher.core.columns import Column, Filter, MappingError, column_named, document_column
from launcher.core.documents import Kind, KindError, element_number, kind_named
from launcher.core.job import JobSpec, Target
from launcher.core.model import Document, Filtered, Invalid, Start, start_key
from launcher.core.values import Values
from launcher.core.words import nearest
from launcher.errors import RowError

RESERVED_PARAMETERS = frozenset(
    {
        "TargetUser",
        "ModifiedDocumentField",
        "UseForcedTracking",
        "IgnoreSimultaneousProcessesLimit",
        "DocumentEventType",
        "__DocumentType",
        "PreGeneratedWorkflowId",
    }
)
"""Names that the portal's server reads for itself in PARAMETERS; sent from a spreadsheet they would
change whose workflow it is, or switch off a protection."""


class Mapper:
    """A job bound to a portal and to one file's headings."""

    def __init__(self, job: JobSpec, target: Target, header: Sequence[str]) -> None:
        """Raises MappingError where a column is missing or ambiguous, a parameter's name is reserved, or the
        job does not fit its template."""
        if reserved := sorted(RESERVED_PARAMETERS & set(job.parameters)):
            raise MappingError("reserved-parameter", reserved=reserved[0])
        self._job, self._target = job, target
        self._usual_kind = kind_named(job.kind) if job.kind else None
        self._hosts = {target.portal, *target.addresses}
        self._filter = Filter(job.where, header)
        if job.document_column:
            self._document = column_named(header, job.document_column, "for the document's ID", "--column")
        else:
            self._document = document_column(header, None if job.kind_column else self._usual_kind)
        self._template = _optional(header, job.template_column, "for the template", "template")
        self._kind = _optional(header, job.kind_column, "for the kind", "kind")
        zone = ZoneInfo(job.types.time_zone) if job.types.time_zone else None
        self._values = Values(job.parameters, job.types, header, zone)
        if self._template is None and job.template_id is not None:
            self._values.check(job.template_id)

    @property
    def document_heading(self) -> str:
        """The heading of the column with the document's ID."""
        return self._document.heading

    @property
    def people(self) -> dict[str, tuple[str, ...]]:
        """Those of the portal's people who are known so far; whoever looks some up adds them."""
        return self._values.people

    @property
    def names_people(self) -> bool:
        """Whether rows may name people who must be looked up."""
        return self._values.name_people

    def names(self, cells: Sequence[str], kinds: str = "") -> Iterator[str]:
        """The people whom this row names, and who must be known before it is planned."""
        try:
            if not self._filter.why_not(cells, kinds):
                yield from self._values.names(self._template_id(cells, kinds), cells, kinds)
        except RowError:
            return

    def start(self, row_number: int, cells: Sequence[str], kinds: str = "") -> Start | Invalid | Filtered:
        """The start that this row plans, or why it cannot be one, or is not to be.

        `kinds` has one letter for each cell where the file knows the cells' types, else nothing.
        """
        try:
            if why := self._filter.why_not(cells, kinds):
                return Filtered(row_number, why)
            template_id = self._template_id(cells, kinds)
            document = self._document_of(cells, kinds)
            parameters, identity = self._values.of(template_id, cells, kinds)
        except RowError as error:
            return Invalid(row_number, error.kind, str(error))
        key = partial(
            start_key,
            portal=self._target.portal,
            template_id=template_id,
            document=document,
            parameters=identity,
        )
        return Start(
            row_number=row_number,
            template_id=template_id,
            document=document,
            parameters=parameters,
            start_key=key(job=self._job.name),
            equivalent_keys=tuple([(job, key(job=job)) for job in self._target.equivalents]),
        )

    def _document_of(self, cells: Sequence[str], kinds: str) -> Document:
        kind = self._kind_of(cells, kinds)
        try:
            return kind.document(element_number(kind, self._document.text(cells, kinds), self._hosts))
        except RowError as error:
            raise RowError(error.kind, "in-column", heading=self._document.heading, reason=error) from None

    def _kind_of(self, cells: Sequence[str], kinds: str) -> Kind:
        given = self._kind.text(cells, kinds).strip() if self._kind is not None else ""
        if given:
            try:
                return kind_named(given)
            except KindError as error:
                raise RowError("bad kind", "in-column", heading=_heading(self._kind), reason=error) from None
        if self._usual_kind is None:
            raise RowError("bad kind", "kind-blank", heading=_heading(self._kind))
        return self._usual_kind

    def _template_id(self, cells: Sequence[str], kinds: str) -> int:
        if self._template is None and self._job.template_id is not None:
            return self._job.template_id
        given = self._template.text(cells, kinds).strip() if self._template is not None else ""
        if found := _TEMPLATE_ID.fullmatch(given):
            return int(found[1])
        place = f'column "{_heading(self._template)}"'
        if not given:
            if self._job.template_id is None:
                raise RowError("bad template", "template-blank", place=place)
            return self._job.template_id
        known = self._job.template_ids
        if given not in known:
            near = nearest(given, known)
            raise RowError("bad template", "row-template-unknown", place=place, given=given, near=near)
        if not known[given]:
            raise RowError("bad template", "row-template-ambiguous", place=place, given=given)
        return known[given]


_TEMPLATE_ID = re.compile(r"0*([1-9]\d{0,8})(?:\.0+)?", re.ASCII)


def _optional(header: Sequence[str], wanted: str, purpose: str, key: str) -> Column | None:
    return column_named(header, wanted, purpose, f"columns: {{{key}: …}}") if wanted else None


def _heading(column: Column | None) -> str:
    return "" if column is None else column.heading
