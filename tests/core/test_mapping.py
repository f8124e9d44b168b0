"""From a row's cells to a start."""

from collections.abc import Mapping

import pytest

from launcher.core.columns import MappingError
from launcher.core.job import JobSpec, Target
from launcher.core.mapping import Mapper
from launcher.core.model import Candidate, Document, Invalid, Start
from launcher.core.sources import Fixed, FromColumn, Source

HEADER = ("Title", "ID", "Manager", "", "Budget")
CELLS = ("Acme", "777", " Анна & Co ", "", "1,50")


def mapper(
    header: tuple[str, ...] = HEADER,
    parameters: Mapping[str, Source] | None = None,
    *,
    column: str = "ID",
    kind: str = "lead",
    job: str = "follow-up",
) -> Mapper:
    spec = JobSpec(name=job, template_id=7, kind=kind, document_column=column, parameters=parameters or {})
    return Mapper(spec, Target(portal="acme.bitrix24.com"), header)


def started(made: Candidate) -> Start:
    assert isinstance(made, Start), made
    return made


def refused(made: Candidate) -> str:
    assert isinstance(made, Invalid), made
    return made.reason


def test_a_row_becomes_a_start_on_its_own_document_with_its_cells_as_they_are() -> None:
    parameters: dict[str, Source] = {
        "Who": FromColumn("Manager"),
        "Sum": FromColumn("Budget"),
        "Note": Fixed(" by launcher "),
    }

    start = started(mapper(parameters=parameters).start(17, CELLS))

    assert start.row_number == 17
    assert start.template_id == 7
    assert start.document == Document("crm", "CCrmDocumentLead", "LEAD_777")
    assert dict(start.parameters) == {"Who": " Анна & Co ", "Sum": "1,50", "Note": " by launcher "}


def test_an_empty_cell_is_an_empty_value_and_not_a_missing_one() -> None:
    assert dict(
        started(mapper(parameters={"A": FromColumn("Title")}).start(2, ("", "1", "", "", ""))).parameters
    ) == {"A": ""}


def test_two_rows_have_the_same_key_exactly_when_they_start_the_same() -> None:
    columns = mapper(parameters={"Who": FromColumn("Manager")})
    row = started(columns.start(2, CELLS))

    assert started(columns.start(9, ("Other", "LEAD_777", CELLS[2], "x", "y"))).start_key == row.start_key
    assert started(columns.start(2, ("Acme", "778", *CELLS[2:]))).start_key != row.start_key
    assert started(columns.start(2, ("Acme", "777", "Bob", "", ""))).start_key != row.start_key
    other_job = mapper(parameters={"Who": FromColumn("Manager")}, job="other")
    assert started(other_job.start(2, CELLS)).start_key != row.start_key
    fixed = mapper(parameters={"Who": Fixed(CELLS[2])})
    assert started(fixed.start(2, CELLS)).start_key == row.start_key


def test_one_column_may_feed_several_parameters_and_the_document() -> None:
    start = started(mapper(parameters={"A": FromColumn("ID"), "B": FromColumn("ID")}).start(2, CELLS))

    assert dict(start.parameters) == {"A": "777", "B": "777"}


@pytest.mark.parametrize("column", ["id", " ID ", "Id"])
def test_case_and_spaces_of_a_heading_do_not_matter_where_only_one_fits(column: str) -> None:
    assert started(mapper(column=column).start(2, CELLS)).document.element_id == "LEAD_777"


def test_russian_headings_and_inner_spaces_are_folded_too() -> None:
    header = ("Ответственный  менеджер", "ID")

    start = started(mapper(header, {"A": FromColumn("ответственный менеджер")}).start(2, ("Анна", "5")))

    assert start.parameters["A"] == "Анна"


def test_the_heading_written_exactly_so_goes_before_one_that_differs_in_case() -> None:
    start = started(mapper(("id", "ID"), column="ID").start(2, ("1", "2")))

    assert start.document.element_id == "LEAD_2"


@pytest.mark.parametrize(("header", "column"), [(("ID", "A", "ID"), "ID"), (("Id", "A", "iD"), "ID")])
def test_a_heading_that_stands_twice_is_refused_with_its_places(header: tuple[str, ...], column: str) -> None:
    with pytest.raises(MappingError, match=r'"ID".*columns 1 and 3') as raised:
        mapper(header, column=column)

    assert "rename" in str(raised.value)


def test_a_heading_that_stands_twice_does_no_harm_where_it_is_not_used() -> None:
    assert started(mapper(("ID", "A", "A")).start(2, ("5", "", ""))).document.element_id == "LEAD_5"


def test_a_missing_column_is_refused_with_the_nearest_and_with_all_there_are() -> None:
    with pytest.raises(MappingError) as raised:
        mapper(parameters={"Who": FromColumn("Manger")})

    text = str(raised.value)
    assert '"Manger"' in text
    assert '"Who"' in text
    assert 'did you mean "Manager"' in text
    for heading in ("Title", "ID", "Budget"):
        assert f'"{heading}"' in text
    assert '""' not in text


def test_a_missing_document_column_is_named_as_such() -> None:
    with pytest.raises(MappingError, match='"Lead" for the document'):
        mapper(column="Lead")


# Mirrors of the portal's server code: names that it reads for itself in PARAMETERS.
OF_THE_SERVER = [
    "TargetUser",
    "ModifiedDocumentField",
    "UseForcedTracking",
    "IgnoreSimultaneousProcessesLimit",
    "DocumentEventType",
    "__DocumentType",
    "PreGeneratedWorkflowId",
]


@pytest.mark.parametrize("name", OF_THE_SERVER)
@pytest.mark.parametrize("source", [FromColumn("Manager"), Fixed("1")], ids=["column", "value"])
def test_a_parameter_that_the_server_reads_for_itself_is_refused(name: str, source: Source) -> None:
    with pytest.raises(MappingError, match=f'"{name}"'):
        mapper(parameters={"Who": Fixed("x"), name: source})


@pytest.mark.parametrize(
    ("cell", "code", "words"),
    [
        ("", "blank ID", "blank"),
        ("abc", "bad ID", '"abc" is not an ID'),
        ("D_777", "other kind", '"D_777" is not the ID of a lead'),
    ],
)
def test_a_row_without_a_usable_id_is_invalid_and_says_which_column(cell: str, code: str, words: str) -> None:
    made = mapper().start(17, ("Acme", cell, "", "", ""))

    assert isinstance(made, Invalid)
    assert made.row_number == 17
    assert made.code == code
    assert words in refused(made)
    assert 'column "ID"' in refused(made)


@pytest.mark.parametrize(("letter", "words"), [("e", "error"), ("f", "formula"), ("r", "15 digits")])
def test_a_cell_that_the_spreadsheet_has_ruined_makes_its_row_invalid(letter: str, words: str) -> None:
    columns = mapper(parameters={"Who": FromColumn("Manager")})

    made = columns.start(3, CELLS, f"tt{letter}tt")

    assert isinstance(made, Invalid)
    assert made.code == "bad cell"
    assert words in made.reason
    assert '"Manager"' in refused(columns.start(3, CELLS, f"tt{letter}tt"))
    assert words in refused(columns.start(3, CELLS, f"t{letter}ttt"))
    assert '"ID"' in refused(columns.start(3, CELLS, f"t{letter}ttt"))


@pytest.mark.parametrize("letter", ["e", "f", "r"])
def test_a_ruined_cell_does_no_harm_in_a_column_that_is_not_used(letter: str) -> None:
    columns = mapper(parameters={"Who": FromColumn("Manager")})

    assert started(columns.start(3, CELLS, f"{letter}tt{letter}{letter}")).parameters["Who"] == " Анна & Co "


@pytest.mark.parametrize("letter", ["t", "n", "d", "D", "b"])
def test_every_other_kind_of_cell_is_taken_as_its_text(letter: str) -> None:
    columns = mapper(parameters={"Who": FromColumn("Manager")})

    assert started(columns.start(3, CELLS, letter * 5)).parameters["Who"] == " Анна & Co "
