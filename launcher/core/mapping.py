"""From a row's cells to a start: which column is the document, which ones are parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from launcher.core.documents import ElementIdError, Kind, element_number
from launcher.core.model import Invalid, Start, Value, start_key
from launcher.core.words import nearest

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

UNUSABLE_CELLS = {
    "e": "holds an error of the spreadsheet program",
    "f": "holds a formula without a stored value: open the file in the spreadsheet program and save it",
    "r": "holds a number of more than 15 digits, whose end the spreadsheet program has already lost: "
    "store it as text",
}
"""Kinds of cells that must not be taken for a value, by their letter (sheets.Row.kinds), and why."""


class MappingError(Exception):
    """The mapping does not fit the file; the text says what to change."""


class _CellError(Exception):
    """This row's cell cannot be used; the text says why, `code` in two words."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class FromColumn:
    """The parameter takes its value from that column."""

    column: str


@dataclass(frozen=True, slots=True)
class Fixed:
    """The parameter has this value in every row."""

    text: str


Source = FromColumn | Fixed


@dataclass(frozen=True, slots=True, kw_only=True)
class RowMapping:
    """What makes a row a start, before the file is known."""

    portal: str
    job: str
    template_id: int
    kind: Kind
    document_column: str
    parameters: Mapping[str, Source]


@dataclass(frozen=True, slots=True)
class _Column:
    index: int
    heading: str

    def text(self, cells: Sequence[str], kinds: str) -> str:
        if kinds and (trouble := UNUSABLE_CELLS.get(kinds[self.index])):
            raise _CellError("bad cell", f'the cell in column "{self.heading}" {trouble}')
        return cells[self.index]


class Mapper:
    """A mapping bound to one file's headings."""

    def __init__(self, mapping: RowMapping, header: Sequence[str]) -> None:
        """Raises MappingError where a column is missing or ambiguous, or a parameter's name is reserved."""
        if reserved := sorted(RESERVED_PARAMETERS & set(mapping.parameters)):
            raise MappingError(
                f'the parameter "{reserved[0]}" has a meaning of its own for the portal '
                "and is never sent from a file; rename the template's parameter"
            )
        self._mapping = mapping
        self._document = _find(header, mapping.document_column, "for the document's ID", "--column")
        self._fixed: dict[str, Value] = {}
        self._columns: dict[str, _Column] = {}
        for name, source in mapping.parameters.items():
            if isinstance(source, Fixed):
                self._fixed[name] = _sayable(name, source.text)
            else:
                self._columns[name] = _find(
                    header, source.column, f'for the parameter "{name}"', f"--param {name}=…"
                )

    def start(self, row_number: int, cells: Sequence[str], kinds: str = "") -> Start | Invalid:
        """The start that this row plans, or why it cannot be one.

        `kinds` has one letter for each cell where the file knows the cells' types, else nothing.
        """
        mapping = self._mapping
        try:
            document = mapping.kind.document(self._number(cells, kinds))
            taken = {name: column.text(cells, kinds) for name, column in self._columns.items()}
        except _CellError as error:
            return Invalid(row_number, error.code, str(error))
        parameters = {**self._fixed, **taken}
        return Start(
            row_number=row_number,
            template_id=mapping.template_id,
            document=document,
            parameters=parameters,
            start_key=start_key(
                portal=mapping.portal,
                job=mapping.job,
                template_id=mapping.template_id,
                document=document,
                parameters=parameters,
            ),
        )

    def _number(self, cells: Sequence[str], kinds: str) -> str:
        try:
            return element_number(self._mapping.kind, self._document.text(cells, kinds))
        except ElementIdError as error:
            raise _CellError(error.code, f'column "{self._document.heading}": {error}') from None


def _find(header: Sequence[str], wanted: str, purpose: str, option: str) -> _Column:
    """The one column with that heading; case and spaces count only where they must."""
    found = [index for index, heading in enumerate(header) if heading == wanted]
    if not found:
        found = [index for index, heading in enumerate(header) if _folded(heading) == _folded(wanted)]
    if not found:
        headings = ", ".join(f'"{heading}"' for heading in header if heading)
        raise MappingError(
            f'no column "{wanted}" {purpose}{nearest(wanted, header)}; '
            f"say with {option}, or in the job, which it is: {headings}"
        )
    if len(found) > 1:
        places = " and ".join(str(index + 1) for index in found)
        raise MappingError(
            f'the column "{wanted}" {purpose} stands in the file more than once (columns {places}); rename one'
        )
    return _Column(found[0], header[found[0]])


def _sayable(name: str, text: str) -> str:
    """The text; raises MappingError where it is broken, as what a terminal passes on in another encoding."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise MappingError(f'the value of the parameter "{name}" is not Unicode text; write it anew') from None
    return text


def _folded(heading: str) -> str:
    return " ".join(heading.split()).casefold()
