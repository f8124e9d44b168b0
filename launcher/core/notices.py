"""How a run ended, what to do next, and what somebody is told of it: numbers, paths, errors, and no cells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from launcher.core.catalogue import cause_text
from launcher.core.nights import JobResult, Outcome, superseded
from launcher.core.summary import Cause, Ending, Exit, Summary
from launcher.core.words import pluralize

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
            f"{pluralize(waiting, 'row')} could not be started yet. Try again with",
            f"launcher resume {summary.run}",
        )
    if counts["unknown"]:
        yield Step("Unknown rows may have started; they are never sent again by themselves.")
        yield Step(
            "Look at their documents in the portal, or ask it again", f"launcher reconcile {summary.run}"
        )
        yield Step("To send them all the same", f"launcher retry {summary.run} --unknown")
    for earlier in summary.unknown_before:
        rows, run = pluralize(earlier.rows, "row"), earlier.run
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


CAUSES = 3
_SHOWN = ("failed", "invalid", "unknown", "started", "skipped", "pending", "deferred")
"""What needs a person stands first."""
NOTES = 20
"""Of each job: a pattern may mean thousands of files, each with a note of its own."""
SUBJECT_LETTERS = 200
BODY_LETTERS = 50_000
CHAT_LETTERS = 2_000
"""The chat takes far more; nobody reads it there."""


class Event(StrEnum):
    """Why somebody is told."""

    FAILURE = "failure"
    UNKNOWN = "unknown"
    LATE = "late"
    SUCCESS = "success"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One job in one night."""

    result: JobResult
    late: tuple[str, ...] = ()
    """Due times that had no night, and how late this one began, in words."""
    to_mend: Mapping[str, str] = field(default_factory=dict)
    """By run, the file of its rows to mend."""

    @property
    def events(self) -> frozenset[Event]:
        """What happened to the job. One that was interrupted goes on by itself, and nobody is told."""
        found = {Event.LATE} if self.late else set()
        code = self.result.exit_code
        if any(_unknown(step.summary) for step in self.result.steps):
            found.add(Event.UNKNOWN)
        over = superseded(self.result.steps)
        if code in (Exit.STOPPED, Exit.PORTAL_IN_USE, Exit.WRONG_USAGE, Exit.SOME_NOT_STARTED) or any(
            _to_mend(step.summary) for step in self.result.steps if step.summary.run not in over
        ):
            found.add(Event.FAILURE)
        if code is Exit.ALL_STARTED:
            found.add(Event.SUCCESS)
        return frozenset(found)


def _unknown(summary: Summary) -> int:
    here = summary.counts.shown(running=False)["unknown"]
    return here + sum(earlier.rows for earlier in summary.unknown_before)


def _to_mend(summary: Summary) -> int:
    shown = summary.counts.shown(running=False)
    return shown["failed"] + shown["invalid"]


def subject(notices: Sequence[Notice]) -> str:
    """The first line: how it went, in one look."""
    line = " ".join(_subject(notices).split())
    return line if len(line) <= SUBJECT_LETTERS else line[: SUBJECT_LETTERS - 1] + "…"


def _subject(notices: Sequence[Notice]) -> str:
    if len(notices) == 1:
        return f"launcher: {notices[0].result.job}: {_in_short(notices[0])}"
    bad = [notice for notice in notices if notice.events != {Event.SUCCESS}]
    if not bad:
        return f"launcher: {len(notices)} jobs: all well"
    named = "; ".join(f"{notice.result.job}: {_in_short(notice)}" for notice in bad[:3])
    return f"launcher: {len(bad)} of {len(notices)} jobs need you: {named}{'; …' if len(bad) > 3 else ''}"


def _in_short(notice: Notice) -> str:
    parts = ["late"] if notice.late else []
    if notice.result.outcome is not Outcome.FINISHED:
        parts.append(notice.result.outcome.value)
    over = superseded(notice.result.steps)
    total = dict.fromkeys(_SHOWN, 0)
    for step in notice.result.steps:
        for state, number in step.summary.counts.shown(running=False).items():
            if state == "unknown" or step.summary.run not in over:
                total[state] += number
    parts += [f"{number:,} {state}" for state, number in total.items() if number]
    before = [earlier.rows for step in notice.result.steps for earlier in step.summary.unknown_before]
    parts += [f"{sum(before):,} unknown since an earlier run"] if before else []
    return ", ".join(parts) or notice.result.outcome.value


def body(notices: Iterable[Notice]) -> str:
    """The whole message, in plain text."""
    return _cut("\n\n".join("\n".join(_lines(notice)) for notice in notices), BODY_LETTERS) + "\n"


def _lines(notice: Notice) -> Iterator[str]:
    result = notice.result
    yield f"{result.job}: {result.outcome.value}" + (f" (on {result.portal})" if result.portal else "")
    yield from (f"  {text}" for text in notice.late)
    yield from (f"  {note}" for note in result.notes[:NOTES])
    if len(result.notes) > NOTES:
        yield f"  … and {pluralize(len(result.notes) - NOTES, 'more note')}"
    for step in result.steps:
        yield from (f"  {line}" for line in _of_run(step.summary, notice.to_mend.get(step.summary.run, "")))


def _of_run(summary: Summary, to_mend: str) -> Iterator[str]:
    shown = [f"{number:,} {state}" for state, number in summary.counts.shown(running=False).items() if number]
    yield f"run {summary.run} of {summary.file}: {', '.join(shown) or 'no rows'}"
    if summary.stopped_because and summary.exit_code is not Exit.ALL_STARTED:
        yield f"  stopped: {summary.stopped_because}"
    for cause in summary.causes[:CAUSES]:
        yield f"  {_explained(cause)}"
    for step in next_steps(summary, to_mend):
        yield f"  {step}"


def _explained(cause: Cause) -> str:
    text = cause_text(cause.code, cause.text)
    return f"{pluralize(cause.rows, 'row')} {cause.state.value}, as row {cause.first_row}: {text}"


def chat(notices: Sequence[Notice]) -> str:
    """The message for the portal's chat, short, and with nothing in it that the chat takes for markup."""
    text = f"{subject(notices)}\n{body(notices)}"
    return _cut(text, CHAT_LETTERS).replace("[", "(").replace("]", ")")


def _cut(text: str, letters: int) -> str:
    """So many of its letters at most, in whole lines where it has some."""
    if len(text) <= letters:
        return text
    lines, _, _ = text[:letters].rpartition("\n")
    return f"{lines or text[:letters]}\n…"
