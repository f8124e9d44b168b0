"""A run on paper: how long it would take, how many requests, and what binds it.

Run by hand: uv run python benchmarks/plan.py ROWS [--start-ms 20] [--plan enterprise] [--hours-a-night 6] ...
The launcher's own controller against a portal of arithmetic, in a time that leaps: ten million rows take
seconds. --help lists what else can be said.
"""

from __future__ import annotations

import argparse
import bisect
import dataclasses
import itertools
import math
import time

from launcher.core.forecast import forecast
from launcher.core.pacing.controller import WaitReason
from launcher.core.pacing.limits import PLANS, Pacing
from launcher.core.words import duration
from tests.support.on_paper import Charged, PortalModel, Run, Timeline, binds

WORDS = {
    WaitReason.RATE: "the request rate",
    WaitReason.OPERATING: "the operating time",
    WaitReason.IN_FLIGHT: "what starts take, and the concurrency",
    WaitReason.TROUBLE: "refusals",
    None: "nothing",
}
COLUMNS, BAR = 12, 50


def main() -> None:
    said = arguments()
    limits = PLANS[said.plan]
    if said.operating_seconds is not None:
        limits = dataclasses.replace(limits, operating_seconds=said.operating_seconds)
    pacing = Pacing(limits=limits, concurrency=said.concurrency, batch_s=said.batch_seconds, share=said.share)
    model = PortalModel(
        limits=limits,
        start_s=said.start_ms / 1000,
        way_s=said.way_ms / 1000,
        charged=Charged(said.charged),
        others_per_second=said.others,
    )
    began = time.perf_counter()
    run = Run(said.rows, pacing, model)
    course = run.go()
    on_paper_s = time.perf_counter() - began
    began = time.perf_counter()
    short = forecast(said.rows, pacing, start_s=said.start_ms / 1000, way_s=said.way_ms / 1000)
    forecast_ms = (time.perf_counter() - began) * 1000
    print(f"{said.rows:,} rows at {said.start_ms:g} ms a start, {said.plan} portal, {said.concurrency} at once")
    print(f"  hours      {course.seconds / 3600:,.2f}  ({duration(course.seconds)})")
    if said.hours_a_night:
        print(f"  nights     {math.ceil(course.seconds / 3600 / said.hours_a_night):,}")
    print(f"  requests   {course.requests:,}, of {course.done / max(1, course.requests):.1f} rows")
    print(f"  refused    {run.portal.refused_rate + run.portal.refused_operating:,}, cut {run.portal.cut:,}")
    print(f"  binds      {WORDS[binds(course)]}")
    print(
        "  waited     "
        + ", ".join(f"{WORDS[why]} {waited / course.seconds:.0%}" for why, waited in by_time(course))
    )
    print(
        f"  forecast   {short.seconds / 3600:,.2f} hours in {forecast_ms:.0f} ms; this took {on_paper_s:.1f} s"
    )
    chart(course)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=int)
    parser.add_argument("--start-ms", type=float, default=20.0, help="what a start takes")
    parser.add_argument("--way-ms", type=float, default=50.0, help="what a request takes besides")
    parser.add_argument("--plan", choices=PLANS, default="standard")
    parser.add_argument("--operating-seconds", type=float, help="instead of the plan's; 0: no limit")
    parser.add_argument("--charged", choices=[charged.value for charged in Charged], default="method")
    parser.add_argument("--concurrency", type=int, default=4)
    parser.add_argument("--batch-seconds", type=float, default=10.0)
    parser.add_argument("--share", type=float, default=1.0, help="our part of the bucket")
    parser.add_argument("--others", type=float, default=0.0, help="requests a second of another program")
    parser.add_argument("--hours-a-night", type=float, default=0.0)
    return parser.parse_args()


def by_time(course: Timeline) -> list[tuple[WaitReason, float]]:
    waited = [(why, seconds) for why, seconds in course.waits.items() if seconds >= course.seconds / 200]
    return sorted(waited, key=lambda pair: -pair[1])


def chart(course: Timeline) -> None:
    """Rows an hour, over the time."""
    step_s, places = course.seconds / COLUMNS, []
    for column in range(COLUMNS + 1):
        at = bisect.bisect_right(course.points, (column * step_s, math.inf)) - 1
        places.append(course.points[at][1] if at >= 0 else 0)
    rates = [(later - sooner) / step_s * 3600 for sooner, later in itertools.pairwise(places)]
    print(f"\n{'from':>12}  rows an hour")
    for column, rate in enumerate(rates):
        bar = "#" * round(BAR * rate / max(*rates, 1))
        print(f"{duration(column * step_s):>12}  {bar} {rate:,.0f}")


if __name__ == "__main__":
    main()
