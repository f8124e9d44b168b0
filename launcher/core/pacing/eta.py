"""How long the rest of a run takes, judged by what it has done."""

from __future__ import annotations


def eta_s(*, done: int, left: int, seconds: float) -> float | None:
    """Seconds that the rest takes at the pace so far; None while there is none to judge by."""
    if done <= 0 or seconds <= 0:
        return None
    return left * seconds / done
