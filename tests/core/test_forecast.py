"""How long a run will take, and why: judged by going through it to its end, and by arithmetic."""

import pytest

from launcher.core.forecast import forecast
from launcher.core.pacing.controller import WaitReason
from launcher.core.pacing.limits import PLANS, Limits, Pacing
from tests.support.on_paper import PortalModel, Run

STANDARD, ENTERPRISE, SELF_HOSTED = PLANS["standard"], PLANS["enterprise"], PLANS["self-hosted"]


@pytest.mark.parametrize("limits", [STANDARD, ENTERPRISE, SELF_HOSTED])
@pytest.mark.parametrize("start_s", [0.0, 0.0026, 0.01, 0.12, 0.5, 2.0])
@pytest.mark.parametrize(("concurrency", "way_s", "share"), [(4, 0.05, 1.0), (1, 0.05, 1.0), (4, 0.3, 0.5)])
@pytest.mark.parametrize("rows", [1, 100, 3000])
def test_it_is_within_a_tenth_of_what_a_run_to_the_end_comes_to(
    limits: Limits, start_s: float, concurrency: int, way_s: float, share: float, rows: int
) -> None:
    pacing = Pacing(limits=limits, concurrency=concurrency, share=share)
    found = forecast(rows, pacing, start_s=start_s, way_s=way_s)
    course = Run(rows, pacing, PortalModel(limits=limits, start_s=start_s, way_s=way_s)).go()

    assert found.seconds == pytest.approx(course.seconds, rel=0.1, abs=2.0)


@pytest.mark.parametrize(
    ("limits", "start_s", "binds"),
    [
        (STANDARD, 0.0, WaitReason.RATE),
        (STANDARD, 0.12, WaitReason.OPERATING),
        (SELF_HOSTED, 0.12, WaitReason.IN_FLIGHT),
        (ENTERPRISE, 0.0, WaitReason.RATE),
        (ENTERPRISE, 0.0045, WaitReason.OPERATING),
    ],
)
def test_it_says_what_binds_also_where_that_begins_only_after_a_while(
    limits: Limits, start_s: float, binds: WaitReason
) -> None:
    assert forecast(10_000_000, Pacing(limits=limits), start_s=start_s).binds is binds


def test_the_readmes_five_thousand_rows_take_half_a_minute() -> None:
    assert forecast(5000, Pacing(limits=STANDARD), start_s=0.0026).seconds == pytest.approx(26, abs=1.5)


def test_a_run_without_rows_takes_no_time() -> None:
    assert forecast(0, Pacing(limits=STANDARD), start_s=1.0).seconds == 0
