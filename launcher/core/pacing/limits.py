"""What a portal allows, and what a person lets the launcher use of it."""

from __future__ import annotations

from dataclasses import dataclass

WINDOW_S = 600.0
"""The operating time is summed over ten baskets of a minute. Source: official REST documentation, "Limits"."""

BATCH_S = 10.0
"""What a batch may take, where the person does not say. Bitrix24's cloud cuts a request after 60 s, so a
start may become six times as slow from one batch to the next before one is cut."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the portal allows. Source: official REST documentation, "Limits"."""

    burst: int
    """Requests at once before the portal answers QUERY_LIMIT_EXCEEDED; 0: no rate limit."""
    per_second: int
    """Requests that the portal's bucket forgets each second, in one step a second."""
    operating_seconds: float
    """Execution seconds of one method in the window; 0: no limit is known."""
    window_s: float = WINDOW_S
    """How long an execution second counts."""

    @property
    def has_rate(self) -> bool:
        return self.burst > 0 and self.per_second > 0


PLANS = {
    "standard": Limits(burst=50, per_second=2, operating_seconds=480),
    "enterprise": Limits(burst=250, per_second=5, operating_seconds=480),
    "self-hosted": Limits(burst=0, per_second=0, operating_seconds=0),
}
"""By the name that people write in config.yaml. Source: the same page; 480 s is the known cloud figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pacing:
    """The portal's limits, and what of them the person lets the launcher use."""

    limits: Limits
    concurrency: int = 4
    """Requests in the air at once, at most."""
    batch_s: float = BATCH_S
    """Seconds that a batch is predicted to take, at most."""
    share: float = 1.0
    """The part of the portal's bucket that is ours; the rest is left to other programs on this address."""
