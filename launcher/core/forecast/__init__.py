"""How long a run will take, and why: the real controller in virtual time, and arithmetic for what is alike."""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from dataclasses import dataclass

from launcher.core.forecast.course import Course, Run
from launcher.core.forecast.portal import Charged, PortalModel
from launcher.core.pacing import Pacing, Why

__all__ = ["Charged", "Course", "Forecast", "PortalModel", "Run", "binds", "forecast"]

TRIED_REQUESTS = 1200
"""So many requests are gone through one by one; a run that is longer goes on as it did then."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a run will come to, if starts cost what is given and nothing goes wrong."""

    seconds: float
    requests: int
    binds: Why | None
    """What it waits for most; None where it hardly waits at all. IN_THE_AIR: more concurrency would help."""


def forecast(rows: int, pacing: Pacing, *, start_s: float, way_s: float = 0.05) -> Forecast:
    """How long a run of so many rows takes, where a start costs `start_s` and a request `way_s` besides."""
    run = Run(rows, pacing, PortalModel(limits=pacing.limits, start_s=float(start_s), way_s=way_s))
    course = run.go(requests_at_most=TRIED_REQUESTS)
    reason = binds(course)
    if course.done >= rows:
        return Forecast(course.seconds, course.requests, reason)
    window_s = pacing.limits.window_s
    row_s, row_requests = _pace(course, window_s)
    left = rows - course.done
    seconds = course.seconds + left * row_s
    if pacing.limits.operating_seconds and start_s:
        # What the first window allows may be used up only after all that was tried.
        windows = rows * start_s / pacing.limits.operating_seconds - 1
        if windows * window_s > seconds:
            seconds, reason = windows * window_s, Why.OPERATING
    return Forecast(seconds, course.requests + math.ceil(left * row_requests), reason)


def binds(course: Course) -> Why | None:
    """What a run waited for most, where it was a tenth of its time."""
    why = max(course.waits, key=course.waits.__getitem__)
    return why if course.waits[why] > course.seconds / 10 else None


def _pace(course: Course, window_s: float) -> tuple[float, float]:
    """Seconds and requests for each row, once a run has found its pace."""
    span_s = course.seconds / 2
    if course.waits[Why.OPERATING] and course.seconds > window_s:
        # As many whole windows as there are: within one, work and rest take turns.
        span_s = window_s * max(1, math.floor(course.seconds / window_s) - 1)
    points: Sequence[tuple[float, int]] = course.points
    since = bisect.bisect_left(points, (course.seconds - span_s, 0))
    rows = max(1, course.done - points[since][1])
    return (course.seconds - points[since][0]) / rows, (len(points) - since - 1) / rows
