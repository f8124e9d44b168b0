"""Which night is run, made up for, missed or gone on with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from launcher.core.due import MOST_MISSED, Past, Standing, Timetable, missed, standing, taken_up_since
from launcher.core.schedules import Schedule
from launcher.core.summary import Exit

BERLIN = ZoneInfo("Europe/Berlin")
NIGHTLY = Timetable(Schedule.parse("0 2 * * *"), BERLIN, 6 * 3600.0)


@dataclass(frozen=True)
class Night:
    due_at: float | None
    begun_at: float
    ended_at: float | None
    exit_code: int | None


def at(text: str) -> float:
    return datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=BERLIN).timestamp()


def night(due: str, code: int | None = 0, *, begun: str = "") -> Night:
    """A night of an hour, or one that was cut off where there is no exit code."""
    begun_at = at(begun or due)
    return Night(at(due), begun_at, None if code is None else begun_at + 3600, code)


def stands(now: str, *nights: Night, since: float | None = None, began: str = "01 00:00") -> Standing:
    return standing(NIGHTLY, Past(nights=nights, since=since, interrupted_before=at(began)), at(now))


def test_a_job_waits_for_its_next_due_time_once_it_had_its_night() -> None:
    found = stands("24 12:00", night("24 02:00"), night("23 02:00"))
    assert found == Standing(due_at=None, taken_up=False, missed=(), next_at=at("25 02:00"))


def test_a_job_is_run_when_it_is_due() -> None:
    assert stands("25 02:00", night("24 02:00")).due_at == at("25 02:00")


def test_a_job_that_never_had_a_night_makes_up_for_none() -> None:
    by_hand = Night(None, at("23 10:00"), at("23 11:00"), 0)
    assert stands("24 03:00").due_at is None
    assert stands("24 03:00", by_hand).due_at is None
    assert stands("24 03:00").missed == ()
    assert stands("25 02:00", since=at("24 03:00")).due_at == at("25 02:00")


@pytest.mark.parametrize(("now", "runs"), [("24 07:59", True), ("24 08:00", True), ("24 08:01", False)])
def test_a_missed_night_is_made_up_for_within_catch_up_and_else_missed(now: str, runs: bool) -> None:
    found = stands(now, night("23 02:00"))
    assert found.due_at == (at("24 02:00") if runs else None)
    assert found.missed == (() if runs else (at("24 02:00"),))


def test_after_days_the_last_night_is_made_up_for_and_the_others_are_missed() -> None:
    found = stands("24 03:00", night("20 02:00"))
    assert found.due_at == at("24 02:00")
    assert found.missed == (at("21 02:00"), at("22 02:00"), at("23 02:00"))
    assert stands("24 03:00", night("20 02:00"), since=at("22 02:00")).missed == (at("23 02:00"),)


def test_one_night_makes_up_for_all_that_was_due_while_another_went_on() -> None:
    often = Timetable(Schedule.parse("*/15 * * * *"), BERLIN, 3600.0)
    found = standing(often, Past(nights=[night("24 02:00")]), at("24 02:50"))
    assert (found.due_at, found.missed) == (at("24 02:45"), ())


def test_a_night_that_was_cut_off_is_gone_on_with_and_not_begun_again_once_it_has_ended() -> None:
    cut = night("24 02:00", None)
    found = stands("24 03:00", cut, night("23 02:00"))
    assert (found.due_at, found.taken_up) == (at("24 02:00"), True)
    assert stands("24 03:00", night("24 02:00", begun="24 02:30"), cut).due_at is None


def test_a_night_that_was_cut_off_too_long_ago_is_left_to_the_next_one_and_not_called_missed() -> None:
    found = stands("24 09:00", night("24 02:00", None), night("23 02:00"))
    assert (found.due_at, found.taken_up, found.missed) == (None, False, ())
    again = stands("24 09:00", night("24 02:00", None, begun="24 07:00"), night("24 02:00", None))
    assert again.due_at == at("24 02:00"), "it was at work two hours ago"


def test_an_interrupted_night_is_gone_on_with_after_a_restart_only() -> None:
    stopped = night("24 02:00", Exit.INTERRUPTED)
    assert stands("24 04:00", stopped, began="24 03:30").due_at == at("24 02:00")
    assert stands("24 04:00", stopped, began="24 01:00").due_at is None


def test_a_night_that_another_run_kept_from_its_portal_is_tried_again() -> None:
    kept = night("24 02:00", Exit.PORTAL_IN_USE)
    found = stands("24 04:00", kept, night("23 02:00"))
    assert (found.due_at, found.taken_up) == (at("24 02:00"), False)
    assert stands("24 04:00", kept).due_at == at("24 02:00"), "also where it is the first one"
    assert stands("24 09:00", kept, night("23 02:00")).missed == (at("24 02:00"),)
    assert stands("24 09:00", kept, night("24 02:00"), night("23 02:00")).missed == ()


def test_a_night_out_of_the_future_keeps_no_job_from_running() -> None:
    """The clock was wrong when it began."""
    assert stands("25 02:00", night("29 02:00"), night("24 02:00")).due_at == at("25 02:00")
    assert stands("25 02:00", night("24 02:00"), since=at("29 02:00")).due_at is None
    assert stands("26 02:00", night("24 02:00"), since=at("25 02:00")).due_at == at("26 02:00")


def test_what_was_missed_in_a_year_is_told_in_part() -> None:
    often = Timetable(Schedule.parse("* * * * *"), BERLIN, 0.0)
    found = missed(often, Past(nights=[night("01 00:00")]), at("24 00:00") + 1)
    assert len(found) == MOST_MISSED
    assert found[-1] == at("24 00:00")


def test_a_night_began_where_the_first_of_its_cut_off_beginnings_did() -> None:
    due = at("24 02:00")
    first, second = night("24 02:00", None), night("24 02:00", Exit.INTERRUPTED, begun="24 02:30")
    kept, before = night("24 02:00", Exit.PORTAL_IN_USE, begun="24 02:40"), night("23 02:00", None)
    assert taken_up_since([kept, second, first, before], due) == first.begun_at
    assert taken_up_since([second, night("24 02:00", 0), first], due) == second.begun_at
    assert taken_up_since([night("24 02:00", 0), first], due) is None
    assert taken_up_since([before], due) is None
    assert taken_up_since([kept], due) is None
    assert taken_up_since([Night(None, 1.0, None, None)], None) is None
