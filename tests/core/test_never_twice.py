"""Plans, verdicts, crashes, resumed runs and new ones, in any order: nothing starts twice, nothing is lost.

The decisions are core's. Beside them stand the ledger's rules in a few lines, and a portal that knows what it
really started.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from launcher.core.answers import Blocked, NotSent, Outcome, Redirected, Response, ResponseLost
from launcher.core.batch import batch_size_for, command_key
from launcher.core.model import Document, Start, State, start_key
from launcher.core.pacing.backoff import SlowStart
from launcher.core.plan import SKIP, Claim, Planned, Planner
from launcher.core.reconcile import LostRow, Running, settle
from launcher.core.states import ANSWERS, MAY_HAVE_STARTED, SENDABLE, TRANSITIONS, Event
from launcher.core.verdict import Verdict, judge_batch
from tests.core.making import batch_body, error
from tests.support.examples import examples

USER = 1
PORTAL_AHEAD_S = 7200.0
JOBS = ("", "j")
"""Runs without a job, and those of one."""
BUSY_TEXT = "Для каждого документа может одновременно быть запущено не более 2 процесса(ов)"


@dataclass
class Row:
    """A row as the ledger has it."""

    start: Start
    state: State = State.PENDING
    workflow_id: str = ""
    sent_at: float = 0.0

    def happens(self, event: Event) -> None:
        """KeyError where the table of states does not have it."""
        self.state = TRANSITIONS[self.state, event]


@dataclass
class Ledger:
    """The ledger's rules: a row is sent only while it waits to be sent and owns its start key."""

    rows: dict[tuple[int, int], Row] = field(default_factory=dict)
    owners: dict[str, tuple[int, int]] = field(default_factory=dict)

    def add(self, run: int, planned: Iterable[Planned]) -> None:
        for plan in planned:
            if plan.start is not None:
                self.rows[run, plan.row_number] = Row(plan.start)
                self.owners[plan.start.start_key] = run, plan.row_number
                for _, key in plan.start.equivalent_keys:
                    del self.owners[key]

    def claims(self) -> dict[str, Claim]:
        return {
            key: Claim(
                run_id=run,
                run=f"r{run}",
                row_number=row_number,
                state=self.rows[run, row_number].state,
                workflow_id=self.rows[run, row_number].workflow_id,
            )
            for key, (run, row_number) in self.owners.items()
        }

    def sendable(self, run: int) -> list[Start]:
        return [row.start for (of, _), row in self.rows.items() if of == run and row.state in SENDABLE]

    def sent(self, run: int, starts: Sequence[Start], at: float) -> list[Start]:
        kept = []
        for start in starts:
            row = self.rows[run, start.row_number]
            if row.state not in SENDABLE:
                continue
            if self.owners.get(start.start_key) != (run, start.row_number):
                row.happens(Event.TAKEN_OVER)
                continue
            row.happens(Event.SENT)
            row.sent_at = at
            kept.append(start)
        return kept

    def judged(self, run: int, starts: Sequence[Start], verdicts: Sequence[Verdict]) -> None:
        for start, verdict in zip(starts, verdicts, strict=True):
            row = self.rows[run, start.row_number]
            row.happens(ANSWERS[verdict.state])
            row.workflow_id = verdict.workflow_id

    def all_in(self, state: State, run: int | None = None) -> list[Row]:
        return [row for (of, _), row in self.rows.items() if row.state is state and run in (None, of)]


class Portal:
    """What really started, and what a client can know of it."""

    def __init__(self) -> None:
        self.started: dict[str, str] = {}
        """Workflow ID → identity without the job."""
        self.running: dict[str, tuple[Start, float]] = {}
        self.may_have_started: set[str] = set()
        """Identities that started, or of which no answer says that they did not."""

    def start(self, start: Start, at: float) -> str:
        workflow_id = f"66e81a64{len(self.started):05x}.1"
        self.started[workflow_id] = identity(start)
        self.running[workflow_id] = start, at
        self.may_have_started.add(identity(start))
        return workflow_id

    def execute(self, starts: Sequence[Start], at: float) -> list[str]:
        return [self.start(start, at) for start in starts]

    def listed(self, document: Document) -> list[Running]:
        return [
            Running(
                workflow_id=workflow_id,
                template_id=start.template_id,
                entity=start.document.entity,
                element_id=start.document.element_id,
                started_at=at + PORTAL_AHEAD_S,
                started_by=USER,
            )
            for workflow_id, (start, at) in self.running.items()
            if start.document == document
        ]


class Fate(Enum):
    """What becomes of one command of a batch that is answered."""

    STARTS = auto()
    REFUSED = auto()
    BUSY = auto()
    OVER_LIMIT = auto()
    HALTED = auto()
    LEFT_OUT = auto()
    CONTRADICTED = auto()
    NUMBER_FOR_AN_ID = auto()
    ERROR_WITHOUT_FORM = auto()
    UNFAMILIAR_ERROR = auto()


CERTAIN_NO = {
    Fate.REFUSED: error("", "Wrong DOCUMENT_ID!"),
    Fate.BUSY: error("", BUSY_TEXT),
    Fate.OVER_LIMIT: error("OPERATION_TIME_LIMIT"),
    Fate.HALTED: error("ACCESS_DENIED"),
}
NOBODY_KNOWS = {
    Fate.CONTRADICTED: error("", "Wrong DOCUMENT_ID!"),
    Fate.ERROR_WITHOUT_FORM: "error",
    Fate.UNFAMILIAR_ERROR: error("ERROR_CORE", "something"),
}

NOTHING_STARTED: list[Outcome] = [
    Response(503, error("QUERY_LIMIT_EXCEEDED")),
    Response(429, error("OPERATION_TIME_LIMIT")),
    Response(401, error("NO_AUTH_FOUND")),
    Response(503, error("OVERLOAD_LIMIT")),
    NotSent("ClientConnectorError"),
    Redirected("new.example"),
    Blocked("invalid_grant", "sign in again"),
]
MEANS_NOTHING: list[Outcome] = [
    ResponseLost("ServerDisconnectedError"),
    ResponseLost("TimeoutError"),
    ResponseLost("HTTP 200 without JSON"),
    Response(200, []),
    Response(200, None),
    Response(200, {}),
    Response(200, {"result": []}),
    Response(502, batch_body({"r2": "66e.1", "r3": "66e.2"})),
    Response(500, error("INTERNAL_SERVER_ERROR")),
    Response(400, error("", "Wrong DOCUMENT_ID!")),
    Response(400, error("CODE_THAT_NOBODY_KNOWS")),
    Response(503, batch_body({"r2": "66e.1"}) | error("QUERY_LIMIT_EXCEEDED")),
]


@dataclass(frozen=True)
class Answered:
    """A whole answer: each command has its fate. `executed`: where the fate leaves it open, it did start."""

    fates: tuple[Fate, ...]
    executed: bool

    def of(self, portal: Portal, starts: Sequence[Start], now: float) -> Outcome:
        results: dict[str, object] = {}
        errors: dict[str, object] = {}
        for place, start in enumerate(starts):
            key, fate = command_key(start), self.fates[place % len(self.fates)]
            if fate in CERTAIN_NO:
                errors[key] = CERTAIN_NO[fate]
                continue
            portal.may_have_started.add(identity(start))
            started = portal.start(start, now) if self.executed or fate is Fate.STARTS else "66e.nobody's"
            if fate in NOBODY_KNOWS:
                errors[key] = NOBODY_KNOWS[fate]
            if fate in (Fate.STARTS, Fate.CONTRADICTED):
                results[key] = started
            elif fate is Fate.NUMBER_FOR_AN_ID:
                results[key] = 66
        return Response(200, batch_body(results, errors))


@dataclass(frozen=True)
class OneIdForAll:
    """All start, and each gets the first one's workflow ID."""

    def of(self, portal: Portal, starts: Sequence[Start], now: float) -> Outcome:
        [first, *_] = portal.execute(starts, now)
        return Response(200, batch_body({command_key(start): first for start in starts}))


@dataclass(frozen=True)
class Certain:
    """Nothing starts, and what is heard says so."""

    outcome: Outcome


@dataclass(frozen=True)
class Lost:
    """The first `executed` start, and what is heard, if anything, does not say which."""

    outcome: Outcome
    executed: int

    def of(self, portal: Portal, starts: Sequence[Start], now: float) -> Outcome:
        portal.execute(starts[: self.executed], now)
        portal.may_have_started.update(map(identity, starts))
        return self.outcome


Answer = Answered | OneIdForAll | Certain | Lost

executed = st.integers(0, 4)
moments = st.sampled_from([0.0, 1.0, 40.0, 1000.0])
answers = st.one_of(
    st.builds(Answered, st.just((Fate.STARTS,)), st.just(True)),
    st.builds(Answered, st.lists(st.sampled_from(Fate), min_size=1, max_size=4).map(tuple), st.booleans()),
    st.builds(OneIdForAll),
    st.builds(Certain, st.sampled_from(NOTHING_STARTED)),
    st.builds(Lost, st.sampled_from(MEANS_NOTHING), executed),
)
jobs = st.sampled_from(JOBS)
files = st.lists(st.tuples(st.integers(1, 9), st.sampled_from("AB")), min_size=5, max_size=12)


@dataclass
class Request:
    """A request in flight."""

    run: int
    starts: list[Start]
    left_at: float


class NeverTwice(RuleBasedStateMachine):
    """One launcher, killed and started again, with its files, its ledger and its portal.

    A person may do all of it but one thing: ask for unknown rows to be sent again.
    """

    def __init__(self) -> None:
        super().__init__()
        self.ledger, self.portal = Ledger(), Portal()
        self.now = 0.0
        self.runs = 0
        self.run = 0
        """The run that is going; one at a time, as one portal allows."""
        self.slow_start = SlowStart(concurrency=3)
        self.air: list[Request] = []

    @initialize(file=files, job=jobs)
    def run_the_first_file(self, file: list[tuple[int, str]], job: str) -> None:
        self.run_a_file(file, job, 0)

    @rule(file=files, job=jobs, executed=executed)
    def run_a_file(self, file: list[tuple[int, str]], job: str, executed: int) -> None:
        self.crash(executed)
        self.runs += 1
        planner = Planner(run_id=self.runs, started_before=SKIP, now=self.now)
        rows = [row_of(row_number, *cells, job) for row_number, cells in enumerate(file, start=2)]
        planned = planner.plan(rows, self.ledger.claims())
        keys = [plan.start.start_key for plan in planned if plan.start is not None]
        assert len(keys) == len(set(keys)), "one file, one start key, one row that may be sent"
        self.ledger.add(self.runs, planned)
        self.take_up(self.runs)

    @rule(back=st.integers(0, 2), executed=executed)
    def resume(self, back: int, executed: int) -> None:
        self.crash(executed)
        self.take_up(max(1, self.runs - back))

    def crash(self, executed: int) -> None:
        """The process is killed; the portal goes on with what is in flight, as far as it gets."""
        for request in self.air:
            Lost(ResponseLost("killed"), executed).of(self.portal, request.starts, self.now)
        self.air.clear()

    def take_up(self, run: int) -> None:
        self.run, self.slow_start = run, SlowStart(concurrency=3)
        for row in self.ledger.all_in(State.SENT, run):
            row.happens(Event.INTERRUPTED)

    @rule(exchanges=st.lists(st.tuples(moments, answers | st.none()), min_size=1, max_size=6))
    def work(self, exchanges: list[tuple[float, Answer | None]]) -> None:
        """Requests leave; each is answered at once, or with None not yet."""
        for seconds, answer in exchanges:
            self.now += seconds
            if self.slow_start.may_send(len(self.air)):
                self.send()
            if self.air and answer is not None:
                self.hear(self.air.pop(), answer)

    @precondition(lambda self: self.air)
    @rule(answer=answers)
    def answer_late(self, answer: Answer) -> None:
        self.hear(self.air.pop(0), answer)

    def send(self) -> None:
        waiting = self.ledger.sendable(self.run)
        kept = self.ledger.sent(self.run, waiting[: batch_size_for(waiting, self.slow_start.size)], self.now)
        for start in kept:
            assert identity(start) not in self.portal.may_have_started, "sent after it may have happened"
        if kept:
            self.air.append(Request(self.run, kept, self.now))

    def hear(self, request: Request, answer: Answer) -> None:
        self.now += 0.5
        if isinstance(answer, Certain):
            outcome = answer.outcome
        else:
            outcome = answer.of(self.portal, request.starts, self.now)
        judgement = judge_batch(request.starts, outcome)
        self.ledger.judged(request.run, request.starts, judgement.verdicts)
        if judgement.lost:
            self.slow_start.lost(sent_at=request.left_at, now=self.now)
        elif {verdict.state for verdict in judgement.verdicts} & {State.STARTED, State.FAILED}:
            self.slow_start.answered(sent_at=request.left_at)

    @precondition(lambda self: any(self.ledger.all_in(State.FAILED)))
    @rule(back=st.integers(0, 2))
    def retry_failed(self, back: int) -> None:
        for row in self.ledger.all_in(State.FAILED, max(1, self.runs - back)):
            row.happens(Event.RETRIED)

    @precondition(lambda self: self.portal.running)
    @rule(which=st.integers(0, 20))
    def a_workflow_ends(self, which: int) -> None:
        del self.portal.running[list(self.portal.running)[which % len(self.portal.running)]]

    @precondition(lambda self: not self.air and any(self.ledger.all_in(State.UNKNOWN)))
    @rule()
    def reconcile(self) -> None:
        """All rows that may have started and have no ID are asked for together: they are rivals."""
        lost = [*self.ledger.all_in(State.UNKNOWN), *self.ledger.all_in(State.SENT)]
        settled = settle(
            [
                LostRow(
                    row_number=number,
                    template_id=row.start.template_id,
                    document=row.start.document,
                    sent_at=row.sent_at,
                )
                for number, row in enumerate(lost)
            ],
            {number: self.portal.listed(row.start.document) for number, row in enumerate(lost)},
            owned={row.workflow_id for row in self.ledger.rows.values() if row.workflow_id},
            user_id=USER,
            portal_ahead_s=PORTAL_AHEAD_S,
        )
        for one in settled:
            row = lost[one.row_number]
            assert bool(one.workflow_id) != bool(one.reason)
            if one.workflow_id and row.state is State.UNKNOWN:
                row.happens(Event.RECONCILED)
                row.workflow_id = one.workflow_id

    @invariant()
    def the_portal_started_nothing_twice(self) -> None:
        assert len(set(self.portal.started.values())) == len(self.portal.started)

    @invariant()
    def a_started_row_has_the_workflow_that_the_portal_started_for_it(self) -> None:
        for row in self.ledger.rows.values():
            assert (row.state is State.STARTED) == bool(row.workflow_id)
            if row.workflow_id:
                assert self.portal.started[row.workflow_id] == identity(row.start)

    @invariant()
    def what_may_have_started_is_known_as_such_and_what_did_not_waits_or_failed(self) -> None:
        for owner in self.ledger.owners.values():
            row = self.ledger.rows[owner]
            if identity(row.start) in self.portal.may_have_started:
                assert row.state in MAY_HAVE_STARTED
            else:
                assert row.state in SENDABLE | {State.FAILED, State.SENT}


def identity(start: Start) -> str:
    """What is started, whatever the job. One named job is enough: two of them may start the same."""
    return f"{start.document.element_id} {start.parameters['Manager']}"


def row_of(row_number: int, number: int, manager: str, job: str) -> Start:
    document = Document("crm", "CCrmDocumentLead", f"LEAD_{number}")

    def key(job: str) -> str:
        return start_key(
            portal="portal.example", job=job, template_id=7, document=document, parameters={"Manager": manager}
        )

    return Start(
        row_number=row_number,
        template_id=7,
        document=document,
        parameters={"Manager": manager},
        start_key=key(job),
        equivalent_keys=tuple((other, key(other)) for other in JOBS if other != job),
    )


TestNeverTwice = NeverTwice.TestCase
TestNeverTwice.settings = settings(max_examples=examples(150), stateful_step_count=25)
