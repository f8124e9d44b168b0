"""IDs as people write them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from launcher.core.documents import KINDS, element_number, kind_named
from launcher.errors import RowError
from tests.core.kind_table import CRM, NAMES, TABLE
from tests.support.examples import examples


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
        with pytest.raises(RowError, match=f'"{cell}" is not the ID of a {name}') as raised:
            element_number(kind_named(name), cell)
        assert raised.value.kind == "other kind"


def test_an_item_of_another_smart_process_is_refused() -> None:
    with pytest.raises(RowError):
        element_number(kind_named("dynamic:147"), "DYNAMIC_148_1")


@pytest.mark.parametrize("cell", ["", " ", "\t\n", "\u00a0"])
def test_a_blank_cell_is_called_blank(cell: str) -> None:
    with pytest.raises(RowError, match="blank") as raised:
        element_number(KINDS["lead"], cell)

    assert raised.value.kind == "blank ID"


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
    with pytest.raises(RowError) as raised:
        element_number(KINDS["lead"], cell)

    assert cell.split()[0] in str(raised.value)
    assert raised.value.kind in ("bad ID", "other kind")


def test_a_long_cell_is_shown_short_and_on_one_line() -> None:
    with pytest.raises(RowError) as raised:
        element_number(KINDS["lead"], "a long\ntext " * 1000)

    assert len(str(raised.value)) < 120
    assert "\n" not in str(raised.value)
    assert "…" in str(raised.value)


@given(st.integers(1, 10**18), st.integers(0, 5), st.integers(0, 3))
def test_no_number_is_changed_on_its_way(number: int, zeros: int, decimals: int) -> None:
    cell = "0" * zeros + str(number) + ("." + "0" * decimals if decimals else "")

    assert element_number(KINDS["lead"], cell) == str(number)
    assert element_number(KINDS["lead"], f"LEAD_{number}") == str(number)


@given(st.text())
@settings(max_examples=examples(300))
def test_any_text_is_a_number_or_refused(cell: str) -> None:
    try:
        number = element_number(KINDS["lead"], cell)
    except RowError:
        return

    assert number == str(int(number))
    assert int(number) > 0
    assert number in cell


LINKS = {
    "lead": "https://acme.bitrix24.com/crm/lead/details/777/",
    "deal": "https://acme.bitrix24.com/crm/deal/details/777/?IFRAME=Y",
    "contact": "https://ACME.bitrix24.com/crm/contact/show/777/",
    "company": "http://acme.bitrix24.com/crm/company/details/777",
    "quote": "https://acme.bitrix24.com/crm/type/7/details/777/",
    "smart-invoice": "https://acme.bitrix24.com/crm/type/31/details/777/",
    "dynamic:147": "https://acme.bitrix24.com/page/sales/orders/type/147/details/777/",
    "feed-process": "https://acme.bitrix24.com/bizproc/processes/12/element/0/777/",
    "list-element": "https://acme.bitrix24.com/company/lists/12/element/0/777/",
}


@pytest.mark.parametrize("name", LINKS)
def test_a_link_to_the_elements_page_is_its_id(name: str) -> None:
    kind = kind_named(name)

    assert element_number(kind, LINKS[name], ["acme.bitrix24.com"]) == "777"
    path = LINKS[name].split(".com")[1]
    assert element_number(kind, f" {path} ", ["acme.bitrix24.com"]) == "777"


def test_every_kind_but_the_drives_has_a_page() -> None:
    """The address of a file in Drive goes by its name and holds no ID."""
    assert set(NAMES) - set(LINKS) == {"drive-file"}


@pytest.mark.parametrize("name", NAMES)
def test_a_link_to_another_kind_is_refused(name: str) -> None:
    for linked, link in LINKS.items():
        if linked != name:
            with pytest.raises(RowError, match=f"a link to a {linked}, not to a {name}") as raised:
                element_number(kind_named(name), link, ["acme.bitrix24.com"])
            assert raised.value.kind == "other kind"


def test_a_link_into_another_portal_is_refused() -> None:
    """Lead 777 of that portal is somebody else than lead 777 of this one."""
    with pytest.raises(RowError, match=r"on acme\.bitrix24\.com, not on other\.bitrix24\.com") as raised:
        element_number(KINDS["lead"], LINKS["lead"], ["other.bitrix24.com"])

    assert raised.value.kind == "other portal"


@pytest.mark.parametrize(
    "cell",
    [
        "https://acme.bitrix24.com/",
        "https://acme.bitrix24.com/crm/lead/details/0/",
        "https://acme.bitrix24.com/crm/lead/details/777/activity/5/",
        "https://acme.bitrix24.com/crm/lead/list/",
        "https://acme.bitrix24.com:port/crm/lead/details/777/",
        "https://[acme/crm/lead/details/777/",
        "/crm/lead/details/777x/",
        "ftp://acme.bitrix24.com/crm/lead/details/777/",
    ],
)
def test_another_link_is_no_id(cell: str) -> None:
    with pytest.raises(RowError) as raised:
        element_number(KINDS["lead"], cell, ["acme.bitrix24.com"])

    assert raised.value.kind == "bad ID"
