"""The kinds of documents."""

import pytest

from launcher.core.documents import KINDS, KindError, kind_named
from launcher.core.model import Document
from tests.core.kind_table import NAMES, TABLE


@pytest.mark.parametrize("row", TABLE, ids=NAMES)
def test_each_kind_names_its_documents_as_the_portal_does(row: tuple[str, ...]) -> None:
    name, module, entity, element_id, document_type, short_code = row
    kind = kind_named(name)

    assert kind.name == name
    assert kind.document("777") == Document(module, entity, element_id)
    assert kind.document_type == document_type
    assert kind.short_code == short_code


def test_every_kind_stands_in_the_table() -> None:
    assert {*KINDS, "dynamic:147"} == set(NAMES)


def test_the_smart_process_of_the_documentation_has_the_documented_id() -> None:
    assert kind_named("dynamic:147").document("1").element_id == "DYNAMIC_147_1"
    assert kind_named("dynamic:128").short_code == "T80"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("LEAD", "lead"),
        (" Deal ", "deal"),
        ("smart_invoice", "smart-invoice"),
        ("Drive-File", "drive-file"),
        ("DYNAMIC_147", "dynamic:147"),
        (" Dynamic:147", "dynamic:147"),
        ("dynamic:0147", "dynamic:147"),
        ("Smart invoice", "smart-invoice"),
        ("Лид", "lead"),
        ("СДЕЛКА", "deal"),
        ("Счёт", "smart-invoice"),
    ],
)
def test_a_kind_may_be_written_as_the_portal_or_a_person_does(written: str, name: str) -> None:
    assert kind_named(written) == kind_named(name)


@pytest.mark.parametrize(
    "written", ["", "leads of mine", "dynamic", "dynamic:", "dynamic:abc", "dynamic:-1", "147"]
)
def test_an_unknown_kind_is_refused_with_the_kinds_there_are(written: str) -> None:
    with pytest.raises(KindError) as raised:
        kind_named(written)

    assert f'"{written}"' in str(raised.value)
    for name in ("lead", "list-element", "dynamic:147"):
        assert name in str(raised.value)


def test_a_mistyped_kind_is_told_the_nearest() -> None:
    with pytest.raises(KindError, match='did you mean "lead"'):
        kind_named("laed")
