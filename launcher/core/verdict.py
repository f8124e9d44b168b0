"""Of every answer, and of every missing one: did it start? Yes, no, or unknown.

What nothing here recognises is unknown. Answers are judged by their code; descriptions are for people and
partly in the portal's language, so none decides, but for a few that are fixed in the server's code.
Source: official REST documentation, "Error codes" and "bizproc.workflow.start".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from launcher.core.answers import (
    TOO_LONG,
    Blocked,
    NotSent,
    Outcome,
    Redirected,
    Response,
    ResponseLost,
    TooLong,
    contradicts_itself,
    error_of,
    maps_of,
    not_sent_text,
    response_lost_text,
)
from launcher.core.batch import command_key, length_of
from launcher.core.catalogue import (
    BUSY,
    PORTAL_CODES,
    Action,
    is_busy,
    moved_text,
    refused_caller_text,
    refuses_caller,
    stop_text,
)
from launcher.core.model import Start, State


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of one start after one attempt."""

    state: State
    workflow_id: str = ""
    code: str = ""
    """The portal's error code as it came, or the name of how the answer was lost."""
    text: str = ""
    """The reason for the person; the portal's own words where it gave some."""
    later: bool = False
    """DEFERRED for a reason of the row's own: it may be sent again, but not at once."""
    shared_id: str = ""
    """UNKNOWN because the portal gave this workflow ID to other rows of the run, too."""


class Limit(Enum):
    """What makes the run wait."""

    RATE = "rate limit"
    OPERATING = "operating time limit"
    CONNECTION = "no connection"


@dataclass(frozen=True, slots=True)
class Abort:
    """The portal refused the run as a whole: no request may leave any more. Blames no row."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """What one request taught."""

    verdicts: tuple[Verdict, ...]
    """One for each start, in their order."""
    hold: Limit | None = None
    """Why no request may leave for a while."""
    halt: Abort | None = None
    lost: bool = False
    """Whether what the portal did is unknown for want of an answer that could be understood."""
    too_long: int = 0
    """Bytes of the request's commands, where they were too many for a server: they go again in shorter ones."""

    def doubting(self, workflow_ids: Collection[str]) -> BatchOutcome:
        """The same where other rows of the run have these workflow IDs: which row has started, nobody knows."""
        verdicts = tuple(
            given_twice(verdict.workflow_id) if verdict.workflow_id in workflow_ids else verdict
            for verdict in self.verdicts
        )
        return replace(self, verdicts=verdicts, lost=_summed(verdicts).lost)


def given_twice(workflow_id: str) -> Verdict:
    """Of each row to which the portal gave that ID: one of them has started with it at most."""
    text = f"the portal gave the workflow ID {workflow_id} to more than one row"
    return Verdict(State.UNKNOWN, code="same workflow ID", text=text, shared_id=workflow_id)


_WRONG_TEMPLATE = "ERROR_WRONG_WORKFLOW_ID"


def judge_batch(starts: Sequence[Start], outcome: Outcome, *, own_templates: bool = False) -> BatchOutcome:
    """What became of the starts of one `batch`.

    `own_templates`: each row says its own template, so one that does not exist is that row's fault alone.
    """
    if not isinstance(outcome, Response):
        return _judge_unanswered(starts, outcome)
    if (error := error_of(outcome.body)) is not None:
        # A batch's own refusal is never without a code; whatever such a one is, nobody knows it.
        unclear = "the portal refused the batch without a code"
        return _judge_refusal(starts, outcome, *error, own_templates, unclear=unclear)
    maps = maps_of(outcome)
    if maps is None:
        return _lost(starts, "unexpected answer", f"HTTP {outcome.status}, and not the answer to a batch")
    return _judge_commands(starts, *maps, own_templates)


def judge_single(start: Start, outcome: Outcome, *, own_templates: bool = False) -> BatchOutcome:
    """What became of a start that went alone; `own_templates` as for a batch."""
    starts = (start,)
    if not isinstance(outcome, Response):
        return _judge_unanswered(starts, outcome)
    if (error := error_of(outcome.body)) is not None:
        unclear = "" if outcome.status == 400 else "an error without a code"
        return _judge_refusal(starts, outcome, *error, own_templates, unclear=unclear)
    if outcome.status != 200 or not isinstance(outcome.body, dict) or "result" not in outcome.body:
        return _lost(starts, "unexpected answer", f"HTTP {outcome.status}, and not the answer to a start")
    return _summed((_started(outcome.body["result"]),))


def _judge_commands(
    starts: Sequence[Start], results: Mapping[str, object], errors: Mapping[str, object], own_templates: bool
) -> BatchOutcome:
    ids = Counter(value for value in results.values() if isinstance(value, str))
    verdicts = []
    hold, halt = None, None
    for start in starts:
        key = command_key(start)
        verdict, new_hold, new_halt = _judge_command(key, results, errors, own_templates)
        if verdict.workflow_id and ids[verdict.workflow_id] > 1:
            verdict = given_twice(verdict.workflow_id)
        hold, halt = hold or new_hold, halt or new_halt
        verdicts.append(verdict)
    return replace(_summed(verdicts), hold=hold, halt=halt)


def _judge_command(
    key: str, results: Mapping[str, object], errors: Mapping[str, object], own_templates: bool
) -> tuple[Verdict, Limit | None, Abort | None]:
    # A command failed when its key is there: the code inside may be empty.
    if key in errors and key in results:
        return _unexpected("the portal answered with a workflow and with an error"), None, None
    if key in errors:
        error = error_of(errors[key])
        if error is None:
            return _unexpected("the portal answered with an error that cannot be read"), None, None
        return _judge_error(*error, own_templates)
    if key in results:
        return _started(results[key]), None, None
    return _unexpected("the portal's answer leaves this row out"), None, None


def _judge_error(code: str, text: str, own_templates: bool) -> tuple[Verdict, Limit | None, Abort | None]:
    match _reaction(code, own_templates):
        case Action.WAITS_FOR_RATE:
            return Verdict(State.DEFERRED, code=code, text=text), Limit.RATE, None
        case Action.WAITS_FOR_OPERATING_TIME:
            return Verdict(State.DEFERRED, code=code, text=text), Limit.OPERATING, None
        case Action.STOPS:
            return Verdict(State.PENDING), None, Abort(code, stop_text(code, text))
        case Action.FAILS_THE_ROW:
            if is_busy(text):
                return Verdict(State.DEFERRED, code=BUSY, text=text, later=True), None, None
            return Verdict(State.FAILED, code=code, text=text or "refused without a reason"), None, None
        case _:
            return Verdict(State.UNKNOWN, code=code, text=text), None, None


def _reaction(code: str, own_templates: bool) -> Action:
    if own_templates and code.upper() == _WRONG_TEMPLATE:
        return Action.FAILS_THE_ROW
    if not code:
        # The start's own refusals have no code: "Wrong DOCUMENT_ID!" and whatever the template says.
        return Action.FAILS_THE_ROW
    entry = PORTAL_CODES.get(code.upper())
    return Action.LEAVES_UNKNOWN if entry is None else entry.does


def _judge_refusal(
    starts: Sequence[Start], response: Response, code: str, text: str, own_templates: bool, *, unclear: str
) -> BatchOutcome:
    """The whole request was refused with that code and text: one verdict for all of its rows.

    `unclear`: what an error with neither says; empty if one without a code is the start's own refusal.
    """
    if contradicts_itself(response.body):
        return _lost(starts, "unexpected answer", "the portal answered with a result and with an error")
    if refuses_caller(response.status, code):
        return _halted(starts, Abort(code, refused_caller_text(code, text)))
    if unclear and not code:
        return _lost(starts, f"HTTP {response.status}", text or unclear)
    verdict, hold, halt = _judge_error(code, text, own_templates)
    lost = verdict.state is State.UNKNOWN
    return BatchOutcome((verdict,) * len(starts), hold=hold, halt=halt, lost=lost)


def _judge_unanswered(
    starts: Sequence[Start], outcome: NotSent | ResponseLost | TooLong | Redirected | Blocked
) -> BatchOutcome:
    match outcome:
        case NotSent(cause):
            verdict = Verdict(State.DEFERRED, code=cause, text=not_sent_text(cause))
            return BatchOutcome((verdict,) * len(starts), hold=Limit.CONNECTION)
        case TooLong() if len(starts) > 1:
            verdict = Verdict(State.DEFERRED, code="request too long", text=TOO_LONG)
            return BatchOutcome((verdict,) * len(starts), too_long=sum(map(length_of, starts)))
        case TooLong():
            return BatchOutcome((Verdict(State.FAILED, code="request too long", text=TOO_LONG),))
        case Redirected(host):
            return _halted(starts, Abort("moved", moved_text(host)))
        case Blocked(code, text):
            return _halted(starts, Abort(code, text))
        case ResponseLost(cause):
            return _lost(starts, cause, f"{response_lost_text(cause)}; the workflow may have started")


def _halted(starts: Sequence[Start], halt: Abort) -> BatchOutcome:
    return BatchOutcome((Verdict(State.PENDING),) * len(starts), halt=halt)


def _lost(starts: Sequence[Start], code: str, text: str) -> BatchOutcome:
    return BatchOutcome((Verdict(State.UNKNOWN, code=code, text=text),) * len(starts), lost=True)


def _summed(verdicts: Sequence[Verdict]) -> BatchOutcome:
    """An answer that was understood for no row at all counts as lost."""
    return BatchOutcome(tuple(verdicts), lost=all(verdict.state is State.UNKNOWN for verdict in verdicts))


def _started(workflow_id: object) -> Verdict:
    if isinstance(workflow_id, str) and workflow_id.strip():
        return Verdict(State.STARTED, workflow_id=workflow_id)
    return _unexpected("the portal answered without a workflow ID")


def _unexpected(text: str) -> Verdict:
    return Verdict(State.UNKNOWN, code="unexpected answer", text=text)
