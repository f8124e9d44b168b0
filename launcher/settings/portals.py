"""`portal:` and `portals:`: how a portal is called, and what it allows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, model_validator

from launcher.core.pacing.limits import BATCH_S, PLANS, WINDOW_S, Limits, Pacing
from launcher.settings.columns import Period, Share, Strict, TimeZone


class LimitsConfig(Strict):
    """What the portal allows, where it differs from the plan's figures."""

    burst: int | None = Field(None, ge=0, le=100_000)
    per_second: int | None = Field(None, ge=0, le=10_000)
    operating_seconds: float | None = Field(None, ge=0)
    operating_window: Period = Field(WINDOW_S, gt=0)
    """How long an execution second counts."""


class OAuthConfig(Strict):
    """A local application, with which `launcher login --oauth` signs in."""

    address: str = ""
    """The portal's, `https://company.bitrix24.com`; without it, where the sign-in was."""
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    """Without these two, the environment's, else those of the sign-in."""
    tokens_file: Path | None = None
    token_server: str = ""
    """Bitrix24's own; any other is refused, but for one on this machine."""


class PortalConfig(Strict):
    """One portal and how it is called."""

    webhook_url: SecretStr = SecretStr("")
    webhook_file: Path | None = None
    """A file with the webhook's URL in it, which only its owner may read."""
    oauth: OAuthConfig | None = None
    allow_http: bool = False
    """Call a portal without TLS, over a network where anybody may read the secret."""
    ca_file: Path | None = None
    """Certificates to trust besides the system's, for a portal of one's own."""
    may_move_to: frozenset[str] = frozenset()
    """Hosts that the portal may redirect to."""
    plan: Literal["standard", "enterprise", "self-hosted"] = "standard"
    limits: LimitsConfig = LimitsConfig()
    time_zone: TimeZone = ""
    """The portal's, where its clock is changed for summer: `Europe/Berlin`."""
    concurrency: int = Field(4, ge=1, le=50)
    """Requests in flight at once, at most."""
    batch_seconds: float = Field(BATCH_S, gt=0, le=60)
    """What a batch is predicted to take, at most."""
    share: Share = Field(1.0, ge=0.01, le=1)
    """The part of the portal's request rate that the launcher uses."""
    give_up_after: Period = 1800.0
    """The run stops when no request got through for so long; rows deferred for so long are given up."""

    @model_validator(mode="after")
    def _one_credential(self) -> PortalConfig:
        if sum((bool(self.webhook_url), self.webhook_file is not None, self.oauth is not None)) > 1:
            raise ValueError("one of webhook_url:, webhook_file: and oauth: is expected, and not more")
        return self

    def pacing(self) -> Pacing:
        """How fast and how much at once, as core understands it."""
        return Pacing(
            limits=self.effective_limits(),
            concurrency=self.concurrency,
            batch_s=self.batch_seconds,
            share=self.share,
        )

    def effective_limits(self) -> Limits:
        """The plan's limits, with those that the person set."""
        own = self.limits.model_dump(exclude={"operating_window"}, exclude_none=True)
        return replace(PLANS[self.plan], **own, window_s=self.limits.operating_window)
