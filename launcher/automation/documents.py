"""The JSON documents of automation: what `--json` prints and `to_dict()` returns. Keys are only ever added.

docs/json has a JSON Schema of each, made from these types. Times are ISO 8601 with an offset from UTC.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from launcher.app.documents import UnsentDocument
from launcher.core.nights import JobResultDocument


class NightDocument(TypedDict):
    """What a scheduled run came to, as `nightly` gives it."""

    jobs: list[JobResultDocument]
    """In the order of the configuration."""
    exit_code: int
    """That of the job that needs a person most: 3, 6, 2, 5, 4, 1, 0."""
    messages_not_sent: NotRequired[list[UnsentDocument]]
    """Missing if there are none."""


class RecipientDocument(TypedDict):
    """A notification channel, or the ping of a job."""

    to: str
    """The channel without its secrets, or `ping of JOB`."""
    sent: bool
    """Whether a test message was delivered; always false without `--test`."""
    error: str
    """Why it was not delivered; else empty."""


class NotifyDocument(TypedDict):
    """Who is notified of jobs."""

    channels: list[RecipientDocument]
    exit_code: int


class ScheduleFilesDocument(TypedDict):
    """What `schedule install` would write."""

    scheduler: str
    """`systemd`, `cron` or `windows`."""
    files: dict[str, str]
    """Text by path, or by name if it has no path yet; `crontab` for the lines of cron."""


class ScheduleChangesDocument(TypedDict):
    """What `schedule install` or `schedule remove` has changed.

    Entries are names of units or files, or lines of a crontab.
    """

    scheduler: str
    """`systemd`, `cron` or `windows`."""
    written: list[str]
    removed: list[str]
    unchanged: list[str]
    notes: list[str]
    """What remains to be done, for people."""


class LastNightDocument(TypedDict):
    """The last scheduled run of a job. One that could not begin has no times."""

    due: NotRequired[str | None]
    """Null if it was not started by a schedule."""
    begun: NotRequired[str]
    ended: NotRequired[str]
    outcome: str
    """As in the document of `nightly`."""
    exit_code: int | None


class JobHealthDocument(TypedDict):
    """A job as the daemon sees it."""

    portal: str
    schedule: str
    """As cron writes it."""
    next_due: str
    going_since: str | None
    """Since when the job has been running; null if it is not."""
    waits: str | None
    """What a job that is due waits for; null if nothing."""
    last_night: LastNightDocument | None
    """Null before the first one."""
    missed: list[str]
    """Due times that had no run and will have none; at most the 20 newest."""


class HealthDocument(TypedDict):
    """How a daemon is, as it answers at /healthz."""

    status: Literal["ok", "trouble"]
    troubles: list[str]
    """What is wrong, for people; empty if all is well."""
    version: str
    """The launcher's."""
    began_at: str
    jobs: dict[str, JobHealthDocument]
    """By name; those with a schedule."""


class DaemonDocument(HealthDocument):
    """How a daemon was at its end."""

    exit_code: int


class DaemonHealthDocument(TypedDict):
    """How a daemon is, as `daemon --health` passes it on. A daemon of a later version may say more."""

    status: Literal["ok", "trouble"]
    troubles: list[str]
    """What is wrong, for people; also that no daemon answers."""
    version: NotRequired[str]
    """Missing if no daemon answers."""
    began_at: NotRequired[str]
    """Missing if no daemon answers."""
    jobs: dict[str, JobHealthDocument]
    exit_code: int
    """1 if something is wrong."""
