"""Rows that say their own template and kind, rows that a job is not for, and the column with the ID."""

from collections.abc import Sequence
from typing import Any

import pytest

from launcher.core.columns import Condition, MappingError
from launcher.core.documents import kind_named
from launcher.core.job import JobSpec, Target
from launcher.core.mapping import Mapper
from launcher.core.model import Filtered, Invalid, Start

LEAD = kind_named("lead")


def mapper(header: Sequence[str], **said: Any) -> Mapper:
    target = Target(portal="acme.example", addresses=said.pop("addresses", ()))
    spec: dict[str, Any] = {"name": "j", "template_id": 7, "kind": "lead"} | said
    return Mapper(JobSpec(**spec), target, header)


def reason(made: object) -> str:
    assert isinstance(made, Invalid | Filtered), made
    return made.reason


# The column with the ID


@pytest.mark.parametrize(
    ("kind", "heading"),
    [
        *(
            ("lead", heading)
            for heading in ("ID", "id", "Lead ID", "lead_id", "LeadId", "ID лида", "ИД", "Лид ID")
        ),
        *(("deal", heading) for heading in ("Deal ID", "ID сделки", "Номер сделки")),
        *(("smart-invoice", heading) for heading in ("Invoice ID", "ID счёта", "Smart Invoice ID")),
        *(("dynamic:147", heading) for heading in ("Item ID", "ID элемента", "Element ID")),
    ],
)
def test_without_a_configured_column_the_one_with_a_usual_heading_is_taken(kind: str, heading: str) -> None:
    bound = mapper(["Title", heading, "Note"], kind=kind)

    made = bound.start(2, ("Acme", "777", "778"))

    assert isinstance(made, Start)
    assert made.document == kind_named(kind).document("777")
    assert bound.document_heading == heading


def test_the_id_of_another_kind_is_not_taken_for_it() -> None:
    with pytest.raises(
        MappingError, match=r'no column has a usual heading for the lead.s ID.*"Deal ID", "Title"'
    ):
        mapper(["Deal ID", "Title"])


def test_of_two_columns_that_may_hold_the_id_the_person_must_say_which() -> None:
    """A sheet of deals has `ID`, the deal's, and `Lead ID`: the wrong one starts on a stranger."""
    with pytest.raises(MappingError, match=r'"ID" \(column 1\) and "Lead ID" \(column 3\).*--column'):
        mapper(["ID", "Title", "Lead ID"])


# Links


def test_a_link_is_an_id_on_the_portal_itself_and_where_it_moved_to() -> None:
    bound = mapper(["ID"], addresses=["new.example"])

    for host in ("acme.example", "new.example"):
        made = bound.start(2, (f"https://{host}/crm/lead/details/777/",))
        assert isinstance(made, Start)
        assert made.document.element_id == "LEAD_777"
    other = bound.start(2, ("https://other.example/crm/lead/details/777/",))
    assert 'column "ID"' in reason(other)
    assert "is on other.example, not on acme.example" in reason(other)


# where:


def test_a_row_is_taken_when_it_meets_every_condition() -> None:
    where = (Condition("Stage", ("New", "В работе")), Condition("Manager", ("", "Boris"), excluded=True))
    bound = mapper(["ID", "Stage", "Manager"], where=where)

    assert isinstance(bound.start(2, ("1", "New", "Anna")), Start)
    assert isinstance(bound.start(3, ("1", " в  РАБОТЕ ", "Anna")), Start)
    assert reason(bound.start(4, ("1", "Lost", "Anna"))) == (
        'where: the column "Stage" is "Lost", none of "New", "В работе"'
    )
    assert reason(bound.start(5, ("1", "New", " boris"))) == (
        'where: the column "Manager" is "boris", one of blank, "Boris"'
    )
    assert 'is blank, one of blank, "Boris"' in reason(bound.start(6, ("1", "New", " ")))


def test_a_row_that_is_left_out_need_not_be_right() -> None:
    bound = mapper(["ID", "Stage"], where=(Condition("Stage", ("New",)),))

    assert isinstance(bound.start(2, ("no ID at all", "Old")), Filtered)
    assert isinstance(bound.start(3, ("no ID at all", "New")), Invalid)


def test_an_error_cell_in_a_condition_is_no_value() -> None:
    made = mapper(["ID", "Stage"], where=(Condition("Stage", ("#N/A",)),)).start(2, ("1", "#N/A"), "te")

    assert isinstance(made, Invalid)
    assert made.code == "bad cell"


def test_a_condition_on_a_column_that_is_not_there_is_refused() -> None:
    with pytest.raises(MappingError, match=r'no column "Stag" for where: .*did you mean "Stage"'):
        mapper(["ID", "Stage"], where=(Condition("Stag", ("New",)),))


# A template or a kind of the row's own


def test_a_row_may_say_its_template_by_id_or_name_and_a_blank_cell_stands_for_the_jobs() -> None:
    bound = mapper(["ID", "Process"], template_column="Process", template_ids={"Greeting": 12, "Twice": 0})

    made = [bound.start(2, ("1", cell)) for cell in ("5", " 5.0 ", "Greeting", " Greeting ", "")]

    assert [start.template_id for start in made if isinstance(start, Start)] == [5, 5, 12, 12, 7]
    assert 'column "Process": "Greetin" is no template of the portal (did you mean "Greeting"?)' in reason(
        bound.start(3, ("1", "Greetin"))
    )
    assert 'more than one template is named "Twice"; write its ID' in reason(bound.start(4, ("1", "Twice")))


def test_a_blank_template_without_one_for_the_job_is_invalid() -> None:
    bound = mapper(["ID", "Process"], template_column="Process", template_id=None)

    assert reason(bound.start(2, ("1", " "))) == 'column "Process": the template is blank'


def test_a_row_may_say_its_kind_and_its_id_is_of_that_kind() -> None:
    bound = mapper(["ID", "Kind"], kind_column="Kind")

    made = [bound.start(2, ("777", cell)) for cell in ("deal", " Сделка ", "dynamic:147", "")]

    assert [start.document.element_id for start in made if isinstance(start, Start)] == [
        "DEAL_777",
        "DEAL_777",
        "DYNAMIC_147_777",
        "LEAD_777",
    ]
    assert 'column "Kind": no kind is named "dael" (did you mean "deal"?)' in reason(
        bound.start(3, ("1", "dael"))
    )
    assert "is not the ID of a deal" in reason(bound.start(4, ("L_777", "deal")))


def test_a_blank_kind_without_one_for_the_job_is_invalid() -> None:
    bound = mapper(["ID", "Kind"], kind_column="Kind", kind="")

    assert reason(bound.start(2, ("1", ""))) == 'column "Kind": the kind is blank'


def test_starts_of_two_templates_on_one_document_are_two_starts() -> None:
    bound = mapper(["ID", "Process"], template_column="Process")

    one, other = bound.start(2, ("1", "5")), bound.start(3, ("1", "6"))

    assert isinstance(one, Start)
    assert isinstance(other, Start)
    assert one.start_key != other.start_key
