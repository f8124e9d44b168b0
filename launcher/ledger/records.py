"""The two facts of every request, as the ledger writes them: it is about to leave, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, exists, insert, or_, select, update

from launcher.core.model import SENDABLE, Start, State
from launcher.core.verdict import Judgement, Verdict
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What became of the starts of that request."""

    run_id: int
    request_number: int
    starts: tuple[Start, ...]
    judgement: Judgement
    outcome: str
    """In a few words, for the record of requests."""
    at: float

    def write(self, connection: Connection) -> tuple[Start, ...]:
        _ANSWERED.once(connection, (self.at, self.outcome, self.run_id, self.request_number))
        numbers = [start.row_number for start in self.starts]
        judged = [
            _judged(self.run_id, number, verdict, self.at)
            for number, verdict in zip(numbers, self.judgement.verdicts, strict=True)
        ]
        _JUDGE.each(connection, judged)
        _ATTEMPTS.once(connection, self.run_id, numbers)
        return self.starts


Record = Sent | Judged


def _judged(run_id: int, row_number: int, verdict: Verdict, at: float) -> tuple[object, ...]:
    return (verdict.state.value, verdict.workflow_id, verdict.code, verdict.text, at, run_id, row_number)
