"""Periods as people write them."""

import pytest

from launcher.core.words import period_s


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("30m", 1800),
        ("2h", 7200),
        ("7d", 604_800),
        ("2w", 1_209_600),
        ("0s", 0),
        ("1.5h", 5400),
        ("0.25s", 0.25),
        ("7D", 604_800),
        (" 7 d ", 604_800),
        ("007d", 604_800),
    ],
)
def test_a_number_and_its_unit_are_seconds(text: str, seconds: float) -> None:
    assert period_s(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "7", "d", "-7d", "+7d", "7 days", "1h30m", "7y", "1e3s", "7,5h", ".5h", "5.h", "٧d", "inf", "7d\n7d"],
)
def test_anything_else_is_refused_and_the_message_shows_how_it_is_written(text: str) -> None:
    with pytest.raises(ValueError, match="90s, 30m, 2h or 7d"):
        period_s(text)


def test_a_number_that_nobody_means_is_refused() -> None:
    assert period_s("999999999s") == 999_999_999
    with pytest.raises(ValueError):
        period_s("1000000000s")
