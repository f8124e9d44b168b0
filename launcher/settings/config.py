"""config.yaml as types. A key that is not here is an error."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from launcher.core.guard import StopAfter
from launcher.core.pacing import PLANS, Limits
from launcher.core.periods import period_s
from launcher.core.plan import SKIP, START, Duplicates, StartedBefore


class Strict(BaseModel):
    """No unknown keys, no change after reading, and no value (it may be a secret) in an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


Period = Annotated[float, BeforeValidator(lambda text: period_s(text) if isinstance(text, str) else text)]
"""Seconds, written as `30m` or `7d`."""


class LimitsConfig(Strict):
    """What the portal allows, where it differs from the plan's figures."""

    burst: int | None = Field(None, ge=0, le=100_000)
    per_second: int | None = Field(None, ge=0, le=10_000)
    operating_seconds: float | None = Field(None, ge=0)


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
    concurrency: int = Field(4, ge=1, le=50)
    """Requests in the air at once."""
    give_up_after: Period = 1800.0
    """The run stops when no request got through for so long; rows deferred for so long are given up."""

    @model_validator(mode="after")
    def _one_way_in(self) -> PortalConfig:
        given = [
            bool(self.webhook_url.get_secret_value()),
            self.webhook_file is not None,
            self.oauth is not None,
        ]
        if sum(given) > 1:
            raise ValueError("one of webhook_url:, webhook_file: and oauth: is expected, and not more")
        return self

    def effective_limits(self) -> Limits:
        """The plan's limits, with those that the person set."""
        plan, own = PLANS[self.plan], self.limits
        return Limits(
            burst=plan.burst if own.burst is None else own.burst,
            per_second=plan.per_second if own.per_second is None else own.per_second,
            operating_seconds=(
                plan.operating_seconds if own.operating_seconds is None else own.operating_seconds
            ),
        )


class ParameterConfig(Strict):
    """Where a parameter of the template takes its value from."""

    column: str | None = None
    value: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> ParameterConfig:
        if (self.column is None) == (self.value is None):
            raise ValueError("either column: or value: is expected, and not both")
        return self


class AfterConfig(Strict):
    """`started_before: {after: 7d}`."""

    after: Period


class StopAfterConfig(Strict):
    """When so many rows failed, something is wrong with all of them."""

    failures: str
    """A number of rows, or a share such as 20%."""
    of_first: int = Field(200, ge=1)
    """A share is counted of the first so many rows."""

    @model_validator(mode="after")
    def _number_or_share(self) -> StopAfterConfig:
        self.limit()
        return self

    def limit(self) -> StopAfter:
        """The same as core understands it."""
        number, percent, rest = self.failures.strip().partition("%")
        if not number.strip().isdigit() or rest.strip() or int(number) == 0 or (percent and int(number) > 99):
            raise ValueError("failures: a number of rows, or a share such as 20%, is expected")
        if percent:
            return StopAfter(share=int(number) / 100, of_first=self.of_first)
        return StopAfter(failures=int(number))


class ColumnsConfig(Strict):
    """Which column is what."""

    document: str = "ID"


class JobConfig(Strict):
    """Which template, which kind, which columns."""

    template: str = Field(min_length=1)
    """ID, or the template's exact name."""
    kind: str
    portal: str | None = None
    """Which of `portals:` it runs on."""
    columns: ColumnsConfig = ColumnsConfig()
    parameters: dict[str, ParameterConfig] = {}
    started_before: Literal["skip", "start"] | AfterConfig = "skip"
    duplicates: Duplicates = Duplicates.SKIP
    stop_after: StopAfterConfig | None = None

    def started_before_rule(self) -> StartedBefore:
        """The same as core understands it."""
        if isinstance(self.started_before, AfterConfig):
            return StartedBefore(self.started_before.after)
        return SKIP if self.started_before == "skip" else START


class Config(Strict):
    """The whole file."""

    portal: PortalConfig | None = None
    portals: dict[str, PortalConfig] = {}
    jobs: dict[str, JobConfig] = {}
    ledger: SecretStr = SecretStr("")
    """Path or URL; a URL of PostgreSQL may hold a password."""

    @model_validator(mode="after")
    def _portal_or_portals(self) -> Config:
        if self.portal is not None and self.portals:
            raise ValueError("either portal: or portals: is expected, and not both")
        return self
