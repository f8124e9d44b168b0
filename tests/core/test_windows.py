"""When a job may send: over midnight, and in the nights in which the clock is changed."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from launcher.core.schedules import Window, sends_until

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
NIGHT = Window.parse("22:00-06:00")
H = 3600.0


def at(text: str, zone: ZoneInfo = BERLIN, *, fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).timestamp()


@pytest.mark.parametrize(
    ("now", "closes"),
    [
        ("2026-11-24 21:59:59", None),
        ("2026-11-24 22:00", "2026-11-25 06:00"),
        ("2026-11-25 00:00", "2026-11-25 06:00"),
        ("2026-11-25 05:59:59", "2026-11-25 06:00"),
        ("2026-11-25 06:00", None),
    ],
)
def test_a_window_over_midnight_is_open_from_its_first_second_to_before_its_last(
    now: str, closes: str | None
) -> None:
    assert NIGHT.closes_at(at(now), BERLIN) == (closes and at(closes))


def test_a_window_within_a_day() -> None:
    window = Window.parse("01:30 - 04:00")
    assert window.closes_at(at("2026-11-25 03:00"), BERLIN) == at("2026-11-25 04:00")
    assert window.closes_at(at("2026-11-25 04:00"), BERLIN) is None
    assert window.opens_at(at("2026-11-25 04:00"), BERLIN) == at("2026-11-26 01:30")


@pytest.mark.parametrize(
    ("zone", "evening", "hours"),
    [
        (BERLIN, "2026-03-28 22:00", 7),
        (BERLIN, "2026-10-24 22:00", 9),
        (NEW_YORK, "2026-03-07 22:00", 7),
        (NEW_YORK, "2026-10-31 22:00", 9),
    ],
)
def test_a_night_in_which_the_clock_is_changed_ends_at_six_by_the_clock(
    zone: ZoneInfo, evening: str, hours: int
) -> None:
    begins = at(evening, zone)
    assert NIGHT.closes_at(begins, zone) == begins + hours * H
    assert NIGHT.closes_at(begins + hours * H, zone) is None


@pytest.mark.parametrize(("zone", "gap"), [(BERLIN, "2026-03-29 02:30"), (NEW_YORK, "2026-03-08 02:30")])
def test_a_window_that_begins_in_the_hour_leapt_over_begins_so_much_later(zone: ZoneInfo, gap: str) -> None:
    window, begins = Window.parse("02:30-05:00"), at(gap, zone)
    assert datetime.fromtimestamp(begins, zone).strftime("%H:%M") == "03:30"
    assert window.closes_at(begins - 1, zone) is None
    assert window.closes_at(begins, zone) == begins + 1.5 * H
    assert window.opens_at(begins - 1, zone) == begins


@pytest.mark.parametrize(("zone", "twice"), [(BERLIN, "2026-10-25 02:30"), (NEW_YORK, "2026-11-01 01:30")])
def test_an_hour_that_comes_twice_counts_once(zone: ZoneInfo, twice: str) -> None:
    """One window that night: at the second showing of the same time it is not open again."""
    first, second = at(twice, zone), at(twice, zone, fold=1)
    assert second - first == H
    window = Window.parse("00:00-" + twice[-5:])
    assert window.closes_at(first - 1, zone) == first
    assert window.closes_at(second - 1, zone) is None
    later = Window.parse(twice[-5:] + "-05:00")
    assert later.closes_at(first, zone) == later.closes_at(second, zone)
    assert later.opens_at(first, zone) > second + 20 * H


def test_a_window_that_the_changed_clock_swallows_is_not_open_that_night() -> None:
    window = Window.parse("02:30-03:15")
    noon = at("2026-03-28 12:00")
    assert all(window.closes_at(noon + minutes * 60, BERLIN) is None for minutes in range(24 * 60))
    assert window.opens_at(noon, BERLIN) == at("2026-03-30 02:30")


@pytest.mark.parametrize("text", ["22-06", "22:00", "24:00-06:00", "22:00-22:00", "22:60-06:00", "٢٢:00-06:00"])
def test_what_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="window"):
        Window.parse(text)


def test_the_earlier_of_both_bounds_ends_a_night() -> None:
    now = at("2026-11-24 23:00")
    assert sends_until(now, None, None, None) == float("inf")
    assert sends_until(now, None, None, 2 * H) == now + 2 * H
    assert sends_until(now, NIGHT, BERLIN, 2 * H) == now + 2 * H
    assert sends_until(now, NIGHT, BERLIN, 12 * H) == at("2026-11-25 06:00")
    assert sends_until(at("2026-11-24 12:00"), NIGHT, BERLIN, 2 * H) is None


def test_a_window_is_read_in_the_zone_of_its_job() -> None:
    now = at("2026-11-24 23:00", BERLIN)  # 17:00 in New York
    assert NIGHT.closes_at(now, NEW_YORK) is None
    assert NIGHT.closes_at(now, BERLIN) is not None
