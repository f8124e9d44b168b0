"""The two facts of every request, as the ledger writes them: it is about to leave, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from sqlalchemy import Connection, bindparam, case, exists, insert, literal_column, or_, select, update

from launcher.core.model import SENDABLE, Start, State
from launcher.core.verdict import Judgement, Verdict, given_twice
from launcher.ledger.prepared import ForRows, Prepared
from launcher.ledger.schema import attempts, claims, requests, rows

_SEND = ForRows(
    lambda these: (
        update(rows)
        .where(
            these,
            or_(*(rows.c.state == state for state in sorted(SENDABLE))),
            exists().where(
                claims.c.start_key == rows.c.start_key,
                claims.c.run_id == rows.c.run_id,
                claims.c.row_number == rows.c.row_number,
            ),
        )
        .values(
            state=State.SENT,
            attempts=rows.c.attempts + 1,
            request_number=bindparam("b_request"),
            changed_at=bindparam("b_at"),
        )
        .returning(rows.c.row_number)
    ),
    ("b_request", "b_at"),
)
_LEAVES = Prepared(insert(requests), ("run_id", "number", "rows", "sent_at"))
_JUDGE = Prepared(
    update(rows)
    .where(rows.c.run_id == bindparam("b_run"), rows.c.row_number == bindparam("b_row"))
    .values(
        state=bindparam("b_state"),
        workflow_id=bindparam("b_workflow_id"),
        error_code=bindparam("b_code"),
        error=bindparam("b_text"),
        changed_at=bindparam("b_at"),
    ),
    ("b_state", "b_workflow_id", "b_code", "b_text", "b_at", "b_run", "b_row"),
)
_STANDING = ForRows(lambda these: select(rows.c.row_number, rows.c.state).where(these).with_for_update())
_ANSWERED = Prepared(
    update(requests)
    .where(requests.c.run_id == bindparam("b_run"), requests.c.number == bindparam("b_request"))
    .values(answered_at=bindparam("b_at"), outcome=bindparam("b_outcome")),
    ("b_at", "b_outcome", "b_run", "b_request"),
)
_others = rows.alias("others")
# What else has the workflow IDs of the rows that were just judged: each started row, and 0 for all others with
# that ID together. The run is compared afterwards: with it here, a database may look at all of the run's rows,
# which may be a million.
_SAME_ID = ForRows(
    lambda these: (
        select(
            _others.c.run_id,
            _others.c.workflow_id,
            case((_others.c.state == State.STARTED, _others.c.row_number), else_=0).label("started_row"),
        )
        .distinct()
        .select_from(rows)
        .join(_others, _others.c.workflow_id == rows.c.workflow_id)
        .where(these, _others.c.workflow_id != literal_column("''"), _others.c.row_number != rows.c.row_number)
    )
)
# Out of the rows that were just judged: one statement for all of a request's.
_ATTEMPTS = ForRows(
    lambda these: insert(attempts).from_select(
        ["run_id", "row_number", "attempt", "request_number", "state", "code", "text", "at"],
        select(
            rows.c.run_id, rows.c.row_number, rows.c.attempts, rows.c.request_number,
            rows.c.state, rows.c.error_code, rows.c.error, rows.c.changed_at,
        ).where(these),
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """These starts are about to leave in that request.

    Written: each is SENT, with one more attempt. Gives back the starts that may be sent. A row whose start
    key has another owner by now is SKIPPED; a row that is no longer waiting to be sent (another process has
    taken it) is left as it is.
    """

    run_id: int
    request_number: int
    starts: tuple[Start, ...]
    at: float

    def write(self, connection: Connection) -> tuple[Start, ...]:
        numbers = [start.row_number for start in self.starts]
        sent = _SEND.once(connection, self.run_id, numbers, (self.request_number, self.at))
        may_go = set(sent.scalars())
        kept = self.starts
        if len(may_go) < len(self.starts):
            kept = tuple(start for start in self.starts if start.row_number in may_go)
            self._give_up_lost(connection, numbers)
        if kept:
            _LEAVES.once(connection, (self.run_id, self.request_number, len(kept), self.at))
        return kept

    def _give_up_lost(self, connection: Connection, numbers: Sequence[int]) -> None:
        """Those that still wait to be sent are another row's to send."""
        standing = _STANDING.once(connection, self.run_id, numbers)
        lost = [row.row_number for row in standing if row.state in SENDABLE]
        verdict = Verdict(State.SKIPPED, code="taken over", text="another row has taken this start over")
        if lost:
            _JUDGE.each(connection, [_judged(self.run_id, number, verdict, self.at) for number in lost])


Written = TypeVar("Written", covariant=True)


class Record(Protocol[Written]):
    """A fact of one request."""

    def write(self, connection: Connection) -> Written:
        """Write it, and give back what whoever sends the request must know of it."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """How rows stand in the ledger after an answer."""

    judgement: Judgement
    """Of the request's own starts."""
    doubted: tuple[int, ...] = ()
    """Rows of earlier requests that are no longer STARTED but UNKNOWN: a row of this one has the same ID."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What became of the starts of that request.

    Written: each with its verdict; where another row of the run has the same workflow ID, both are UNKNOWN.
    """

    run_id: int
    request_number: int
    starts: tuple[Start, ...]
    judgement: Judgement
    outcome: str
    """In a few words, for the record of requests."""
    at: float

    def write(self, connection: Connection) -> Recorded:
        _ANSWERED.once(connection, (self.at, self.outcome, self.run_id, self.request_number))
        self._judge(connection, self.judgement)
        recorded = self._compared(connection)
        _ATTEMPTS.once(connection, self.run_id, self._numbers)
        return recorded

    @property
    def _numbers(self) -> list[int]:
        return [start.row_number for start in self.starts]

    def _judge(self, connection: Connection, judgement: Judgement) -> None:
        judged = [
            _judged(self.run_id, number, verdict, self.at)
            for number, verdict in zip(self._numbers, judgement.verdicts, strict=True)
        ]
        _JUDGE.each(connection, judged)

    def _compared(self, connection: Connection) -> Recorded:
        """The rows of the run that have a workflow ID in common are UNKNOWN when this returns."""
        if not any(verdict.workflow_id or verdict.shared_id for verdict in self.judgement.verdicts):
            return Recorded(self.judgement)
        found = _SAME_ID.once(connection, self.run_id, self._numbers)
        others = [other for other in found if other.run_id == self.run_id]
        if not others:
            return Recorded(self.judgement)
        judgement = self.judgement.doubting({other.workflow_id for other in others})
        self._judge(connection, judgement)
        doubted = {other.started_row: other.workflow_id for other in others if other.started_row}
        if doubted:
            _JUDGE.each(
                connection,
                [_judged(self.run_id, row, given_twice(given), self.at) for row, given in doubted.items()],
            )
        return Recorded(judgement, tuple(doubted))


def _judged(run_id: int, row_number: int, verdict: Verdict, at: float) -> tuple[object, ...]:
    # An ID that is several rows' is kept with each, so that another row with it is not believed either.
    workflow_id = verdict.workflow_id or verdict.shared_id
    return (verdict.state.value, workflow_id, verdict.code, verdict.text, at, run_id, row_number)
