"""What an answer says of time: how long its commands took, and what stands on the portal's accounts.

Source: official REST documentation, "Limits" and "How to Execute a Batch Request"; recorded answers of real
portals. All of it may be missing, and what cannot be read counts as missing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from launcher.core.answers import Heard, Outcome, map_of

BATCH = "batch"
START = "start"


@dataclass(frozen=True, slots=True)
class Told:
    """What an answer reported of one account of operating time."""

    used_s: float
    at: float
    """By the portal's clock."""
    reset_at: float
    """By the portal's clock: when the oldest of its baskets drops out."""


@dataclass(frozen=True, slots=True)
class Times:
    """What one answer reported."""

    execution_s: float | None = None
    """Of all its commands together; None where it does not say."""
    told: Mapping[str, Told] = field(default_factory=dict)
    """By account: that of `batch`, and that of the method inside."""


NOTHING = Times()


def times_of(outcome: Outcome, *, alone: bool = False) -> Times:
    """What the answer to a batch says, or to a start that went alone."""
    if not isinstance(outcome, Heard) or not isinstance(outcome.body, dict):
        return NOTHING
    whole = outcome.body.get("time")
    if alone:
        return Times(_number(whole, "duration"), _named({START: _told(whole)}))
    inner = outcome.body.get("result")
    commands = list((map_of(inner.get("result_time")) or {}).values()) if isinstance(inner, dict) else []
    durations = [seconds for one in commands if (seconds := _number(one, "duration")) is not None]
    last = max(filter(None, map(_told, commands)), key=lambda told: (told.at, told.used_s), default=None)
    return Times(
        sum(durations) if durations else _number(whole, "duration"),
        _named({BATCH: _told(whole), START: last}),
    )


def _named(accounts: Mapping[str, Told | None]) -> dict[str, Told]:
    return {name: told for name, told in accounts.items() if told is not None}


def _told(block: object) -> Told | None:
    used_s, at = _number(block, "operating"), _number(block, "finish")
    reset_at = _number(block, "operating_reset_at")
    return None if used_s is None or at is None or reset_at is None else Told(used_s, at, reset_at)


def _number(block: object, name: str) -> float | None:
    value = block.get(name) if isinstance(block, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and value >= 0 else None
