"""The workflows of a run: which still run, how often to look, and how one is ended.

What still runs is asked one workflow a question, by its ID: the portal documents no filter by several, and
pages of a list shift while workflows end. Source: official REST documentation, "bizproc.workflow.instances".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypedDict

from launcher.core.answers import error_of
from launcher.core.batch import encode_call
from launcher.core.catalogue import PORTAL_CODES, STOPPING, Action, stop_text
from launcher.core.words import pluralize
from launcher.errors import LauncherError

STUCK_AFTER_S = 300
"""A workflow whose lock ran out so long ago is stuck. Source: the page named above."""


class UnexpectedAnswerError(LauncherError):
    """The portal answered something else than was asked; the text says what."""


@dataclass(frozen=True, slots=True)
class Running:
    """A workflow that runs."""

    workflow_id: str
    owned_until: float | None
    """When its lock runs or ran out, in seconds since 1970 of the portal's clock; None: it is not locked."""

    def is_stuck(self, portal_now: float) -> bool:
        """Whether it was at work, and its lock ran out too long ago for that still to be so."""
        return self.owned_until is not None and portal_now - self.owned_until > STUCK_AFTER_S


def question(workflow_id: str) -> str:
    """The command of a batch that asks whether this workflow runs."""
    return encode_call(
        "bizproc.workflow.instances", {"SELECT": ["ID", "OWNED_UNTIL"], "FILTER": {"ID": workflow_id}}
    )


def answer(listed: object, workflow_id: str) -> Running | None:
    """The workflow, where the portal lists it, and None where it does not run. Raises UnexpectedAnswerError."""
    if not isinstance(listed, list):
        raise UnexpectedAnswerError("running-workflows-not-told")
    for item in listed:
        if isinstance(item, Mapping) and item.get("ID") == workflow_id:
            return Running(workflow_id, _moment(item.get("OWNED_UNTIL")))
    if listed:
        # As where it takes no filter by ID: then a miss would prove nothing.
        raise UnexpectedAnswerError("other-workflows-listed")
    return None


def _moment(text: object) -> float | None:
    try:
        return datetime.fromisoformat(str(text)).timestamp() if text else None
    except ValueError:
        return None


class Way(StrEnum):
    """How a workflow is ended."""

    TERMINATE = "terminate"
    """It ends, and the portal keeps its record."""
    KILL = "kill"
    """It is deleted, with its record."""


class Termination(StrEnum):
    """What became of a workflow that was to be ended."""

    ASKED = "asked"
    """The portal was asked to end it; nothing is known yet. Asking again does no harm."""
    ENDED = "ended"
    """The portal ended it."""
    GONE = "gone"
    """It did not run any more: it had ended by itself, or an earlier request whose answer was lost ended it."""
    REFUSED = "refused"
    """It still runs: the portal did not end it."""


OVER = frozenset({Termination.ENDED, Termination.GONE})
"""A workflow with one of these does not run any more and never will."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What one command's answer says. Without a fate it is to be seen whether the workflow still runs."""

    fate: Termination | None = None
    text: str = ""
    again: bool = False
    """The portal refused it only for now."""
    halt: str = ""
    """The portal refuses all of them, for this reason in words."""


def command(workflow_id: str, way: Way, run: str) -> str:
    """The command of a batch that ends this workflow.

    Source: official REST documentation, "bizproc.workflow.terminate" and "bizproc.workflow.kill".
    """
    values = {"ID": workflow_id}
    if way is Way.TERMINATE:
        values["STATUS"] = f"Stopped by bizproc-launcher (run {run})"
    return encode_call(f"bizproc.workflow.{way}", values)


def judge(key: str, results: Mapping[str, object], errors: Mapping[str, object]) -> Answered:
    """What the maps of a batch's answer say of the command with that key."""
    if key not in errors:
        return (
            Answered(Termination.ENDED) if results.get(key) is True else Answered(text="the portal did not say")
        )
    code, text = error_of(errors[key]) or ("", "")
    if code.upper() in STOPPING:
        return Answered(halt=stop_text(code, text))
    entry = PORTAL_CODES.get(code.upper())
    again = entry is not None and entry.does in (Action.WAITS_FOR_RATE, Action.WAITS_FOR_OPERATING_TIME)
    given = ": ".join(part for part in (code, text) if part) or "refused without a reason"
    return Answered(text=given, again=again)


LONGEST_WAIT_S = 300.0
_GROWTH = 1.5
_ROWS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Watched:
    """A run's workflows at one moment."""

    started: int = 0
    running: int = 0
    stuck: tuple[tuple[int, str], ...] = ()
    """Row and workflow ID of each that hangs."""

    def text(self) -> str:
        """One line for the person."""
        if not self.started:
            return "no workflow was started"
        if not self.running:
            return f"none of the {pluralize(self.started, 'started workflow')} runs any more"
        line = f"still running: {self.running:,} of {pluralize(self.started, 'started workflow')}"
        if not self.stuck:
            return line
        rows = ("row " if len(self.stuck) == 1 else "rows ") + ", ".join(
            str(row) for row, _ in self.stuck[:_ROWS_SHOWN]
        )
        more = ", …" if len(self.stuck) > _ROWS_SHOWN else ""
        return f"{line}, {len(self.stuck):,} of them stuck for over five minutes ({rows}{more})"


def next_wait_s(every_s: float, wait_s: float, *, changed: bool) -> float:
    """Seconds until the next look: longer each time that nothing has changed, five minutes at most."""
    return every_s if changed else max(every_s, min(LONGEST_WAIT_S, wait_s * _GROWTH))


def wait_until_deadline_s(wait_s: float, *, now: float, deadline: float | None) -> float:
    """The wait, cut where the time is over before its end."""
    return wait_s if deadline is None else max(0.0, min(wait_s, deadline - now))


class WorkflowDocument(TypedDict):
    """A workflow, and the row that started it."""

    row: int
    """As the spreadsheet shows it."""
    workflow_id: str


def of_rows(rows: Sequence[tuple[int, str]]) -> list[WorkflowDocument]:
    """Row and workflow ID of each, for the JSON document."""
    return [{"row": row, "workflow_id": workflow_id} for row, workflow_id in rows]
