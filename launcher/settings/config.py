"""config.yaml as types. A key that is not here is an error."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from launcher.core.filters import Condition
from launcher.core.guard import StopAfter
from launcher.core.pacing import BATCH_S, PLANS, WINDOW_S, Limits, Pacing
from launcher.core.parameters import DateFormat, Reading
from launcher.core.patterns import Pattern
from launcher.core.periods import period_s
from launcher.core.plan import SKIP, START, Duplicates, StartedBefore
from launcher.core.windows import Window
from launcher.core.words import nearest


class Strict(BaseModel):
    """No unknown keys, no change after reading, and no value (it may be a secret) in an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


Period = Annotated[float, BeforeValidator(lambda text: period_s(text) if isinstance(text, str) else text)]
"""Seconds, written as `30m` or `7d`."""


def _share(written: object) -> object:
    """A part of the whole, written as `50%`."""
    if not isinstance(written, str):
        return written
    number, percent, rest = written.strip().partition("%")
    if not percent or rest.strip():
        raise ValueError("a share such as 50% is expected")
    return float(number) / 100 if number.strip().isdigit() else number


Share = Annotated[float, BeforeValidator(_share)]
"""A part of the whole, written as `50%`."""


class LimitsConfig(Strict):
    """What the portal allows, where it differs from the plan's figures."""

    burst: int | None = Field(None, ge=0, le=100_000)
    per_second: int | None = Field(None, ge=0, le=10_000)
    operating_seconds: float | None = Field(None, ge=0)
    operating_window: Period = Field(WINDOW_S, gt=0)
    """How long an execution second counts."""


def _time_zone(name: str) -> str:
    try:
        return ZoneInfo(name).key if name else ""
    except (ValueError, KeyError, OSError):
        near = nearest(name, available_timezones())
        raise ValueError(
            f'there is no time zone "{name}"{near}; Europe/Berlin or the like is expected'
        ) from None


def _window(text: str) -> str:
    return str(Window.parse(text)) if text else ""


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
    time_zone: Annotated[str, AfterValidator(_time_zone)] = ""
    """The portal's, where its clock is changed for summer: `Europe/Berlin`."""
    concurrency: int = Field(4, ge=1, le=50)
    """Requests in the air at once, at most."""
    batch_seconds: float = Field(BATCH_S, gt=0, le=60)
    """What a batch is predicted to take, at most."""
    share: Share = Field(1.0, ge=0.01, le=1)
    """The part of the portal's request rate that the launcher uses."""
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
        plan, own = PLANS[self.plan], self.limits
        return Limits(
            burst=plan.burst if own.burst is None else own.burst,
            per_second=plan.per_second if own.per_second is None else own.per_second,
            operating_seconds=(
                plan.operating_seconds if own.operating_seconds is None else own.operating_seconds
            ),
            window_s=own.operating_window,
        )


class ParameterConfig(Strict):
    """Where a parameter of the template takes its value from, and how it is written there."""

    column: str | None = None
    value: str | None = None
    format: str | None = None
    """A text with headings in it: `Lead {ID}: {Title}`."""
    date_format: str = ""
    """Of the column's dates: `DD.MM.YYYY`."""
    decimal: Literal["", ",", "."] = ""
    """The mark before the fraction of the column's numbers."""
    split: str = Field(";", min_length=1)
    """What parts several values in one cell."""
    default: str = ""
    """Stands in for a blank cell."""

    @model_validator(mode="after")
    def _one_source(self) -> ParameterConfig:
        if sum(said is not None for said in (self.column, self.value, self.format)) != 1:
            raise ValueError("one of column:, value: and format: is expected")
        if self.format is not None:
            Pattern.parse(self.format)
        if self.date_format:
            DateFormat.parse(self.date_format)
        return self

    def reading(self) -> Reading:
        """How the cells are written, as core understands it."""
        return Reading(
            date_format=self.date_format, decimal=self.decimal, split=self.split, default=self.default
        )


class AfterConfig(Strict):
    """`started_before: {after: 7d}`."""

    after: Period


class AfterRunConfig(Strict):
    """`after: {move_to: done/}`: what becomes of a file that a night has done with."""

    move_to: str = Field(min_length=1)
    """A folder, beside the configuration file."""


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

    document: str = ""
    """Empty: the one column with a usual heading, such as ID."""
    template: str = ""
    """The row's own template, where not all have the same."""
    kind: str = ""
    """The row's own kind, where not all have the same."""


def _as_list(value: object) -> object:
    return value if isinstance(value, list | tuple) else [value]


_Values = Annotated[tuple[str, ...], BeforeValidator(_as_list)]
"""One text or a list of them."""


class ConditionConfig(Strict):
    """`where: {column: Stage, in: [New, "In work"]}`, or `not_in:`."""

    column: str
    taken: _Values | None = Field(None, alias="in", min_length=1)
    left_out: _Values | None = Field(None, alias="not_in", min_length=1)

    @model_validator(mode="after")
    def _one_list(self) -> ConditionConfig:
        if (self.taken is None) == (self.left_out is None):
            raise ValueError("either in: or not_in: is expected, a list of values, and not both")
        return self

    def condition(self) -> Condition:
        """The same as core understands it."""
        return Condition(self.column, self.taken or self.left_out or (), self.left_out is not None)


class JobConfig(Strict):
    """Which template, which kind, which columns."""

    template: str = ""
    """ID, or the template's exact name."""
    kind: str = ""
    portal: str | None = None
    """Which of `portals:` it runs on."""
    columns: ColumnsConfig = ColumnsConfig()
    parameters: dict[str, ParameterConfig] = {}
    where: Annotated[tuple[ConditionConfig, ...], BeforeValidator(_as_list)] = ()
    """A row is for this job when it meets all of these."""
    started_before: Literal["skip", "start"] | AfterConfig = "skip"
    duplicates: Duplicates = Duplicates.SKIP
    stop_after: StopAfterConfig | None = None
    file: str = ""
    """A path or a pattern, from the configuration's folder, or an https:// address."""
    choose: Literal["newest", "all"] = "newest"
    """Which of the files that a pattern means."""
    after: AfterRunConfig | None = None
    require_file: bool = False
    """A night without a new file ends with exit code 2."""
    timezone: Annotated[str, AfterValidator(_time_zone)] = ""
    """Of the window; without it, the machine's."""
    window: Annotated[str, AfterValidator(_window)] = ""
    """`22:00-06:00`: when a night may send."""
    max_duration: Period | None = Field(None, gt=0)
    """How long one night may send."""

    @model_validator(mode="after")
    def _says_what_to_start(self) -> JobConfig:
        for key, said, column in (
            ("template", self.template, self.columns.template),
            ("kind", self.kind, self.columns.kind),
        ):
            if not said.strip() and not column:
                raise ValueError(f"{key}: is missing, or columns: {{{key}: …}} where each row says its own")
        return self

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
    metrics_file: Path | None = None
    """Where figures for Prometheus go after each run; relative to the configuration file."""

    @model_validator(mode="after")
    def _portal_or_portals(self) -> Config:
        if self.portal is not None and self.portals:
            raise ValueError("either portal: or portals: is expected, and not both")
        return self
