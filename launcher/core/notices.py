"""What somebody is told of a night, and when: numbers, paths and errors, and no cells of the file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from launcher.core.catalogue import cause_text
from launcher.core.next_steps import next_steps
from launcher.core.nights import JobResult, Outcome, superseded
from launcher.core.summary import Cause, Exit, Summary
from launcher.core.words import counted

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
        yield f"  … and {counted(len(result.notes) - NOTES, 'more note')}"
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
    return f"{counted(cause.rows, 'row')} {cause.state.value}, as row {cause.first_row}: {text}"


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
