"""config.yaml as types. A key that is not here is an error."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from launcher.core.guard import NEVER, StopAfter
from launcher.core.job import JobSpec
from launcher.core.plan import SKIP, START, Duplicates, StartedBefore
from launcher.core.schedules import Schedule, Window
from launcher.core.sources import Source
from launcher.core.values import Types
from launcher.core.words import period_s
from launcher.settings.columns import (
    ColumnsConfig,
    ConditionConfig,
    ParameterConfig,
    Period,
    Strict,
    TimeZone,
    as_list,
)
from launcher.settings.notify import NotifyConfig
from launcher.settings.portals import PortalConfig

CATCH_UP_S = 6 * 3600.0
FILE_SETTLED_AFTER_S = 60.0
"""A program that writes a file seldom pauses for so long."""


class AfterConfig(Strict):
    """`started_before: {after: 7d}`."""

    after: Period


def _started_before(written: object) -> object:
    """The word or the period. Not left to the union, which tells a mistake once for each of its parts."""
    match written:
        case "skip" | "start" | AfterConfig():
            return written
        case {"after": after, **rest} if not rest:
            return AfterConfig(after=period_s(after) if isinstance(after, str) else after)
    raise ValueError("skip, start or {after: 7d} is expected")


StartedBeforeConfig = Annotated[Literal["skip", "start"] | AfterConfig, BeforeValidator(_started_before)]


class AfterRunConfig(Strict):
    """`after: {move_to: done/}`: what becomes of a file that a scheduled run has done with."""

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


class JobConfig(Strict):
    """Which template, which kind, which columns."""

    template: str = ""
    """ID, or the template's exact name."""
    kind: str = ""
    portal: str | None = None
    """Which of `portals:` it runs on."""
    columns: ColumnsConfig = ColumnsConfig()
    parameters: dict[str, ParameterConfig] = Field(default_factory=dict)
    where: Annotated[tuple[ConditionConfig, ...], BeforeValidator(as_list)] = ()
    """A row is for this job when it meets all of these."""
    started_before: StartedBeforeConfig = "skip"
    duplicates: Duplicates = Duplicates.SKIP
    stop_after: StopAfterConfig | None = None
    file: str = ""
    """A path or a pattern, from the configuration's folder, or an https:// address."""
    choose: Literal["newest", "all"] = "newest"
    """Which of the files that a pattern means."""
    file_settled_after: Period = Field(FILE_SETTLED_AFTER_S, ge=0)
    """A scheduled run takes no file that was changed within that time; 0: it takes every file."""
    after: AfterRunConfig | None = None
    require_file: bool = False
    """A scheduled run without a new file ends with exit code 2."""
    schedule: Annotated[str, AfterValidator(lambda text: str(Schedule.parse(text)) if text else "")] = ""
    """`0 2 * * *`: when the job is due, as cron writes it."""
    catch_up: Period = Field(CATCH_UP_S, ge=0)
    """So long after it was due, a scheduled run that was missed is made up for."""
    timezone: TimeZone = ""
    """Of schedule and window; without it, the machine's."""
    window: Annotated[str, AfterValidator(lambda text: str(Window.parse(text)) if text else "")] = ""
    """`22:00-06:00`: when a scheduled run may send."""
    max_duration: Period | None = Field(None, gt=0)
    """How long one scheduled run may send."""

    notify: NotifyConfig | None = None
    """Who is notified of this job's scheduled runs, instead of those of the whole configuration."""
    ping: SecretStr = SecretStr("")
    """An address that is called when a scheduled run begins and ends; a service notices if it is not."""

    @model_validator(mode="after")
    def _says_what_to_start(self) -> JobConfig:
        for key, value, column in (
            ("template", self.template, self.columns.template),
            ("kind", self.kind, self.columns.kind),
        ):
            if not value.strip() and not column:
                raise ValueError(f"{key}: is missing, or columns: {{{key}: …}} where each row says its own")
        return self

    def due(self) -> Schedule | None:
        """When it is due; None if the job has no schedule."""
        return Schedule.parse(self.schedule) if self.schedule else None

    def zone(self) -> ZoneInfo | None:
        """Whose clock schedule and window go by; None: the machine's."""
        return ZoneInfo(self.timezone) if self.timezone else None

    def spec(
        self, name: str, *, time_zone: str, parameters: Mapping[str, Source], limit: int | None = None
    ) -> JobSpec:
        """The same as core understands it, without the template's number where the template is named.

        `parameters` come before the job's own.
        """
        template = self.template.strip()
        return JobSpec(
            name=name,
            template_id=int(template) if template.isascii() and template.isdigit() and int(template) else None,
            kind=self.kind,
            document_column=self.columns.document,
            template_column=self.columns.template,
            kind_column=self.columns.kind,
            where=tuple(condition.condition() for condition in self.where),
            parameters={key: values.source() for key, values in self.parameters.items()} | dict(parameters),
            types=Types(
                readings={key: values.reading() for key, values in self.parameters.items()},
                time_zone=time_zone,
            ),
            started_before=self.started_before_rule(),
            duplicates=self.duplicates,
            stop_after=self.stop_after.limit() if self.stop_after else NEVER,
            limit=limit,
        )

    def started_before_rule(self) -> StartedBefore:
        """The same as core understands it."""
        if isinstance(self.started_before, AfterConfig):
            return StartedBefore(self.started_before.after)
        return SKIP if self.started_before == "skip" else START


class Config(Strict):
    """The whole file."""

    portal: PortalConfig | None = None
    portals: dict[str, PortalConfig] = Field(default_factory=dict)
    jobs: dict[str, JobConfig] = Field(default_factory=dict)
    ledger: SecretStr = SecretStr("")
    """Path or URL; a URL of PostgreSQL may hold a password."""
    notify: NotifyConfig | None = None
    """Who is notified of scheduled runs; a job's own `notify:` stands for it."""
    metrics_file: Path | None = None
    """Where figures for Prometheus go after each run; relative to the configuration file."""

    @model_validator(mode="after")
    def _portal_or_portals(self) -> Config:
        if self.portal is not None and self.portals:
            raise ValueError("either portal: or portals: is expected, and not both")
        return self

    @model_validator(mode="after")
    def _moves_no_file_of_another_job(self) -> Config:
        for name, job in self.jobs.items():
            others = [other for other, its in self.jobs.items() if its.file == job.file and other != name]
            if job.file and job.after is not None and others:
                raise ValueError(
                    f"jobs: {name}: after: would move the file away before the job {others[0]}, which has the "
                    f"same file:, has taken it; leave after: out, or give each job a file of its own"
                )
        return self
