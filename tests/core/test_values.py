"""A row's parameters: from their sources, and by the types of the row's own template."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pytest

from launcher.core.columns import MappingError
from launcher.core.job import JobSpec, Target
from launcher.core.mapping import Mapper
from launcher.core.model import Invalid, Start
from launcher.core.parameters import Reading
from launcher.core.sources import Fixed, Formatted, FromColumn, Source, source_from_plan, source_to_plan
from launcher.core.templates import Parameter
from launcher.core.values import Types, Values, names_said
from launcher.errors import RowError

HEADER = ("ID", "Title", "Manager", "Sum", "Day")
CELLS = ("7", "Acme {x}", "Vera Orlova", "1,5", "05.01.2026")


def declared(*parameters: Parameter) -> dict[int, tuple[Parameter, ...]]:
    return {7: parameters}


USER = Parameter(name="Who", type="user")
DOUBLE = Parameter(name="Sum", type="double")
DATE = Parameter(name="Day", type="date")


def sent(
    sources: Mapping[str, Source],
    types: Types | None = None,
    *,
    cells: Sequence[str] = CELLS,
    kinds: str = "",
    template_id: int = 7,
) -> dict[str, Any]:
    return dict(Values(sources, types or Types(), HEADER).of(template_id, cells, kinds)[0])


def test_a_format_holds_the_rows_cells() -> None:
    sources = {"P": Formatted("Lead {ID}: {title} {{1}}"), "Q": Formatted("{Sum}"), "R": Formatted("as it is")}

    assert sent(sources) == {"P": "Lead 7: Acme {x} {1}", "Q": "1,5", "R": "as it is"}


def test_a_format_is_read_by_the_parameters_type_like_a_cell() -> None:
    parameters = declared(Parameter(name="P", type="uf:crm"), Parameter(name="Q", type="double"))
    sources = {"P": Formatted("L_{ID}"), "Q": Formatted("{Sum}")}

    assert sent(sources, Types(declared=parameters)) == {"P": "L_7", "Q": "1.5"}
    # A heading alone is its column, with the kind of its cell: a number of the spreadsheet's own.
    cells = (*CELLS[:3], "1.234", CELLS[4])
    assert sent(sources, Types(declared=parameters), cells=cells, kinds="tttnt")["Q"] == "1.234"


def test_a_cell_that_may_not_be_used_spoils_the_format_that_it_stands_in() -> None:
    with pytest.raises(RowError, match=r'"Title".*error'):
        sent({"P": Formatted("{ID} {Title}")}, kinds="tettt")


@pytest.mark.parametrize(
    ("text", "words"), [("{Titel}", 'did you mean "Title"?'), ("{ID", "{Heading} is expected")]
)
def test_a_format_that_does_not_fit_the_file_is_refused(text: str, words: str) -> None:
    with pytest.raises(MappingError, match='"P"') as raised:
        Values({"P": Formatted(text)}, Types(), HEADER)

    assert words in str(raised.value)


@pytest.mark.parametrize("source", [FromColumn("A"), Fixed(""), Formatted("{A}"), Fixed("{A}")])
def test_a_source_comes_back_from_json_as_it_was(source: Source) -> None:
    assert source_from_plan(json.loads(json.dumps(source_to_plan(source)))) == source


def test_types_come_back_from_json_as_they_were() -> None:
    types = Types(
        declared={
            7: (USER, Parameter(name="T", type="select", multiple=True, options={"a": "A"}, default=("a",)))
        },
        readings={"T": Reading(split="|", date_format="DD.MM.YYYY")},
        offset="-05:00",
        time_zone="Europe/Berlin",
        people={"vera orlova": ("1",), "nobody": ()},
    )

    assert Types.from_plan(json.loads(json.dumps(asdict(types)))) == types


def test_a_template_whose_types_are_not_known_gets_texts() -> None:
    types = Types(declared=declared(DOUBLE))

    assert sent({"Sum": FromColumn("Sum")}, types) == {"Sum": "1.5"}
    assert sent({"Sum": FromColumn("Sum")}, types, template_id=8) == {"Sum": "1,5"}


def test_a_parameter_that_the_rows_template_does_not_have_is_a_text() -> None:
    assert sent({"Other": FromColumn("Sum")}, Types(declared=declared(DOUBLE))) == {"Other": "1,5"}


def test_a_misfit_names_its_column_and_its_parameter_where_they_differ() -> None:
    cells = ("7", "Acme", "?!", "?!", "?!")

    with pytest.raises(RowError, match=r'^column "Sum": '):
        sent({"Sum": FromColumn("Sum")}, Types(declared=declared(DOUBLE)), cells=cells)
    with pytest.raises(RowError, match=r'^column "Manager", parameter "Who": '):
        sent({"Who": FromColumn("Manager")}, Types(declared=declared(USER)), cells=cells)


def start_of(sources: Mapping[str, Source], types: Types, cells: Sequence[str] = CELLS) -> Start | Invalid:
    spec = JobSpec(name="j", template_id=7, kind="lead", document_column="ID", parameters=sources, types=types)
    made = Mapper(spec, Target(portal="acme.example"), HEADER).start(2, cells)
    assert isinstance(made, Start | Invalid)
    return made


def test_what_is_the_same_value_in_another_notation_is_the_same_start() -> None:
    sources = {"Day": FromColumn("Day"), "Sum": FromColumn("Sum")}
    types = Types(declared=declared(DATE, DOUBLE))

    first = start_of(sources, types)
    other = start_of(sources, types, (*CELLS[:3], "1.5", "2026-01-05 00:00:00"))

    assert isinstance(first, Start)
    assert isinstance(other, Start)
    assert first.start_key == other.start_key


def test_texts_and_blanks_have_the_start_keys_that_they_had_without_types() -> None:
    """Or what has started would start once more, only because the types are known now."""
    parameters = declared(Parameter(name="T", type="string"), Parameter(name="N", type="int"), USER)
    sources: dict[str, Source] = {
        "T": FromColumn("Title"),
        "N": FromColumn("Sum"),
        "Who": FromColumn("Manager"),
    }
    cells = ("7", " Acme; Co ", "user_3", "", "")

    typed, untyped = start_of(sources, Types(declared=parameters), cells), start_of(sources, Types(), cells)

    assert isinstance(typed, Start)
    assert isinstance(untyped, Start)
    assert typed.start_key == untyped.start_key
    assert dict(typed.parameters) == {"T": " Acme; Co ", "Who": "user_3"}


def test_those_whom_the_job_itself_names_are_known_before_the_first_row() -> None:
    types = Types(declared=declared(USER, DOUBLE), readings={"Who": Reading(default="Ivan Ivanov")})

    assert list(names_said({"Who": FromColumn("Manager"), "Sum": Fixed("Vera")}, types)) == ["Ivan Ivanov"]
    assert list(names_said({"Who": Fixed("Vera Orlova")}, types)) == ["Vera Orlova"]


def test_only_the_types_of_what_the_job_sends_matter() -> None:
    types = Types(declared=declared(DATE, Parameter(name="New", type="uf:new")))

    assert types.need_offset(["Day"])
    assert not types.need_offset(["New"])
    assert types.unknown(["New", "Day"]) == {"New": "uf:new"}
    assert types.unknown(["Day"]) == {}
