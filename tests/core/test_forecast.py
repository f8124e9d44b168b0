"""How long a run will take, and why: judged by going through it to its end, and by arithmetic."""

import time
from dataclasses import replace

import pytest

from launcher.core.forecast import PortalModel, Run, forecast
from launcher.core.pacing import PLANS, Limits, Pacing, Why

STANDARD, ENTERPRISE, SELF_HOSTED = PLANS["standard"], PLANS["enterprise"], PLANS["self-hosted"]


@pytest.mark.parametrize("limits", [STANDARD, ENTERPRISE, SELF_HOSTED, replace(STANDARD, operating_seconds=0)])
@pytest.mark.parametrize("start_s", [0.0, 0.004, 0.01, 0.12, 2.0])
def test_it_is_what_a_run_to_the_end_comes_to(limits: Limits, start_s: float) -> None:
    rows, pacing = 150_000 if start_s < 1 else 20_000, Pacing(limits=limits)
    found = forecast(rows, pacing, start_s=start_s)
    course = Run(rows, pacing, PortalModel(limits=limits, start_s=start_s, way_s=0.05)).go()

    assert found.seconds == pytest.approx(course.seconds, rel=0.05, abs=limits.window_s if start_s else 5)
    assert found.requests == pytest.approx(course.requests, rel=0.05, abs=60)


@pytest.mark.parametrize(
    ("limits", "start_s", "binds"),
    [
        (STANDARD, 0.0, Why.RATE),
        (STANDARD, 0.12, Why.OPERATING),
        (SELF_HOSTED, 0.12, Why.IN_THE_AIR),
        (ENTERPRISE, 0.0, Why.RATE),
        (ENTERPRISE, 0.0045, Why.OPERATING),
    ],
)
def test_it_says_what_binds_also_where_that_begins_only_after_a_while(
    limits: Limits, start_s: float, binds: Why
) -> None:
    assert forecast(10_000_000, Pacing(limits=limits), start_s=start_s).binds is binds


def test_the_readmes_five_thousand_rows_take_half_a_minute() -> None:
    assert forecast(5000, Pacing(limits=STANDARD), start_s=0.0026).seconds == pytest.approx(26.4, abs=0.5)


def test_a_run_without_rows_takes_no_time() -> None:
    assert forecast(0, Pacing(limits=STANDARD), start_s=1.0).seconds == 0


@pytest.mark.parametrize("rows", [5000, 10_000_000])
@pytest.mark.parametrize("limits", [STANDARD, SELF_HOSTED])
def test_it_is_quick_for_any_number_of_rows(rows: int, limits: Limits) -> None:
    began = time.process_time()
    forecast(rows, Pacing(limits=limits), start_s=0.12)

    assert time.process_time() - began < 0.2
