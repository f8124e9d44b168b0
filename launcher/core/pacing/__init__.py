"""How fast, how much at once, and how long to wait: arithmetic on numbers, with the time as one of them.

The controller is asked before each request. What it knows stands in modules of one idea each: limits, the
leaky bucket, the request rate, the operating time, costs, sizing, concurrency, caution and the shared pause.
"""

from launcher.core.pacing.backoff import Pause, SlowStart, backoff_s
from launcher.core.pacing.controller import Controller, Feedback, Leave, Wait, WaitReason
from launcher.core.pacing.limits import BATCH_S, PLANS, WINDOW_S, Limits, Pacing
from launcher.core.pacing.rate import Bucket, Rate
from launcher.core.pacing.sizing import InFlight

__all__ = [
    "BATCH_S",
    "PLANS",
    "WINDOW_S",
    "Bucket",
    "Controller",
    "Feedback",
    "InFlight",
    "Leave",
    "Limits",
    "Pacing",
    "Pause",
    "Rate",
    "SlowStart",
    "Wait",
    "WaitReason",
    "backoff_s",
]
