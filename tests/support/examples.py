"""How many examples a random test tries: few and always the same while one types, all in CI, many by hand.

`EXAMPLES=20 pytest tests/core` tries twenty times as many as CI does, new ones each time.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

_BY_HAND = os.environ.get("EXAMPLES")
_SHARE = float(_BY_HAND) if _BY_HAND else 1.0 if os.environ.get("CI") == "true" else 0.1
_FEWEST = 10


def examples(in_ci: int) -> int:
    """How many to try where CI tries so many."""
    return max(_FEWEST, round(in_ci * _SHARE))


def load_profile() -> None:
    """None fails for being slow: the machine may be busy. Unless by hand, they fail always or never."""
    settings.register_profile(
        "launcher",
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        derandomize=not _BY_HAND,
        max_examples=examples(100),
        database=None,
    )
    settings.load_profile("launcher")
