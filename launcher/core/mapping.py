"""From a row's cells to a start: which column is the document, which ones are parameters."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from launcher.core.columns import Column, Condition, Filter, MappingError, column_named, document_column
from launcher.core.documents import Kind, KindError, element_number, kind_named
from launcher.core.model import Document, Filtered, Invalid, Start, Value, start_key
from launcher.core.sources import Source
from launcher.core.values import Types, Values
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


@dataclass(frozen=True, slots=True, kw_only=True)
class RowMapping:
    """What makes a row a start, before the file is known."""

    portal: str
    job: str
    template_id: int | None
    """None where each row must say its own."""
    kind: Kind | None
    """None where each row must say its own."""
    document_column: str = ""
    """Empty: the one column with a usual heading."""
    parameters: Mapping[str, Source] = field(default_factory=dict)
    types: Types = field(default_factory=Types)
    """What is known of the parameters' types."""
    zone: dt.tzinfo | None = None
    """The time zone that `types` names."""
    template_column: str = ""
    """The row's own template, by ID or name; a blank cell stands for `template_id`."""
    template_ids: Mapping[str, int] = field(default_factory=dict)
    """The portal's templates by name, for that column; 0 where more than one has the name."""
    kind_column: str = ""
    """The row's own kind; a blank cell stands for `kind`."""
    where: Sequence[Condition] = ()
    addresses: Collection[str] = ()
    """Hosts at which the portal answers beside `portal`: links to other ones are no IDs."""
    equivalents: Sequence[str] = ()
    """Jobs of which a start counts as one of `job`."""


class Mapper:
    """A mapping bound to one file's headings."""

    def __init__(self, mapping: RowMapping, header: Sequence[str]) -> None:
        """Raises MappingError where a column is missing or ambiguous, a parameter's name is reserved, or the
        job does not fit its template."""
        if reserved := sorted(RESERVED_PARAMETERS & set(mapping.parameters)):
            raise MappingError(
                f'the parameter "{reserved[0]}" has a meaning of its own for the portal '
                "and is never sent from a file; rename the template's parameter"
            )
        self._mapping = mapping
        self._hosts = {mapping.portal, *mapping.addresses}
        self._filter = Filter(mapping.where, header)
        self._document = self._document_column(header)
        self._template = _optional(header, mapping.template_column, "for the template", "template")
        self._kind = _optional(header, mapping.kind_column, "for the kind", "kind")
        self._values = Values(mapping.parameters, mapping.types, header, mapping.zone)
        if self._template is None and mapping.template_id is not None:
            self._values.check(mapping.template_id)

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
            return Invalid(row_number, error.code, str(error))
        return Start(
            row_number=row_number,
            template_id=template_id,
            document=document,
            parameters=parameters,
            start_key=self._key(self._mapping.job, template_id, document, identity),
            equivalent_keys=tuple(
                [(job, self._key(job, template_id, document, identity)) for job in self._mapping.equivalents]
            ),
        )

    def _key(self, job: str, template_id: int, document: Document, identity: Mapping[str, Value]) -> str:
        return start_key(
            portal=self._mapping.portal,
            job=job,
            template_id=template_id,
            document=document,
            parameters=identity,
        )

    def _document_column(self, header: Sequence[str]) -> Column:
        if self._mapping.document_column:
            return column_named(header, self._mapping.document_column, "for the document's ID", "--column")
        return document_column(header, None if self._mapping.kind_column else self._mapping.kind)

    def _document_of(self, cells: Sequence[str], kinds: str) -> Document:
        kind = self._kind_of(cells, kinds)
        try:
            return kind.document(element_number(kind, self._document.text(cells, kinds), self._hosts))
        except RowError as error:
            raise RowError(error.code, f'column "{self._document.heading}": {error}') from None

    def _kind_of(self, cells: Sequence[str], kinds: str) -> Kind:
        given = self._kind.text(cells, kinds).strip() if self._kind is not None else ""
        if given:
            try:
                return kind_named(given)
            except KindError as error:
                raise RowError("bad kind", f'column "{_heading(self._kind)}": {error}') from None
        if self._mapping.kind is None:
            raise RowError("bad kind", f'column "{_heading(self._kind)}": the kind is blank')
        return self._mapping.kind

    def _template_id(self, cells: Sequence[str], kinds: str) -> int:
        if self._template is None and self._mapping.template_id is not None:
            return self._mapping.template_id
        given = self._template.text(cells, kinds).strip() if self._template is not None else ""
        if found := _TEMPLATE_ID.fullmatch(given):
            return int(found[1])
        place = f'column "{_heading(self._template)}"'
        if not given:
            if self._mapping.template_id is None:
                raise RowError("bad template", f"{place}: the template is blank")
            return self._mapping.template_id
        known = self._mapping.template_ids
        if given not in known:
            near = nearest(given, known)
            raise RowError("bad template", f'{place}: "{given}" is no template of the portal{near}')
        if not known[given]:
            raise RowError("bad template", f'{place}: more than one template is named "{given}"; write its ID')
        return known[given]


_TEMPLATE_ID = re.compile(r"0*([1-9]\d{0,8})(?:\.0+)?", re.ASCII)


def _optional(header: Sequence[str], wanted: str, purpose: str, key: str) -> Column | None:
    return column_named(header, wanted, purpose, f"columns: {{{key}: …}}") if wanted else None


def _heading(column: Column | None) -> str:
    return "" if column is None else column.heading
