"""When a file counts as complete, in numbers."""

from __future__ import annotations

import pytest

from launcher.core.due import being_written

NOW = 1_000_000.0


@pytest.mark.parametrize(
    ("age_s", "settled_after_s", "wait_s"),
    [(0, 60, 60), (59, 60, 1), (-3600, 60, 3660)],
)
def test_a_file_changed_just_now_needs_the_rest_of_its_time(
    age_s: float, settled_after_s: float, wait_s: float
) -> None:
    found = being_written(NOW - age_s, NOW, settled_after_s, lacks_line_end=False)
    assert found is not None
    assert found.wait_s == wait_s
    assert ("future" in found.reason) == (age_s < 0)


@pytest.mark.parametrize(("age_s", "settled_after_s"), [(60, 60), (61, 60), (0, 0), (-3600, 0)])
def test_a_file_that_is_old_enough_is_complete(age_s: float, settled_after_s: float) -> None:
    assert being_written(NOW - age_s, NOW, settled_after_s, lacks_line_end=False) is None


@pytest.mark.parametrize(("age_s", "wait_s"), [(0, 60), (60, 540), (599, 1), (600, None), (-60, 120)])
def test_a_last_line_without_its_end_is_complete_after_ten_minutes(age_s: float, wait_s: float | None) -> None:
    found = being_written(NOW - age_s, NOW, 60, lacks_line_end=True)
    assert (None if found is None else found.wait_s) == wait_s
    assert being_written(NOW - age_s, NOW, 0, lacks_line_end=True) is None, "switched off"
