"""The two facts of every request, as the ledger writes them: it is about to leave, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, exists, insert, select, update

from launcher.core.model import SENDABLE, Start, State
from launcher.core.verdict import Judgement, Verdict
from launcher.ledger.many import ForMany
from launcher.ledger.schema import attempts, claims, requests, rows

_THESE_ROWS = (rows.c.run_id == bindparam("b_run")) & rows.c.row_number.in_(bindparam("b_rows", expanding=True))
_SEND = (
    update(rows)
    .where(
        _THESE_ROWS,
        rows.c.state.in_(sorted(SENDABLE)),
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
)
_JUDGE = ForMany(
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
_STANDING = select(rows.c.row_number, rows.c.state).where(_THESE_ROWS).with_for_update()
_ANSWERED = (
    update(requests)
    .where(requests.c.run_id == bindparam("b_run"), requests.c.number == bindparam("b_request"))
    .values(answered_at=bindparam("b_at"), outcome=bindparam("b_outcome"))
)


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
        these = {"b_run": self.run_id, "b_rows": [start.row_number for start in self.starts]}
        sent = connection.execute(_SEND, these | {"b_request": self.request_number, "b_at": self.at})
        may_go = set(sent.scalars())
        kept = tuple(start for start in self.starts if start.row_number in may_go)
        if len(kept) < len(self.starts):
            self._give_up_lost(connection, these)
        if kept:
            connection.execute(
                insert(requests),
                {"run_id": self.run_id, "number": self.request_number, "rows": len(kept), "sent_at": self.at},
            )
        return kept

    def _give_up_lost(self, connection: Connection, these: dict[str, object]) -> None:
        """Those that still wait to be sent are another row's to send."""
        lost = [row.row_number for row in connection.execute(_STANDING, these).all() if row.state in SENDABLE]
        verdict = Verdict(State.SKIPPED, code="taken over", text="another row has taken this start over")
        if lost:
            _JUDGE.execute(connection, [_judged(self.run_id, number, verdict, self.at) for number in lost])


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
        connection.execute(
            _ANSWERED,
            {
                "b_run": self.run_id,
                "b_request": self.request_number,
                "b_at": self.at,
                "b_outcome": self.outcome,
            },
        )
        _JUDGE.execute(
            connection,
            [
                _judged(self.run_id, start.row_number, verdict, self.at)
                for start, verdict in zip(self.starts, self.judgement.verdicts, strict=True)
            ],
        )
        judged = {"b_run": self.run_id, "b_rows": [start.row_number for start in self.starts]}
        connection.execute(_ATTEMPTS, judged)
        return self.starts


Record = Sent | Judged

# Out of the rows that were just judged: one statement for all of a request's.
_ATTEMPTS = insert(attempts).from_select(
    ["run_id", "row_number", "attempt", "request_number", "state", "code", "text", "at"],
    select(
        rows.c.run_id, rows.c.row_number, rows.c.attempts, rows.c.request_number,
        rows.c.state, rows.c.error_code, rows.c.error, rows.c.changed_at,
    ).where(_THESE_ROWS),
)  # fmt: skip


def _judged(run_id: int, row_number: int, verdict: Verdict, at: float) -> tuple[object, ...]:
    return (verdict.state.value, verdict.workflow_id, verdict.code, verdict.text, at, run_id, row_number)
