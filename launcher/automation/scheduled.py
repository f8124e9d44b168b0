"""A job that knows its file, and what carries out the steps of its scheduled runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from launcher.app.context import Context
from launcher.app.files import have_same_results, named_by_job
from launcher.app.inputs import Input, load_input
from launcher.app.requests import RunRequest
from launcher.app.runs import reconcile, resume, run
from launcher.core.summary import Exit, Summary, exit_code_of
from launcher.engine.cancel import CancelToken
from launcher.errors import LauncherError, PortalError
from launcher.ledger import RunRecord
from launcher.settings import JobConfig
from launcher.sheets import WebAddress


@dataclass(frozen=True, slots=True)
class ScheduledJob:
    """A job that knows its file."""

    name: str
    config: JobConfig
    folder: Path
    """Of the configuration file."""
    portal: str


def shared_by(jobs: Mapping[str, JobConfig], job: ScheduledJob, origin: str) -> list[str]:
    """Return the other jobs whose results would go where those of this file go."""
    return [
        name
        for name, other in jobs.items()
        if name != job.name and other.file and have_same_results(other.file, job.folder, origin)
    ]


def exit_code_of_step(error: LauncherError) -> Exit:
    """Return the exit code of a job that such an error ends.

    A portal that does not answer stops a job as one that refuses does: nobody is there to try again.
    """
    return Exit.STOPPED if isinstance(error, PortalError) else exit_code_of(error)


@dataclass(frozen=True, slots=True)
class JobRunner:
    """Carries out the steps of one job, on a launcher that is its portal's own.

    Each step raises a child of LauncherError if it cannot be carried out.
    """

    launcher: Context
    job: ScheduledJob

    async def load(self, file: Path | WebAddress) -> Input:
        """Return the file as it stands now."""
        given = await load_input(file, self.job.folder)
        if shared_by(self.launcher.settings.config.jobs, self.job, given.origin):
            # With the file's name alone, the results of the one job would overwrite those of the other.
            given = replace(given, beside=named_by_job(given.beside, self.job.name))
        return given

    async def begin(self, given: Input, cancel: CancelToken) -> Summary:
        """Take that input through a new run."""
        return await run(self.launcher, RunRequest(file=given, job=self.job.name, scheduled=True), cancel)

    async def resume(self, record: RunRecord, cancel: CancelToken) -> Summary:
        """Take that run to its end, or to where it stops."""
        return await resume(self.launcher, record.name, cancel=cancel)

    async def reconcile(self, record: RunRecord, cancel: CancelToken) -> Summary:
        """Ask the portal about the run's unknown rows."""
        return await reconcile(self.launcher, record.name, cancel=cancel)

    def tell(self, text: str) -> None:
        """Show the text at once to a person who may be there."""
        self.launcher.tell(f"{self.job.name}: {text}")
