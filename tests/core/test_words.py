"""Words that several messages share."""

import pytest

from launcher.core.words import duration, nearest, pluralize


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0.0 s"),
        (0.42, "0.4 s"),
        (9.9, "9.9 s"),
        (12.4, "12 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (60, "1 min"),
        (200, "3 min 20 s"),
        (3599.6, "1 h"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
        (7199, "2 h"),
        (90_000, "25 h"),
    ],
)
def test_a_duration_is_as_exact_as_a_person_needs_it(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_one_thing_is_counted_in_the_singular_and_thousands_have_a_comma() -> None:
    assert pluralize(1, "row") == "1 row"
    assert pluralize(0, "row") == "0 rows"
    assert pluralize(5000, "row") == "5,000 rows"
    assert pluralize(2, "entry", "entries") == "2 entries"
    assert pluralize(1, "entry", "entries") == "1 entry"


def test_the_nearest_known_word_is_named_as_it_is_written() -> None:
    assert nearest("manger", ["Title", "Manager"]) == ' (did you mean "Manager"?)'
    assert nearest("МЕНЕДЖЕ", ["Менеджер", "Название"]) == ' (did you mean "Менеджер"?)'


def test_nothing_is_named_where_no_word_is_near() -> None:
    assert nearest("Manager", ["Budget", "Date"]) == ""
    assert nearest("Manager", []) == ""
