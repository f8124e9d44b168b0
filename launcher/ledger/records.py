"""The two facts of every request, as the ledger writes them: it is about to leave, and what became of it.

Theory of operation. A start key has one owner, a row of a run (`claims`); who plans a row makes it the owner,
unless the owner has started or may have (`core.plan`). A row becomes `sent` only if it waits and owns its key,
in the transaction that is on disk before the request leaves: `sent` returns the rows that may go, and the
worker sends those and no other. So two runs that planned the same row cannot both send it, whoever comes first,
and a crash leaves `sent`, which is what is true: it may have started. A verdict is written only to rows that
are still in flight in that very request; what comes later, or to another, changes nothing.

The trap that made it so: to look and then to write, in two steps, lets another process in between. Every
condition stands in the statement that writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from sqlalchemy import Connection, bindparam, case, exists, func, insert, literal_column, select, update

from launcher.core.model import Start, State
from launcher.core.states import ANSWERS, Event
from launcher.core.verdict import BatchOutcome, Verdict, given_twice
from launcher.errors import LedgerError
from launcher.ledger.model import run_name
from launcher.ledger.schema import attempts, claims, requests, rows
from launcher.ledger.statements import ForRows, Prepared, may, move

_SEND = ForRows(
    lambda these: (
        move(Event.SENT)
        .where(
            these,
            exists().where(
                claims.c.start_key == rows.c.start_key,
                claims.c.run_id == rows.c.run_id,
                claims.c.row_number == rows.c.row_number,
            ),
        )
        .values(
            attempts=rows.c.attempts + 1,
            request_number=bindparam("b_request"),
            changed_at=bindparam("b_at"),
        )
        .returning(rows.c.row_number)
    ),
    ("b_request", "b_at"),
)
_LEAVES = Prepared(insert(requests), ("run_id", "number", "rows", "sent_at"))
_WAITS = ForRows(lambda these: select(rows.c.row_number).where(these, may(Event.TAKEN_OVER)).with_for_update())


def _change(event: Event) -> Prepared:
    """Return the statement that has this happen to one row, which then has a verdict's reasons."""
    change = (
        move(event)
        .where(rows.c.run_id == bindparam("b_run"), rows.c.row_number == bindparam("b_row"))
        .values(
            workflow_id=bindparam("b_workflow_id"),
            error_code=bindparam("b_code"),
            error=bindparam("b_text"),
            changed_at=bindparam("b_at"),
        )
    )
    return Prepared(change, ("b_workflow_id", "b_code", "b_text", "b_at", "b_run", "b_row"))


_TAKE_OVER, _DOUBT = _change(Event.TAKEN_OVER), _change(Event.DOUBTED)
_ANSWERS = {state: _change(event) for state, event in ANSWERS.items()}
"""By the verdict's state."""
# Only while all of its rows are in flight: an answer to rows that are not is no answer to this request's.
_ANSWERED = ForRows(
    lambda these: (
        update(requests)
        .where(
            requests.c.run_id == bindparam("b_run"),
            requests.c.number == bindparam("b_request"),
            select(func.count())
            .select_from(rows)
            .where(these, may(Event.INTERRUPTED), rows.c.request_number == bindparam("b_request"))
            .scalar_subquery()
            == bindparam("b_count"),
        )
        .values(answered_at=bindparam("b_at"), outcome=bindparam("b_outcome"))
    ),
    ("b_at", "b_outcome", "b_request", "b_count"),
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
        list(attempts.c),
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
        sent = _SEND.execute(connection, self.run_id, numbers, (self.request_number, self.at))
        may_go = set(sent.scalars())
        kept = self.starts
        if len(may_go) < len(self.starts):
            kept = tuple(start for start in self.starts if start.row_number in may_go)
            self._give_up_lost(connection, numbers)
        if kept:
            _LEAVES.execute(connection, (self.run_id, self.request_number, len(kept), self.at))
        return kept

    def _give_up_lost(self, connection: Connection, numbers: Sequence[int]) -> None:
        """Skip those that still wait to be sent: another row sends them."""
        lost = _WAITS.execute(connection, self.run_id, numbers).scalars().all()
        verdict = Verdict(State.SKIPPED, code="taken over", text="another row has taken this start over")
        if lost:
            _TAKE_OVER.executemany(
                connection, [_changed(self.run_id, number, verdict, self.at) for number in lost]
            )


Written = TypeVar("Written", covariant=True)


class Record(Protocol[Written]):
    """A fact of one request."""

    def write(self, connection: Connection) -> Written:
        """Write it; return what the sender of the request must know of it."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """How rows stand in the ledger after an answer."""

    judgement: BatchOutcome
    """Of the request's own starts."""
    doubted: tuple[int, ...] = ()
    """Rows of earlier requests that are no longer STARTED but UNKNOWN: a row of this one has the same ID."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What became of the starts of that request.

    Written: each with its verdict; where another row of the run has the same workflow ID, both are UNKNOWN.
    Raises LedgerError, and writes nothing, if one of them is not in flight in that request.
    """

    run_id: int
    request_number: int
    starts: tuple[Start, ...]
    judgement: BatchOutcome
    outcome: str
    """In a few words, for the record of requests."""
    at: float

    def write(self, connection: Connection) -> Recorded:
        answered = (self.at, self.outcome, self.request_number, len(self.starts))
        if not _ANSWERED.execute(connection, self.run_id, self._numbers, answered).rowcount:
            raise LedgerError(
                "rows-changed-by-another", run_name=run_name(self.run_id), request_number=self.request_number
            )
        self._judge(connection)
        recorded = self._compared(connection)
        _ATTEMPTS.execute(connection, self.run_id, self._numbers)
        return recorded

    @property
    def _numbers(self) -> list[int]:
        return [start.row_number for start in self.starts]

    def _judge(self, connection: Connection) -> None:
        judged: dict[State, list[tuple[object, ...]]] = {}
        for number, verdict in zip(self._numbers, self.judgement.verdicts, strict=True):
            judged.setdefault(verdict.state, []).append(_changed(self.run_id, number, verdict, self.at))
        for state, rows_of_it in judged.items():
            _ANSWERS[state].executemany(connection, rows_of_it)

    def _compared(self, connection: Connection) -> Recorded:
        """Make the rows of the run UNKNOWN that have a workflow ID in common."""
        if not any(verdict.workflow_id or verdict.shared_id for verdict in self.judgement.verdicts):
            return Recorded(self.judgement)
        found = _SAME_ID.execute(connection, self.run_id, self._numbers)
        others = [other for other in found if other.run_id == self.run_id]
        if not others:
            return Recorded(self.judgement)
        given = {other.workflow_id for other in others}
        doubted = {other.started_row: other.workflow_id for other in others if other.started_row}
        own = {
            number: verdict.workflow_id
            for number, verdict in zip(self._numbers, self.judgement.verdicts, strict=True)
            if verdict.workflow_id in given
        }
        doubts = [
            _changed(self.run_id, row, given_twice(workflow_id), self.at)
            for row, workflow_id in (own | doubted).items()
        ]
        if doubts:
            _DOUBT.executemany(connection, doubts)
        return Recorded(self.judgement.doubting(given), tuple(doubted))


def _changed(run_id: int, row_number: int, verdict: Verdict, at: float) -> tuple[object, ...]:
    # An ID that is several rows' is kept with each, so that another row with it is not believed either.
    workflow_id = verdict.workflow_id or verdict.shared_id
    return (workflow_id, verdict.code, verdict.text, at, run_id, row_number)
