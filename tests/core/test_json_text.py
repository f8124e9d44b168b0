"""Our quick JSON is the standard library's, to the letter: start keys are made of it, and outlive versions."""

import json

from hypothesis import example, given
from hypothesis import strategies as st

from launcher.core.model import json_text, json_texts, json_values

ANY_TEXT = st.text(st.characters(exclude_categories=[]))
AWKWARD = '"\\/\0\x1f\x7f\u2028\ufeff\ud800😀'


def standard(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@given(st.lists(ANY_TEXT))
@example([AWKWARD])
def test_a_list_of_texts_is_that_of_the_standard_library(texts: list[str]) -> None:
    assert json_texts(texts) == standard(texts)
    assert [json_text(text) for text in texts] == [standard(text) for text in texts]


@given(st.dictionaries(ANY_TEXT, ANY_TEXT | st.lists(ANY_TEXT).map(tuple)))
@example({AWKWARD: (AWKWARD, ""), "": ()})
def test_values_are_those_of_the_standard_library(values: dict[str, str | tuple[str, ...]]) -> None:
    assert json_values(values) == standard(values)
