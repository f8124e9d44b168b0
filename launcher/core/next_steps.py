"""How a run ended and what to do next, in words for the person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from launcher.core.summary import Ending, Summary
from launcher.core.words import counted

NO_ROWS = "The file has no rows below its headings."


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: why or what, and the command that does it where there is one."""

    text: str
    command: str = ""

    def __str__(self) -> str:
        return f"{self.text}: {self.command}" if self.command else self.text


def headline(summary: Summary) -> str:
    """`Run r3 on portal.example has finished`."""
    state = {
        Ending.RUNNING: "is running",
        Ending.FINISHED: "has finished",
        Ending.STOPPED: f"was stopped: {summary.stopped_because}",
        Ending.INTERRUPTED: f"was interrupted: {summary.stopped_because}",
        Ending.PAUSED: f"continues next night: {summary.stopped_because}",
    }[summary.ending]
    return f"Run {summary.run} on {summary.portal} {state}"


def next_steps(summary: Summary, failed: str) -> Iterator[Step]:
    """What to do next; nothing while it goes. `failed`: the file of the rows to mend, as typed, or empty."""
    if summary.ending is Ending.RUNNING:
        return  # it holds the portal, so that nothing else may be begun on it
    counts = summary.counts.shown(running=False)
    if summary.ending is Ending.FINISHED and not (summary.counts.total or summary.pruned):
        yield Step(NO_ROWS)
    if summary.ledger_gone:
        yield Step("When the ledger is in its place again, go on with", f"launcher resume {summary.run}")
    elif summary.ending in (Ending.STOPPED, Ending.INTERRUPTED):
        mended = "Nothing is lost. When that is mended or over, go on with"
        yield Step(
            mended if summary.ending is Ending.STOPPED else "Nothing is lost. Go on with",
            f"launcher resume {summary.run}",
        )
    if summary.ending is Ending.PAUSED:
        yield Step("launcher nightly goes on with it by itself. To go on now", f"launcher resume {summary.run}")
    waiting = counts["deferred"] + counts["pending"]
    if summary.ending is Ending.FINISHED and waiting:
        yield Step(
            f"{counted(waiting, 'row')} could not be started yet. Try again with",
            f"launcher resume {summary.run}",
        )
    if counts["unknown"]:
        yield Step("Unknown rows may have started; they are never sent again by themselves.")
        yield Step(
            "Look at their documents in the portal, or ask it again", f"launcher reconcile {summary.run}"
        )
        yield Step("To send them all the same", f"launcher retry {summary.run} --unknown")
    for earlier in summary.unknown_before:
        rows, run = counted(earlier.rows, "row"), earlier.run
        yield Step(f"{rows} may have started in run {run}, which does not know: not sent, and still unknown.")
        yield Step(f"Ask the portal about the unknown rows of run {run}", f"launcher reconcile {run}")
        yield Step("To send them all the same", f"launcher retry {run} --unknown")
    if summary.pruned or not (counts["failed"] or counts["invalid"]):
        return
    if failed:
        yield Step(f"Rows to mend: {failed}")
    else:
        failed = "mend.csv"
        yield Step(
            "Write the rows to mend into a file with",
            f"launcher results {summary.run} -o {failed} --only failed,invalid",
        )
    yield Step("Mend them there, then", f"launcher retry {summary.run} --file {_typed(failed)}")


def _typed(path: str) -> str:
    """The path as every shell takes it."""
    return f'"{path}"' if any(letter in path for letter in " &();'") else path
