"""The application as a program uses it: every use case is a method, and is imported when it is called."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from launcher.app.context import Context, Subscriber, nobody

if TYPE_CHECKING:
    from launcher.app.check import CheckReport
    from launcher.app.diagnose import Diagnoses
    from launcher.app.housekeeping import PrunePlan, WrittenBackup
    from launcher.app.query import ListedRun, Status, WrittenReport, WrittenResults
    from launcher.app.requests import RetryRequest, RunRequest
    from launcher.app.retries import RetryPlan
    from launcher.app.runs import RunPlan
    from launcher.app.templates import TemplateList
    from launcher.app.workflows import StopPlan, StopResult, WatchRequest
    from launcher.core.model import State
    from launcher.core.summary import Summary
    from launcher.core.workflows import Watched, Way
    from launcher.engine.cancel import CancelToken
    from launcher.errors import PortalError
    from launcher.ledger import RecordedRow


class Launcher(Context):
    """Starts workflows on rows: never twice, never lost, and the truth about every row.

    Several may be open in one loop and one process. Every method raises a child of LauncherError where a person
    has to act; see `launcher.errors`.
    """

    # Runs

    async def run(self, request: RunRequest, cancel: CancelToken | None = None) -> Summary:
        """Start a workflow on every row of a file, or of Python rows; return what the run came to.

        A task that is cancelled leaves the run interrupted: `resume` continues it.
        """
        from launcher.app.runs import run

        return await run(self, request, cancel)

    async def plan(self, request: RunRequest) -> RunPlan:
        """Return what `run` would do; nothing is sent and nothing is written."""
        from launcher.app.runs import plan

        return await plan(self, request)

    async def check(self, request: RunRequest) -> CheckReport:
        """Return all that is wrong with the file, the job and the portal; start nothing."""
        from launcher.app.check import check

        return await check(self, request)

    async def resume(
        self, run: str | None = None, *, wait: bool = False, cancel: CancelToken | None = None
    ) -> Summary:
        """Continue a run that was interrupted or stopped, the last one by default."""
        from launcher.app.runs import resume

        return await resume(self, run, wait=wait, cancel=cancel)

    async def plan_retry(self, request: RetryRequest) -> RetryPlan:
        """Return what `retry` would send, and whether a person has to confirm it; send nothing."""
        from launcher.app.retries import plan_retry

        return await plan_retry(self, request)

    async def retry(self, plan: RetryPlan, cancel: CancelToken | None = None) -> Summary:
        """Send what the plan says. Raises ConfirmationError if the ledger has changed since."""
        from launcher.app.retries import retry

        return await retry(self, plan, cancel)

    async def reconcile(self, run: str | None = None, cancel: CancelToken | None = None) -> Summary:
        """Ask the portal about the unknown rows of a run, the last one by default."""
        from launcher.app.runs import reconcile

        return await reconcile(self, run, cancel)

    # The workflows of a run

    async def plan_stop(self, run: str, way: Way | None = None) -> StopPlan:
        """Return which workflows of the run still run; stop none."""
        from launcher.app.workflows import plan_stop
        from launcher.core.workflows import Way

        return await plan_stop(self, run, way or Way.TERMINATE)

    async def stop_workflows(self, plan: StopPlan, cancel: CancelToken | None = None) -> StopResult:
        """Stop the workflows of the plan, and no others."""
        from launcher.app.workflows import stop_workflows

        return await stop_workflows(self, plan, cancel)

    def watch(self, request: WatchRequest) -> AsyncIterator[Watched | PortalError]:
        """Give how many workflows of a run still run, at each look, until none does or the time is over."""
        from launcher.app.workflows import watch

        return watch(self, request)

    # What the ledger knows

    async def runs(self, limit: int = 20) -> list[ListedRun]:
        """Return the newest runs, the newest first."""
        from launcher.app.query import runs

        return await runs(self, limit)

    async def status(self, run: str | None = None) -> Status:
        """Return how a run stands, the last one by default."""
        from launcher.app.query import status

        return await status(self, run)

    def rows(self, run: str | None = None, *, only: Sequence[State] = ()) -> AsyncIterator[RecordedRow]:
        """Give the rows of a run with what became of each, in the file's order."""
        from launcher.app.query import rows

        return rows(self, run, only=only)

    async def write_results(
        self, run: str | None = None, to: Path | None = None, *, only: Sequence[State] = ()
    ) -> WrittenResults:
        """Write the rows of a run to a .csv or .xlsx file, its own results file by default."""
        from launcher.app.query import write_results

        return await write_results(self, run, to, only=only)

    async def write_report(self, run: str | None = None, to: Path | None = None) -> WrittenReport:
        """Write a run as one web page, beside its results by default."""
        from launcher.app.query import write_report

        return await write_report(self, run, to)

    # The portal, and keeping house

    async def templates(self, *, portal: str | None = None, kind: str | None = None) -> TemplateList:
        """Return the portal's workflow templates with their parameters."""
        from launcher.app.templates import templates

        return await templates(self, portal, kind)

    async def diagnose(self) -> Diagnoses:
        """Return what is wrong with configuration, secrets, ledger, disk, portals and runs."""
        from launcher.app.diagnose import diagnose

        return await diagnose(self.settings.path, self.named_ledger)

    async def backup(self, to: Path, *, force: bool = False) -> WrittenBackup:
        """Copy the ledger, also while a run writes it."""
        from launcher.app.housekeeping import backup

        return await backup(self, to, force=force)

    async def plan_prune(self, older_than_s: float) -> PrunePlan:
        """Return what of old runs is not needed any more; change nothing."""
        from launcher.app.housekeeping import plan_prune

        return await plan_prune(self, older_than_s)

    async def prune(self, plan: PrunePlan, *, vacuum: bool = False) -> PrunePlan:
        """Drop what the plan says, and return what was dropped."""
        from launcher.app.housekeeping import prune

        return await prune(self, plan, vacuum=vacuum)


async def run(
    request: RunRequest,
    *,
    config: Path | None = None,
    ledger: str = "",
    on_event: Subscriber = nobody,
    cancel: CancelToken | None = None,
) -> Summary:
    """Start a workflow on every row, as `Launcher.run` does, with a launcher that is opened for it."""
    async with Launcher.open(config, ledger=ledger, on_event=on_event) as launcher:
        return await launcher.run(request, cancel)


def run_sync(
    request: RunRequest, *, config: Path | None = None, ledger: str = "", on_event: Subscriber = nobody
) -> Summary:
    """Do the same and wait for its end; for a notebook, or a task of an orchestrator.

    Runs in a thread with a loop of its own, so that it may be called where a loop is running already. An
    interrupt (Ctrl-C) stops the run in good order before it is raised.
    """
    ended: Future[Summary] = Future()
    tokens: Future[tuple[asyncio.AbstractEventLoop, CancelToken]] = Future()

    async def work() -> Summary:
        from launcher.engine.cancel import CancelToken

        cancel = CancelToken()
        tokens.set_result((asyncio.get_running_loop(), cancel))
        return await run(request, config=config, ledger=ledger, on_event=on_event, cancel=cancel)

    def thread() -> None:
        try:
            ended.set_result(asyncio.run(work()))
        except BaseException as error:  # noqa: BLE001  raised again where it is waited for
            ended.set_exception(error)

    threading.Thread(target=thread, name="launcher").start()
    try:
        return ended.result()
    except KeyboardInterrupt:
        loop, cancel = tokens.result()
        with suppress(RuntimeError):  # it has just ended by itself
            loop.call_soon_threadsafe(cancel.cancel, "a signal asked for it")
        ended.exception()
        raise
