"""The kinds of documents, and their IDs as people write them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from launcher.core.documents import KINDS, ElementIdError, KindError, element_number, kind_named
from launcher.core.model import Document

# Official REST documentation, "bizproc.workflow.start": DOCUMENT_ID, the template's document type; then how
# CRM bindings name the kind.
TABLE = [
    ("lead", "crm", "CCrmDocumentLead", "LEAD_777", "LEAD", "L"),
    ("deal", "crm", "CCrmDocumentDeal", "DEAL_777", "DEAL", "D"),
    ("contact", "crm", "CCrmDocumentContact", "CONTACT_777", "CONTACT", "C"),
    ("company", "crm", "CCrmDocumentCompany", "COMPANY_777", "COMPANY", "CO"),
    ("quote", "crm", r"Bitrix\Crm\Integration\BizProc\Document\Quote", "QUOTE_777", "QUOTE", "Q"),
    (
        "smart-invoice",
        "crm",
        r"Bitrix\Crm\Integration\BizProc\Document\SmartInvoice",
        "SMART_INVOICE_777",
        "SMART_INVOICE",
        "SI",
    ),
    (
        "dynamic:147",
        "crm",
        r"Bitrix\Crm\Integration\BizProc\Document\Dynamic",
        "DYNAMIC_147_777",
        "DYNAMIC_147",
        "T93",
    ),
    ("drive-file", "disk", r"Bitrix\Disk\BizProcDocument", "777", "STORAGE_", ""),
    ("feed-process", "lists", "BizprocDocument", "777", "iblock_", ""),
    ("list-element", "lists", r"Bitrix\Lists\BizprocDocumentLists", "777", "iblock_", ""),
]
CRM = [row for row in TABLE if row[1] == "crm"]
NAMES = [row[0] for row in TABLE]


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
    ],
)
def test_a_kind_may_be_written_as_the_portal_shouts_it(written: str, name: str) -> None:
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


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("cell", ["777", " 777 ", "777.0", "777.00", "0777", "\u00a0777\t"])
def test_a_number_is_an_id_of_every_kind(name: str, cell: str) -> None:
    assert element_number(kind_named(name), cell) == "777"


@pytest.mark.parametrize("row", CRM, ids=[row[0] for row in CRM])
def test_an_id_may_carry_its_kinds_own_prefix_or_short_code(row: tuple[str, ...]) -> None:
    name, _, _, element_id, _, short_code = row
    kind = kind_named(name)

    for cell in (element_id, element_id.lower(), f"{short_code}_777", f" {short_code.lower()}_0777 "):
        assert element_number(kind, cell) == "777"


@pytest.mark.parametrize("name", NAMES)
def test_an_id_of_another_kind_is_refused_and_not_taken_for_a_number(name: str) -> None:
    """`D_777` in a column of leads is a deal: starting on lead 777 would write to a stranger."""
    foreign = {f"{code}_777" for *_, code in CRM} | {element_id for _, _, _, element_id, _, _ in CRM}
    own = next(row for row in TABLE if row[0] == name)

    for cell in foreign - {own[3], f"{own[5]}_777"}:
        with pytest.raises(ElementIdError, match=f'"{cell}" is not the ID of a {name}') as raised:
            element_number(kind_named(name), cell)
        assert raised.value.code == "other kind"


def test_an_item_of_another_smart_process_is_refused() -> None:
    with pytest.raises(ElementIdError):
        element_number(kind_named("dynamic:147"), "DYNAMIC_148_1")


@pytest.mark.parametrize("cell", ["", " ", "\t\n", "\u00a0"])
def test_a_blank_cell_is_called_blank(cell: str) -> None:
    with pytest.raises(ElementIdError, match="blank") as raised:
        element_number(KINDS["lead"], cell)

    assert raised.value.code == "blank ID"


@pytest.mark.parametrize(
    "cell",
    [
        *(
            "0",
            "00",
            "-1",
            "+1",
            "1.5",
            "1,0",
            "1e3",
            "7 77",
            "1_000",
            "0x10",
            "777.",
            ".0",
            "12345678901234567890",
        ),
        *("LEAD_", "LEAD_0", "LEAD_7x", "LEAD_7_7", "_777", "LEAD-777", "LEAD 777", "lead", "#777"),
        *("٧٧٧", "7٧", "７７７", "²", "=1+1", "#REF!", "Иванов", "777\n778"),
    ],
)
def test_what_is_no_whole_number_above_0_is_refused_and_shown(cell: str) -> None:
    with pytest.raises(ElementIdError) as raised:
        element_number(KINDS["lead"], cell)

    assert cell.split()[0] in str(raised.value)
    assert raised.value.code in ("bad ID", "other kind")


def test_a_long_cell_is_shown_short_and_on_one_line() -> None:
    with pytest.raises(ElementIdError) as raised:
        element_number(KINDS["lead"], "a long\ntext " * 1000)

    assert len(str(raised.value)) < 120
    assert "\n" not in str(raised.value)
    assert "…" in str(raised.value)


@given(st.integers(1, 10**18), st.integers(0, 5), st.integers(0, 3))
@settings(deadline=None)
def test_no_number_is_changed_on_its_way(number: int, zeros: int, decimals: int) -> None:
    cell = "0" * zeros + str(number) + ("." + "0" * decimals if decimals else "")

    assert element_number(KINDS["lead"], cell) == str(number)
    assert element_number(KINDS["lead"], f"LEAD_{number}") == str(number)


@given(st.text())
@settings(deadline=None, max_examples=300)
def test_any_text_is_a_number_or_refused(cell: str) -> None:
    try:
        number = element_number(KINDS["lead"], cell)
    except ElementIdError:
        return

    assert number == str(int(number))
    assert int(number) > 0
    assert number in cell
