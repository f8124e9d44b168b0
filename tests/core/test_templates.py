"""Workflow templates in the many shapes in which portals write them."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest

from launcher.core.documents import kind_named
from launcher.core.templates import Parameter, Template, TemplateError, template_named, template_of


def template(**said: Any) -> Template:
    item = {
        "ID": "7",
        "NAME": "Follow-up",
        "MODULE_ID": "crm",
        "ENTITY": "CCrmDocumentLead",
        "DOCUMENT_TYPE": "LEAD",
        "AUTO_EXECUTE": "0",
        "PARAMETERS": [],
        **said,
    }
    found = template_of(item)
    assert found is not None
    return found


def parameter(**said: Any) -> Parameter:
    (found,) = template(PARAMETERS={"P": {"Name": "P", "Type": "string", **said}}).parameters
    return found


def test_a_template_without_parameters_is_written_with_an_empty_list() -> None:
    found = template()

    assert (found.id, found.name, found.parameters, found.auto_execute) == (7, "Follow-up", (), 0)
    assert found.is_for(kind_named("lead"))
    assert not found.is_for(kind_named("deal"))


@pytest.mark.parametrize(
    ("module", "entity", "document_type", "kind"),
    [
        ("crm", "CCrmDocumentDeal", "DEAL", "deal"),
        ("crm", r"Bitrix\Crm\Integration\BizProc\Document\Dynamic", "DYNAMIC_147", "dynamic:147"),
        ("crm", r"Bitrix\Crm\Integration\BizProc\Document\SmartInvoice", "SMART_INVOICE", "smart-invoice"),
        ("lists", r"Bitrix\Lists\BizprocDocumentLists", "iblock_32", "list-element"),
        ("lists", "BizprocDocument", "iblock_31", "feed-process"),
        ("disk", r"Bitrix\Disk\BizProcDocument", "STORAGE_17", "drive-file"),
        ("crm", "CCrmDocumentNew", "NEW", None),
        ("rpa", "Dynamic", "DYNAMIC_147", None),
    ],
)
@pytest.mark.parametrize("as_triple", [False, True])
def test_the_kind_is_told_by_entity_and_document_type(
    module: str, entity: str, document_type: str, kind: str | None, as_triple: bool
) -> None:
    said = [module, entity, document_type] if as_triple else document_type
    found = template(MODULE_ID=module, ENTITY=entity, DOCUMENT_TYPE=said).kind

    assert (found.name if found else None) == kind


@pytest.mark.parametrize(
    ("flag", "meaning"),
    [
        *((yes, True) for yes in ("1", "Y", "y", True, 1)),
        *((no, False) for no in ("0", "N", False, 0, "", None)),
    ],
)
def test_flags_are_written_in_many_ways(flag: Any, meaning: bool) -> None:
    found = parameter(Required=flag, Multiple=flag)

    assert (found.required, found.multiple) == (meaning, meaning)


@pytest.mark.parametrize(
    ("options", "meaning"),
    [
        ({"mail": "E-mail", "42": "Other"}, {"mail": "E-mail", "42": "Other"}),
        (["Hot", "Cold"], {"0": "Hot", "1": "Cold"}),
        ({"Group": {"a": "A"}, "b": "B"}, {"a": "A", "b": "B"}),
        ([], None),
        ("", None),
        (None, None),
    ],
)
def test_options_are_a_map_or_a_list(options: Any, meaning: Any) -> None:
    assert parameter(Type="select", Options=options).options == meaning


@pytest.mark.parametrize(
    ("default", "meaning"),
    [
        ("N", "N"),
        (5, "5"),
        (True, "Y"),
        (None, ""),
        ("", ""),
        (["a", "b"], ("a", "b")),
        ({"x": "a"}, ("a",)),
        ([], ()),
    ],
)
def test_defaults_are_texts_numbers_or_several(default: Any, meaning: Any) -> None:
    assert parameter(Default=default).default == meaning


def test_parameters_keep_their_order_and_their_own_names() -> None:
    found = template(
        PARAMETERS={"B": {"Name": "The first", "Type": "User"}, "A": {"Type": "UF:crm"}, "x": None}
    )

    assert [(each.name, each.title, each.type) for each in found.parameters] == [
        ("B", "The first", "user"),
        ("A", "A", "uf:crm"),
    ]


def test_parameters_with_numbers_for_names_may_come_as_a_list() -> None:
    assert [each.name for each in template(PARAMETERS=[{"Type": "int"}, {"Type": "int"}]).parameters] == [
        "0",
        "1",
    ]


def test_only_a_required_parameter_without_a_default_must_be_given() -> None:
    assert parameter(Required="1").must_be_given
    assert not parameter(Required="1", Default="0").must_be_given
    assert not parameter().must_be_given


def test_a_parameter_comes_back_from_json_as_it_was() -> None:
    found = parameter(Type="select", Required="1", Multiple="Y", Default=["a"], Options={"a": "A"})

    assert Parameter.from_plan(json.loads(json.dumps(asdict(found)))) == found


@pytest.mark.parametrize("item", [None, [], {}, {"ID": None}, {"ID": "x"}, {"ID": []}, "7"])
def test_what_is_no_template_is_none(item: object) -> None:
    assert template_of(item) is None


def test_a_template_is_found_by_its_exact_name_only() -> None:
    found = [template(ID="1", NAME="Follow-up"), template(ID="2", NAME="Twice"), template(ID="3", NAME="Twice")]

    assert template_named(found, "Follow-up", "acme.example").id == 1
    with pytest.raises(TemplateError, match="did you mean") as missing:
        template_named(found, "follow-up", "acme.example")
    assert '"Twice" (2)' in str(missing.value)
    with pytest.raises(TemplateError, match="its ID: 2, 3"):
        template_named(found, "Twice", "acme.example")
