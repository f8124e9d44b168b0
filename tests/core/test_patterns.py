"""Texts with headings in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher.core.sources import Pattern, PatternError


@pytest.mark.parametrize(
    ("text", "headings", "filled"),
    [
        ("Lead {ID}: {Title}", ("ID", "Title"), "Lead <ID>: <Title>"),
        ("{ID}{ID}", ("ID", "ID"), "<ID><ID>"),
        ("{ Manager name }", ("Manager name",), "<Manager name>"),
        ("no heading", (), "no heading"),
        ("", (), ""),
        ("{{ID}}", (), "{ID}"),
        ("{{{ID}}}", ("ID",), "{<ID>}"),
        ("50 % {Сумма}\n", ("Сумма",), "50 % <Сумма>\n"),
    ],
)
def test_headings_are_replaced_and_the_rest_stands(text: str, headings: tuple[str, ...], filled: str) -> None:
    pattern = Pattern.parse(text)

    assert pattern.headings == headings
    assert pattern.filled([f"<{heading}>" for heading in headings]) == filled


def test_braces_in_a_cell_are_only_text() -> None:
    assert Pattern.parse("{A}{B}").filled(["{B}", "}}"]) == "{B}}}"


@pytest.mark.parametrize("text", ["{", "}", "{ID", "ID}", "{}", "{ }", "{A{B}}", "a } b"])
def test_a_brace_alone_is_refused(text: str) -> None:
    with pytest.raises(PatternError, match="expected"):
        Pattern.parse(text)


@given(st.text())
def test_doubled_braces_give_back_any_text(text: str) -> None:
    assert Pattern.parse(text.replace("{", "{{").replace("}", "}}")).filled([]) == text
