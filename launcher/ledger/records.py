"""The two facts of every request, as the ledger writes them: it is about to leave, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from launcher.core.model import SENDABLE, Start, State
from launcher.core.verdict import Judgement, Verdict
from launcher.ledger.schema import attempts, claims, requests, rows

_THESE_ROWS = (rows.c.run_id == bindparam("b_run")) & rows.c.row_number.in_(bindparam("b_rows", expanding=True))
_SEND = (
    update(rows)
    .where(_THESE_ROWS)
    .values(
        state=State.SENT,
        attempts=rows.c.attempts + 1,
        request_number=bindparam("b_request"),
        changed_at=bindparam("b_at"),
    )
)
_JUDGE = (
    update(rows)
    .where(rows.c.run_id == bindparam("b_run"), rows.c.row_number == bindparam("b_row"))
    .values(
        state=bindparam("b_state"),
        workflow_id=bindparam("b_workflow_id"),
        error_code=bindparam("b_code"),
        error=bindparam("b_text"),
        changed_at=bindparam("b_at"),
    )
)
_STANDING = (
    select(
        rows.c.row_number,
        rows.c.state,
        claims.c.run_id.label("owner_run"),
        claims.c.row_number.label("owner_row"),
    )
    .join(claims, claims.c.start_key == rows.c.start_key)
    .where(_THESE_ROWS)
    .with_for_update(of=rows)
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

    async def write(self, connection: AsyncConnection) -> tuple[Start, ...]:
        standing = {
            row.row_number: row
            for row in await connection.execute(
                _STANDING,
                {
                    "b_run": self.run_id,
                    "b_rows": [start.row_number for start in self.starts],
                },
            )
        }
        waiting = [start for start in self.starts if standing[start.row_number].state in SENDABLE]
        kept = tuple(start for start in waiting if self._owns(standing[start.row_number]))
        if len(kept) < len(waiting):
            lost = [start for start in waiting if not self._owns(standing[start.row_number])]
            await self._give_up(lost, connection)
        if not kept:
            return ()
        await connection.execute(
            insert(requests),
            {"run_id": self.run_id, "number": self.request_number, "rows": len(kept), "sent_at": self.at},
        )
        sent = {"b_run": self.run_id, "b_request": self.request_number, "b_at": self.at}
        await connection.execute(_SEND, sent | {"b_rows": [start.row_number for start in kept]})
        return kept

    def _owns(self, row: Row[*tuple[Any, ...]]) -> bool:
        return bool(row.owner_run == self.run_id and row.owner_row == row.row_number)

    async def _give_up(self, lost: list[Start], connection: AsyncConnection) -> None:
        verdict = Verdict(State.SKIPPED, code="taken over", text="another row has taken this start over")
        await connection.execute(
            _JUDGE, [_judged(self.run_id, start.row_number, verdict, self.at) for start in lost]
        )


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

    async def write(self, connection: AsyncConnection) -> tuple[Start, ...]:
        pairs = list(zip(self.starts, self.judgement.verdicts, strict=True))
        await connection.execute(
            update(requests)
            .where(requests.c.run_id == self.run_id, requests.c.number == self.request_number)
            .values(answered_at=self.at, outcome=self.outcome)
        )
        await connection.execute(
            _JUDGE, [_judged(self.run_id, start.row_number, verdict, self.at) for start, verdict in pairs]
        )
        judged = {"b_run": self.run_id, "b_rows": [start.row_number for start in self.starts]}
        await connection.execute(_ATTEMPTS, judged)
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


def _judged(run_id: int, row_number: int, verdict: Verdict, at: float) -> dict[str, object]:
    return {
        "b_run": run_id,
        "b_row": row_number,
        "b_state": verdict.state,
        "b_workflow_id": verdict.workflow_id,
        "b_code": verdict.code,
        "b_text": verdict.text,
        "b_at": at,
    }
