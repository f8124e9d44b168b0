"""The JSON documents of results: what `--json` prints and `to_dict()` returns. Keys are only ever added.

Those of `launcher.core` stand beside its classes. docs/json has a JSON Schema of each, made from these types.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from launcher.core.findings import FindingDocument
from launcher.core.summary import RunDocument
from launcher.core.workflows import WorkflowDocument


class ForecastDocument(TypedDict):
    """How long a run would take."""

    seconds: float
    requests: int
    """HTTP requests to the portal."""
    binds: Literal["answers", "trouble", "rate limit", "operating time limit"] | None
    """What sets the pace; null if nothing does. `answers`: the number of requests in flight."""


class CheckDocument(TypedDict):
    """What is wrong with a file, its job and its portal."""

    file: str
    job: str
    """The job's name in the configuration; empty for a run without a job."""
    portal: str
    template_id: int | None
    """Null if it is not known, or if each row names its own."""
    rows: int
    """All rows of the file; 0 if it cannot be read."""
    would_start: int
    """Rows that a run would start."""
    findings: list[FindingDocument]
    """The gravest first."""
    forecast: ForecastDocument | None
    """Null if there is nothing to start."""
    exit_code: int


class DryRunDocument(RunDocument):
    """What `run --dry-run` would do: `pending` rows are those that a run would start."""

    dry_run: Literal[True]


class ListedRunDocument(RunDocument):
    """One run in the list of `runs`."""

    created_at: str
    """ISO 8601 in seconds, with the offset of this machine's time zone."""


class UnsentDocument(TypedDict):
    """A notification of the last 24 hours that was not delivered."""

    to: str
    """The notification channel, without its secrets."""
    subject: str
    tries: int
    error: str
    """Why the last try failed; empty before the first."""


class StoppedWorkflowsDocument(TypedDict):
    """What became of the workflows that `stop` was to stop."""

    asked: int
    """The portal was asked, and no response was received."""
    ended: int
    """The portal stopped them."""
    gone: int
    """They no longer ran."""
    refused: int
    """They still run."""


class StatusAdditions(TypedDict):
    """What only `status` knows of a run."""

    stopped_workflows: NotRequired[StoppedWorkflowsDocument]
    """Missing if `stop` was never called for the run."""
    messages_not_sent: NotRequired[list[UnsentDocument]]
    """About any run; missing if there are none."""


class StatusDocument(RunDocument, StatusAdditions):
    """One run as `status` gives it."""


class ResultsDocument(TypedDict):
    """Where `results` has written a run's results."""

    run_id: str
    results: str
    """Absolute path."""


class ReportDocument(TypedDict):
    """Where `report` has written a run's web page."""

    run_id: str
    report: str
    """Absolute path."""


class StopErrorDocument(WorkflowDocument):
    """A workflow that still runs."""

    error: str
    """Why the portal did not stop it."""


class StopDocument(TypedDict):
    """What became of the workflows that still ran when `stop` was called."""

    run_id: str
    portal: str
    way: Literal["terminate", "kill"]
    """`kill` deletes the portal's records of them too."""
    running: int
    """Workflows that ran when the portal was asked."""
    ended: int
    """Stopped by the portal."""
    gone: int
    """Those that no longer ran when they were to be stopped."""
    refused: int
    """Those that still run."""
    errors: list[StopErrorDocument]
    """One for each of them."""
    exit_code: int


class WatchDocument(TypedDict):
    """A run's workflows as they were seen last."""

    run_id: str
    portal: str
    started: int
    """Workflows that the run has started."""
    running: int | None
    """Those that still run; null if the portal did not answer in time."""
    stuck: int
    """Running workflows that have hung for more than five minutes."""
    stuck_workflows: list[WorkflowDocument]
    seconds: float
    """How long `watch` watched."""
    exit_code: int


class ParameterDocument(TypedDict):
    """A parameter of a workflow template."""

    name: str
    """As `parameters:` in the configuration names it."""
    type: str
    """In small letters: `string`, `user`, `uf:crm`."""
    title: str
    """As the portal's forms show it."""
    required: bool
    multiple: bool
    default: str | list[str]
    options: dict[str, str] | None
    """Of a `select`, title by key; of a CRM binding, Y or N by document type; null if there are none."""


class TemplateDocument(TypedDict):
    """A workflow template of the portal."""

    id: int
    name: str
    module: str
    """With `entity` and `document_type`: the portal's own name of the documents that it runs on."""
    entity: str
    document_type: str
    auto_execute: int
    """When the portal starts it automatically: 0 never, 1 on adding, 2 on changing a document, 3 on both."""
    parameters: list[ParameterDocument]
    kind: str | None
    """What `--kind` takes: `lead`, `dynamic:147`; null for a kind that the launcher does not know."""
    kind_name: str | None
    """The smart process's name, else the same as `kind`."""


class DiagnosisDocument(TypedDict):
    """One thing that `doctor` looked at."""

    check: str
    level: Literal["ok", "warning", "trouble"]
    """`trouble`: runs do not work, or a secret is exposed."""
    found: str
    mend: str
    """What to do; empty if all is well."""


class DoctorDocument(TypedDict):
    """All that `doctor` has found."""

    diagnoses: list[DiagnosisDocument]
    exit_code: int
    """1 if any of them is `trouble`."""


class BackupDocument(TypedDict):
    """A copy of the ledger."""

    backup: str
    """Absolute path."""
    bytes: int


class PrunedRunDocument(TypedDict):
    """A run that was pruned, or would be."""

    run_id: str
    dropped: int
    """Rows removed entirely."""
    emptied: int
    """Rows of which only the protection against a second start is kept."""
    kept: int
    """Rows kept whole."""


class LeftRunDocument(TypedDict):
    """An old run that is not pruned."""

    run_id: str
    rows: int
    because: str


class PruneDocument(TypedDict):
    """What `prune` has removed from the ledger, or would remove."""

    pruned: list[PrunedRunDocument]
    left: list[LeftRunDocument]
    nights: int
    """Scheduled runs of a job removed."""
    messages: int
    """Notifications removed."""
    dry_run: bool
    """Whether nothing was changed."""


class LoginDocument(TypedDict):
    """Who signed in to which portal."""

    portal: str
    user_id: str
    name: str
    administrator: bool
    """Only administrators of the portal may start workflows."""
    kept_in: str
    """Where the webhook or the tokens are stored: `the system keyring`, or the path of the tokens file."""


class LogoutDocument(TypedDict):
    """What `logout` has removed."""

    removed: list[str]
    """Texts for people; empty if nothing was stored."""
