"""How fast, how much at once, and how long to wait: arithmetic on numbers, with the time as one of them.

The controller is asked before each request. What it knows stands in modules of one idea each: limits, the
leaky bucket, the request rate, the operating time, costs, sizing, concurrency, caution and the shared pause.
"""

from launcher.core.pacing.backoff import Caution, Pause, backoff_s
from launcher.core.pacing.controller import Controller, Leave, Lesson, Wait, Why
from launcher.core.pacing.eta import eta_s
from launcher.core.pacing.limits import BATCH_S, PLANS, WINDOW_S, Limits, Pacing
from launcher.core.pacing.rate import Bucket, Rate
from launcher.core.pacing.sizing import Flight

__all__ = [
    "BATCH_S",
    "PLANS",
    "WINDOW_S",
    "Bucket",
    "Caution",
    "Controller",
    "Flight",
    "Leave",
    "Lesson",
    "Limits",
    "Pacing",
    "Pause",
    "Rate",
    "Wait",
    "Why",
    "backoff_s",
    "eta_s",
]
