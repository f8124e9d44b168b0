"""The two facts of every request, as the ledger writes them: it is about to leave, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from launcher.core.model import Start, State
from launcher.core.verdict import Judgement, Verdict
from launcher.ledger.schema import attempts, claims, requests, rows

_SEND = (
    update(rows)
    .where(rows.c.run_id == bindparam("b_run"), rows.c.row_number == bindparam("b_row"))
    .values(state=State.SENT, attempts=rows.c.attempts + 1, changed_at=bindparam("b_at"))
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
_OWNERS = select(claims.c.start_key, claims.c.run_id, claims.c.row_number).where(
    claims.c.scope == bindparam("b_scope"), claims.c.start_key.in_(bindparam("b_keys", expanding=True))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """These starts are about to leave in that request.

    Written: each is SENT, with one more attempt. Gives back the starts that may be sent: a row whose start
    key has another owner by now is SKIPPED instead.
    """

    run_id: int
    scope: int
    request_number: int
    starts: tuple[Start, ...]
    at: float

    async def write(self, connection: AsyncConnection) -> tuple[Start, ...]:
        owned = await self._owned(connection)
        kept = tuple(start for start in self.starts if start.row_number in owned)
        await self._give_up([start for start in self.starts if start.row_number not in owned], connection)
        if not kept:
            return ()
        await connection.execute(
            insert(requests),
            {
                "run_id": self.run_id,
                "number": self.request_number,
                "rows": len(kept),
                "sent_at": self.at,
            },
        )
        await connection.execute(
            _SEND, [{"b_run": self.run_id, "b_row": start.row_number, "b_at": self.at} for start in kept]
        )
        return kept

    async def _owned(self, connection: AsyncConnection) -> set[int]:
        found = await connection.execute(
            _OWNERS, {"b_scope": self.scope, "b_keys": [start.start_key for start in self.starts]}
        )
        return {row_number for _key, run_id, row_number in found if run_id == self.run_id}

    async def _give_up(self, lost: list[Start], connection: AsyncConnection) -> None:
        if lost:
            verdict = Verdict(State.SKIPPED, text="a later run has taken this start over")
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
        await connection.execute(
            _ATTEMPTS, [self._attempt(start.row_number, verdict) for start, verdict in pairs]
        )
        return self.starts

    def _attempt(self, row_number: int, verdict: Verdict) -> dict[str, object]:
        return {
            "b_run": self.run_id,
            "b_row": row_number,
            "b_request": self.request_number,
            "b_state": verdict.state,
            "b_code": verdict.code,
            "b_text": verdict.text,
            "b_at": self.at,
        }


Record = Sent | Judged

_ATTEMPTS = insert(attempts).values(
    run_id=bindparam("b_run"),
    row_number=bindparam("b_row"),
    attempt=select(rows.c.attempts)
    .where(rows.c.run_id == bindparam("b_run"), rows.c.row_number == bindparam("b_row"))
    .scalar_subquery(),
    request_number=bindparam("b_request"),
    state=bindparam("b_state"),
    code=bindparam("b_code"),
    text=bindparam("b_text"),
    at=bindparam("b_at"),
)


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
