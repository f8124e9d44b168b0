"""How a run ended, what to do next, and what notifications say of it: numbers, paths, errors, and no cells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from launcher.core.catalogue import cause_text
from launcher.core.nights import JobResult, Outcome, superseded
from launcher.core.summary import Cause, Ending, Exit, Summary
from launcher.core.words import pluralize
from launcher.messages import Message

NO_ROWS = Message("file-without-rows")


@dataclass(frozen=True, slots=True)
class NextStep:
    """One thing to do: why or what, and the command that does it where there is one."""

    text: Message
    command: str = ""

    def __str__(self) -> str:
        return f"{self.text}: {self.command}" if self.command else str(self.text)


def headline(summary: Summary) -> Message:
    """`Run r3 on portal.example has finished`."""
    run, portal, why = summary.run, summary.portal, summary.stopped_because
    match summary.ending:
        case Ending.RUNNING:
            return Message("run-is-running", run=run, portal=portal)
        case Ending.FINISHED:
            return Message("run-has-finished", run=run, portal=portal)
        case Ending.STOPPED:
            return Message("run-was-stopped", run=run, portal=portal, why=why)
        case Ending.INTERRUPTED:
            return Message("run-was-interrupted", run=run, portal=portal, why=why)
        case Ending.PAUSED:
            return Message("run-continues-next-night", run=run, portal=portal, why=why)


def next_steps(summary: Summary, failed: str) -> Iterator[NextStep]:
    """What to do next; nothing while it goes. `failed`: the file of the rows to correct, as typed, or empty."""
    if summary.ending is Ending.RUNNING:
        return  # it holds the portal, so that nothing else may be begun on it
    run, counts = summary.run, summary.counts.shown(running=False)
    resume = f"launcher resume {run}"
    if summary.ending is Ending.FINISHED and not (summary.counts.total or summary.pruned):
        yield NextStep(NO_ROWS)
    if summary.ledger_gone:
        yield NextStep(Message("go-on-with-ledger-back"), resume)
    elif summary.ending is Ending.STOPPED:
        yield NextStep(Message("go-on-once-over"), resume)
    elif summary.ending is Ending.INTERRUPTED:
        yield NextStep(Message("go-on"), resume)
    elif summary.ending is Ending.PAUSED:
        yield NextStep(Message("night-goes-on"), resume)
    waiting = counts["deferred"] + counts["pending"]
    if summary.ending is Ending.FINISHED and waiting:
        yield NextStep(Message("rows-not-startable-yet", rows=pluralize(waiting, "row")), resume)
    if counts["unknown"]:
        yield NextStep(Message("unknown-rows-may-have-started"))
        yield NextStep(Message("look-at-unknown-rows"), f"launcher reconcile {run}")
        yield NextStep(Message("send-unknown-rows"), f"launcher retry {run} --unknown")
    for earlier in summary.unknown_before:
        rows = pluralize(earlier.rows, "row")
        yield NextStep(Message("rows-unknown-in-earlier-run", rows=rows, run=earlier.run))
        yield NextStep(Message("ask-about-earlier-run", run=earlier.run), f"launcher reconcile {earlier.run}")
        yield NextStep(Message("send-unknown-rows"), f"launcher retry {earlier.run} --unknown")
    if summary.pruned or not (counts["failed"] or counts["invalid"]):
        return
    if failed:
        yield NextStep(Message("rows-to-correct", file=failed))
    else:
        failed = "to-fix.csv"
        yield NextStep(
            Message("write-rows-to-correct"), f"launcher results {run} -o {failed} --only failed,invalid"
        )
    yield NextStep(Message("correct-rows-then"), f"launcher retry {run} --file {_typed(failed)}")


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
    to_correct: Mapping[str, str] = field(default_factory=dict)
    """By run, the file of its rows to correct."""

    @property
    def events(self) -> frozenset[Event]:
        """What happened to the job. One that was interrupted goes on by itself, and nobody is told."""
        found = {Event.LATE} if self.late else set()
        code = self.result.exit_code
        if any(_unknown(step.summary) for step in self.result.steps):
            found.add(Event.UNKNOWN)
        over = superseded(self.result.steps)
        if code in (Exit.STOPPED, Exit.PORTAL_IN_USE, Exit.WRONG_USAGE, Exit.SOME_NOT_STARTED) or any(
            _to_correct(step.summary) for step in self.result.steps if step.summary.run not in over
        ):
            found.add(Event.FAILURE)
        if code is Exit.ALL_STARTED:
            found.add(Event.SUCCESS)
        return frozenset(found)


def _unknown(summary: Summary) -> int:
    here = summary.counts.shown(running=False)["unknown"]
    return here + sum(earlier.rows for earlier in summary.unknown_before)


def _to_correct(summary: Summary) -> int:
    shown = summary.counts.shown(running=False)
    return shown["failed"] + shown["invalid"]


def subject(notices: Sequence[Notice]) -> str:
    """The first line: how it went, in one look."""
    line = " ".join(_subject(notices).split())
    return line if len(line) <= SUBJECT_LETTERS else line[: SUBJECT_LETTERS - 1] + "…"


def _subject(notices: Sequence[Notice]) -> str:
    if len(notices) == 1:
        return str(Message("subject-of-job", job=notices[0].result.job, in_short=_in_short(notices[0])))
    bad = [notice for notice in notices if notice.events != {Event.SUCCESS}]
    if not bad:
        return str(Message("subject-all-well", jobs=len(notices)))
    named = "; ".join(f"{notice.result.job}: {_in_short(notice)}" for notice in bad[:3])
    more = "; …" if len(bad) > 3 else ""
    return str(Message("subject-needs-you", bad=len(bad), jobs=len(notices), named=named + more))


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
    parts += [str(Message("unknown-since-earlier-run", rows=sum(before)))] if before else []
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
        yield f"  {Message('more-notes', notes=pluralize(len(result.notes) - NOTES, 'more note'))}"
    for step in result.steps:
        yield from (f"  {line}" for line in _of_run(step.summary, notice.to_correct.get(step.summary.run, "")))


def _of_run(summary: Summary, to_correct: str) -> Iterator[str]:
    shown = [f"{number:,} {state}" for state, number in summary.counts.shown(running=False).items() if number]
    yield str(Message("run-of-file", run=summary.run, file=summary.file, rows=", ".join(shown) or "no rows"))
    if summary.stopped_because and summary.exit_code is not Exit.ALL_STARTED:
        yield f"  {Message('stopped-because', why=summary.stopped_because)}"
    for cause in summary.causes[:CAUSES]:
        yield f"  {_explained(cause)}"
    for step in next_steps(summary, to_correct):
        yield f"  {step}"


def _explained(cause: Cause) -> str:
    text = cause_text(cause.code, cause.text)
    rows = pluralize(cause.rows, "row")
    return str(Message("rows-in-state", rows=rows, state=cause.state, first_row=cause.first_row, text=text))


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
