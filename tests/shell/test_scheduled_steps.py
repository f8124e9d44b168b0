"""What a step of a scheduled run comes to that could not be carried out."""

from __future__ import annotations

from pathlib import Path

import pytest

from launcher.automation.scheduled import ScheduledJob, Steps
from launcher.core.nights import Outcome, Way
from launcher.core.summary import Ending, Exit, Summary
from launcher.engine.cancel import CancelToken
from launcher.errors import LauncherError, NothingToDoError, PortalError, RunStoppedError, StoppedError
from launcher.ledger import LedgerError, PortalInUseError
from launcher.redact import register
from launcher.settings import JobConfig
from launcher.sheets import SheetError

JOB = ScheduledJob(
    "leads", JobConfig.model_validate({"template": "1", "kind": "lead", "file": "leads.csv"}), Path(), "portal"
)


def steps() -> Steps:
    opened = Steps(JOB, CancelToken(), lambda: 1000.0)
    assert opened.open()
    return opened


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SheetError("leads.csv: no rows"), Exit.WRONG_USAGE),
        (LedgerError("no room"), Exit.WRONG_USAGE),
        (PortalInUseError("run r1 is going"), Exit.PORTAL_IN_USE),
        (RunStoppedError("no room"), Exit.STOPPED),
        (PortalError("no rights", refused=True), Exit.STOPPED),
        (PortalError("no answer"), Exit.STOPPED),
        (NothingToDoError("no file"), Exit.ALL_STARTED),
    ],
)
async def test_an_error_in_a_step_refuses_the_job_with_the_exit_code_of_its_class(
    error: LauncherError, code: Exit
) -> None:
    """But a portal that does not answer stops it: nobody is there to try again."""
    taken = steps()

    async def broken(_cancel: CancelToken) -> Summary:
        raise error

    assert await taken.take(Way.BEGUN, broken) is None
    result = taken.result()
    assert (result.outcome, result.exit_code, result.notes) == (Outcome.REFUSED, code, (str(error),))


async def test_a_note_about_an_error_holds_no_secret() -> None:
    register("a-secret-of-the-portal")
    taken = steps()
    taken.refuse(PortalError("refused: a-secret-of-the-portal"))
    assert "a-secret" not in taken.result().notes[0]


@pytest.mark.parametrize(
    ("ending", "outcome", "code"),
    [
        (Ending.INTERRUPTED, Outcome.INTERRUPTED, Exit.INTERRUPTED),
        (Ending.PAUSED, Outcome.CONTINUES, Exit.ALL_STARTED),
    ],
)
async def test_a_step_that_was_stopped_says_why_and_is_no_refusal(
    ending: Ending, outcome: Outcome, code: Exit
) -> None:
    taken = steps()

    async def stopped(cancel: CancelToken) -> Summary:
        cancel.cancel("its time was over", ending)
        raise StoppedError(cancel.reason)

    assert await taken.take(Way.BEGUN, stopped) is None
    result = taken.result()
    assert (result.outcome, result.exit_code, result.notes) == (outcome, code, ("its time was over",))


async def test_a_fault_of_ours_is_raised() -> None:
    async def faulty(_cancel: CancelToken) -> Summary:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await steps().take(Way.BEGUN, faulty)
