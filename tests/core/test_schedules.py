"""When a job is due: once a day, also in the nights in which the clock is changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher.core.schedules import Schedule

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
DAY = 86_400.0


def at(text: str, zone: ZoneInfo = BERLIN, *, fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).timestamp()


def dues(fields: str, zone: ZoneInfo, begins: str, ends: str) -> list[str]:
    """Every time at which the schedule is due, by the clock on the wall with its distance from UTC."""
    schedule, now, found = Schedule.parse(fields), at(begins, zone), []
    while (now := schedule.next_after(now, zone)) < at(ends, zone):
        found.append(datetime.fromtimestamp(now, zone).strftime("%d %H:%M %z"))
    return found


@pytest.mark.parametrize(
    ("fields", "due"),
    [
        ("0 2 * * *", "2026-11-25 02:00"),
        ("30 22 * * *", "2026-11-24 22:30"),
        ("0 2 * * 1", "2026-11-30 02:00"),
        ("0 2 * * MON-FRI", "2026-11-25 02:00"),
        ("0 2 1 * *", "2026-12-01 02:00"),
        ("*/20 * * * *", "2026-11-24 12:20"),
        ("@daily", "2026-11-25 00:00"),
        (" 0  2 * *   * ", "2026-11-25 02:00"),
    ],
)
def test_it_is_due_as_cron_would_have_it(fields: str, due: str) -> None:
    assert Schedule.parse(fields).next_after(at("2026-11-24 12:00"), BERLIN) == at(due)


@pytest.mark.parametrize(
    ("zone", "spring", "leapt_over", "shift"),
    [
        (BERLIN, "2026-03-28", "29 03:30 +0200", "0100"),
        (NEW_YORK, "2026-03-07", "08 03:30 -0400", "0500"),
    ],
)
def test_a_time_that_the_clock_leaps_over_is_due_once_and_so_much_later(
    zone: ZoneInfo, spring: str, leapt_over: str, shift: str
) -> None:
    ends = datetime.fromisoformat(spring) + timedelta(days=3)
    found = dues("30 2 * * *", zone, spring, ends.isoformat())
    assert found[1] == leapt_over
    assert [text[3:8] for text in found] == ["02:30", "03:30", "02:30"]


@pytest.mark.parametrize(
    ("zone", "autumn", "twice", "clock"),
    [
        (BERLIN, "2026-10-24", "30 2 * * *", ["24 02:30 +0200", "25 02:30 +0200", "26 02:30 +0100"]),
        (NEW_YORK, "2026-10-31", "30 1 * * *", ["31 01:30 -0400", "01 01:30 -0400", "02 01:30 -0500"]),
    ],
)
def test_a_time_that_the_clock_shows_twice_is_due_the_first_time(
    zone: ZoneInfo, autumn: str, twice: str, clock: list[str]
) -> None:
    ends = datetime.fromisoformat(autumn) + timedelta(days=3)
    assert dues(twice, zone, autumn, ends.isoformat()) == clock


def test_in_the_hour_that_comes_again_what_was_due_in_the_first_is_over() -> None:
    schedule, again = Schedule.parse("30 2 * * *"), at("2026-10-25 02:15", fold=1)
    assert schedule.last_by(again, BERLIN) == at("2026-10-25 02:30", fold=0)
    assert schedule.next_after(again, BERLIN) == at("2026-10-26 02:30")


def test_no_zone_is_the_machines() -> None:
    noon = datetime(2026, 11, 24, 12).timestamp()
    assert Schedule.parse("0 13 * * *").next_after(noon, None) == noon + 3600


@given(
    st.sampled_from(["0 2 * * *", "30 2 * * *", "30 1,2 * * *", "0 3 * * 0", "15 */6 * * *", "0 12 29 * *"]),
    st.sampled_from([BERLIN, NEW_YORK, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Kolkata"), UTC]),
    st.floats(1.7e9, 1.9e9),
)
def test_between_the_last_and_the_next_it_is_never_due(fields: str, zone: ZoneInfo, now: float) -> None:
    schedule = Schedule.parse(fields)
    last, following = schedule.last_by(now, zone), schedule.next_after(now, zone)
    assert last <= now < following
    assert schedule.next_after(last, zone) == following
    assert schedule.last_by(following, zone) == following


@given(st.sampled_from([BERLIN, NEW_YORK]), st.integers(0, 23), st.integers(0, 59), st.integers(2020, 2035))
def test_a_daily_schedule_is_due_once_on_each_day_of_a_year(
    zone: ZoneInfo, hour: int, minute: int, year: int
) -> None:
    schedule = Schedule.parse(f"{minute} {hour} * * *")
    now, ends = at(f"{year}-01-01", zone) - 1, at(f"{year + 1}-01-01", zone) - 1
    days = []
    while (now := schedule.next_after(now, zone)) <= ends:
        days.append(datetime.fromtimestamp(now, zone).date())
    assert len(days) == len(set(days)) == (366 if year % 4 == 0 else 365)


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ("0 2 * *", 'a schedule of five fields is expected, such as "0 2 \\* \\* \\*"'),
        ("0 0 2 * * *", "five fields"),
        ("0 25 * * *", 'the hour of the schedule "0 25 \\* \\* \\*" cannot be read'),
        ("0 2 * * XYZ", "the day-of-week of the schedule"),
        ("0 2 30 2 *", "the day-of-month of the schedule"),
        ("every night", "five fields"),
    ],
)
def test_what_is_no_schedule_is_refused_with_words(text: str, trouble: str) -> None:
    with pytest.raises(ValueError, match=trouble):
        Schedule.parse(text)
