"""When the next request may leave. The clock is the loop's own and leaps from one appointment to the next."""

from __future__ import annotations

import asyncio
import itertools
import selectors
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from launcher.core.answers import Times, Told
from launcher.core.guard import NEVER, Guard, StopAfter
from launcher.core.model import State
from launcher.core.pacing import backoff
from launcher.core.pacing.limits import Limits, Pacing
from launcher.core.summary import Ending
from launcher.core.verdict import Abort, BatchOutcome, Limit, Verdict
from launcher.engine.cancel import CancelToken
from launcher.engine.progress import Progress
from launcher.engine.throttle import Budget, Throttle

STARTED = BatchOutcome((Verdict(State.STARTED, workflow_id="66e.1"),))
FAILED = BatchOutcome((Verdict(State.FAILED, text="Wrong DOCUMENT_ID!"),))
BUSY = BatchOutcome((Verdict(State.DEFERRED, code="item busy", later=True),))
LOST = BatchOutcome((Verdict(State.UNKNOWN, code="TimeoutError"),), lost=True)
RATE = BatchOutcome((Verdict(State.DEFERRED),), hold=Limit.RATE)
OPERATING = BatchOutcome((Verdict(State.DEFERRED),), hold=Limit.OPERATING)
PARTLY = BatchOutcome((*STARTED.verdicts, *OPERATING.verdicts), hold=Limit.OPERATING)
NO_CONNECTION = BatchOutcome((Verdict(State.DEFERRED),), hold=Limit.CONNECTION)
HALTED = BatchOutcome((Verdict(State.PENDING),), halt=Abort("NO_AUTH_FOUND", "make a new webhook"))


def name(value: object) -> str | None:
    """Of a judgement its name above, for the tests' own names."""
    return next((name for name, known in globals().items() if known is value), None)


INSTANT = Times(execution_s=0.0)
"""An answer spent all of its time on the way."""

UNLIMITED = Limits(burst=0, per_second=0, operating_seconds=0)
TEN_AND_ONE_A_SECOND = Limits(burst=10, per_second=1, operating_seconds=0)


class LeapingLoop(asyncio.SelectorEventLoop):
    """A loop that does not wait for an appointment, but sets its clock to it."""

    def __init__(self) -> None:
        self._now = 1000.0
        super().__init__(_Leaping(self))

    def time(self) -> float:
        return self._now

    def leap(self, seconds: float) -> None:
        self._now += seconds


class _Leaping(selectors.SelectSelector):
    def __init__(self, loop: LeapingLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "everybody waits, and nothing is to come"
        self._loop.leap(timeout)
        return super().select(0)


def in_no_time(story: Coroutine[Any, Any, None]) -> None:
    """Live through the story; what takes an hour in it takes none here."""
    with asyncio.Runner(loop_factory=LeapingLoop) as runner:
        runner.run(story)


def now() -> float:
    """Seconds since the story began."""
    return asyncio.get_running_loop().time() - 1000.0


@pytest.fixture(autouse=True)
def long_waits(monkeypatch: pytest.MonkeyPatch, short_waits: None) -> None:
    """Waits as they are for people: they cost nothing here. No dice."""
    monkeypatch.setattr(backoff, "FIRST_WAIT_S", 1.0)
    monkeypatch.setattr("launcher.engine.throttle.random.random", lambda: 0.0)


@dataclass
class Office:
    """A gate, and requests that go through it."""

    limits: Limits = UNLIMITED
    concurrency: int = 4
    stop_after: StopAfter = NEVER
    give_up_after_s: float = 1800.0
    left_at: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    in_the_air: int = 0
    most_in_the_air: int = 0

    def __post_init__(self) -> None:
        self.cancel, self.progress = CancelToken(), Progress()
        self.budget = Budget(Pacing(limits=self.limits, concurrency=self.concurrency))
        self.throttle = Throttle(
            self.budget,
            guard=Guard(self.stop_after),
            give_up_after_s=self.give_up_after_s,
            cancel=self.cancel,
            progress=self.progress,
        )

    async def request(
        self, judgement: BatchOutcome = STARTED, *, takes_s: float = 0.0, times: Times = INSTANT
    ) -> None:
        """One request that is answered so after so long; none where the run is to stop."""
        async with self.throttle.slot(lambda: 50) as slot:
            if not slot.rows:
                return
            slot.leaves(slot.rows)
            self.left_at.append(now())
            self.sizes.append(slot.rows)
            self.in_the_air += 1
            self.most_in_the_air = max(self.most_in_the_air, self.in_the_air)
            await asyncio.sleep(takes_s)
            self.in_the_air -= 1
            slot.heard()
            if judgement is STARTED:
                judgement = BatchOutcome(STARTED.verdicts * slot.rows)
            self.throttle.learn(slot, judgement, times)

    async def requests(self, judgements: Sequence[BatchOutcome], *, takes_s: float = 0.0) -> None:
        """One after another."""
        for judgement in judgements:
            await self.request(judgement, takes_s=takes_s)

    async def stop(self) -> None:
        self.cancel.cancel("a signal asked for it")
        self.throttle.stop()


def test_one_request_with_one_row_is_in_the_air_until_the_portal_has_answered_it() -> None:
    office = Office(concurrency=3)

    async def story() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(6):
                group.create_task(office.request(takes_s=0.1))

    in_no_time(story())
    assert office.left_at == pytest.approx([0.0, 0.1, 0.1, 0.2, 0.2, 0.2])
    assert office.sizes == [1, 50, 50, 50, 50, 50]


def test_requests_in_the_air_grow_from_answer_to_answer_up_to_as_many_as_may_be() -> None:
    office = Office(concurrency=5)

    async def story() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(40):
                group.create_task(office.request(takes_s=0.1))

    in_no_time(story())
    together = [sum(abs(left - at) < 0.01 for left in office.left_at) for at in (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)]
    assert together == [1, 2, 3, 5, 5, 5]


def test_batches_are_so_small_that_they_take_ten_seconds_at_most() -> None:
    office = Office()

    async def starts_of_two_seconds() -> None:
        for _ in range(10):
            async with office.throttle.slot(lambda: 50) as slot:
                slot.leaves(slot.rows)
                office.sizes.append(slot.rows)
                await asyncio.sleep(2.0 * slot.rows)
                slot.heard()
                office.throttle.learn(slot, BatchOutcome(STARTED.verdicts * slot.rows))

    in_no_time(starts_of_two_seconds())
    assert office.sizes[0] == 1
    assert max(office.sizes) <= 5


@pytest.mark.parametrize("first", [BUSY, RATE, OPERATING, NO_CONNECTION, LOST], ids=name)
def test_an_answer_that_neither_accepts_nor_refuses_a_row_lets_no_more_into_the_air(
    first: BatchOutcome,
) -> None:
    office = Office()

    async def story() -> None:
        await office.request(first)
        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(office.request(takes_s=100.0))
            await asyncio.sleep(50.0)
            assert (office.in_the_air, office.sizes) == (1, [1, 1])

    in_no_time(story())
    assert len(office.left_at) == 4


def test_whoever_waits_goes_as_soon_as_a_turn_is_free_though_nothing_was_learnt_from_it() -> None:
    office = Office()

    async def story() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(office.request(BUSY, takes_s=7.0))

    in_no_time(story())
    assert office.left_at == [0.0, 7.0, 14.0]


def test_a_turn_that_was_not_used_goes_to_whoever_waits() -> None:
    """The ledger gave none of the rows leave: another run has taken them over."""
    office = Office()

    async def unused() -> None:
        async with office.throttle.slot(lambda: 50):
            await asyncio.sleep(5.0)

    async def story() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(unused())
            await asyncio.sleep(1.0)
            group.create_task(office.request())

    in_no_time(story())
    assert office.left_at == [5.0]


@pytest.mark.parametrize(("first", "then"), [(STARTED, 50), (FAILED, 4), (PARTLY, 50)], ids=name)
def test_a_row_that_was_accepted_or_refused_lets_the_others_go(first: BatchOutcome, then: int) -> None:
    """A refused row says nothing of what starts cost, so batches grow by steps until one has started."""
    office = Office(concurrency=3)

    async def story() -> None:
        await office.request(first)
        async with asyncio.TaskGroup() as group:
            for _ in range(19):
                group.create_task(office.request(takes_s=0.1))

    in_no_time(story())
    assert office.sizes[:2] == [1, then]
    assert office.sizes[5:] == [50] * 15
    assert office.most_in_the_air == 3


def test_after_a_refusal_for_the_rate_everybody_waits_together() -> None:
    office = Office(concurrency=3)

    async def story() -> None:
        await office.request()
        async with asyncio.TaskGroup() as group:
            group.create_task(office.request(RATE, takes_s=5.0))
            await asyncio.sleep(5.5)
            for _ in range(3):
                group.create_task(office.request())

    in_no_time(story())
    assert office.left_at == [0.0, 0.0, 6.0, 6.0, 6.0]


def test_whoever_was_refused_in_the_same_moment_makes_the_wait_no_longer() -> None:
    office = Office(concurrency=4)

    async def story() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(10):
                group.create_task(office.request(takes_s=0.1))
        began = now()
        async with asyncio.TaskGroup() as group:
            for _ in range(4):
                group.create_task(office.request(RATE, takes_s=5.0))
        await office.request()
        assert office.left_at[-5:] == pytest.approx([*[began] * 4, began + 6.0])

    in_no_time(story())


@pytest.mark.parametrize("refusal", [RATE, OPERATING, NO_CONNECTION], ids=name)
def test_the_wait_grows_from_refusal_to_refusal_and_begins_anew_after_an_answer(refusal: BatchOutcome) -> None:
    office = Office()

    async def story() -> None:
        await office.requests([refusal, refusal, refusal, STARTED, refusal, STARTED])

    in_no_time(story())
    assert office.left_at == [0.0, 1.0, 3.0, 7.0, 7.0, 8.0]


def test_while_everybody_waits_the_person_is_told_why_and_for_how_long() -> None:
    office = Office()

    async def story() -> None:
        await office.requests([OPERATING, OPERATING, OPERATING])
        assert office.progress.waiting == "operating time limit, 4.0 s"
        await office.request()
        assert office.progress.waiting == ""

    in_no_time(story())


def test_a_pause_that_begins_while_others_wait_for_the_rate_holds_for_them_too() -> None:
    office = Office(Limits(burst=2, per_second=1, operating_seconds=0), concurrency=9)

    async def story() -> None:
        await office.request()
        async with asyncio.TaskGroup() as group:
            group.create_task(office.request(NO_CONNECTION, takes_s=0.5))
            await asyncio.sleep(0.1)
            for _ in range(3):
                group.create_task(office.request())

    in_no_time(story())
    before, *waited = office.left_at[1:]
    assert before == 0.0
    assert min(waited) >= 1.5


USED_UP = Times(execution_s=1.0, told={"start": Told(used_s=479.9, at=50_000.0, reset_at=50_300.0)})
TEN_MINUTES = Limits(burst=0, per_second=0, operating_seconds=480)


def test_when_the_operating_time_is_used_up_it_is_waited_for_and_the_person_told_so() -> None:
    office = Office(TEN_MINUTES)

    async def story() -> None:
        await office.request(times=USED_UP)
        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(office.request(takes_s=1.0))
            await asyncio.sleep(10.0)
            assert office.progress.waiting == "operating time limit, 5 min"

    in_no_time(story())
    assert office.left_at[1] == pytest.approx(300.0, abs=0.1)
    assert office.sizes[:2] == [1, 1]
    assert not office.cancel.is_set


def test_a_stop_ends_the_wait_for_operating_time() -> None:
    office = Office(TEN_MINUTES)

    async def story() -> None:
        await office.request(times=USED_UP)
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(office.request())
            await asyncio.sleep(10.0)
            await office.stop()
            await waiting
            assert now() == 10.0

    in_no_time(story())


def test_a_stop_ends_the_wait_for_the_rate() -> None:
    office = Office(Limits(burst=1, per_second=1, operating_seconds=0), concurrency=9)

    async def story() -> None:
        await office.request()
        async with asyncio.TaskGroup() as group:
            waiting = [group.create_task(office.request()) for _ in range(5)]
            await asyncio.sleep(0.5)
            await office.stop()
            await asyncio.gather(*waiting)
            assert now() == 0.5

    in_no_time(story())


def test_nobody_waits_for_a_turn_when_there_is_nothing_left_to_send() -> None:
    office, rows = Office(Limits(burst=1, per_second=1, operating_seconds=0), concurrency=9), [50]

    async def ask() -> None:
        async with office.throttle.slot(lambda: rows[0]) as slot:
            assert slot.rows == 0

    async def story() -> None:
        await office.request()
        async with asyncio.TaskGroup() as group:
            waiting = [group.create_task(ask()) for _ in range(5)]
            await asyncio.sleep(0.5)
            rows[0] = 0
            async with office.throttle.slot(lambda: 0):
                office.throttle.stop()  # as any answer would, it makes them look again
            await asyncio.gather(*waiting)
            assert now() == 0.5

    in_no_time(story())
    assert not office.cancel.is_set


def test_a_stop_wakes_whoever_waits_for_a_turn_and_gives_him_none() -> None:
    office = Office()

    async def story() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(office.request(takes_s=100.0))
            waiting = [group.create_task(office.request()) for _ in range(3)]
            await asyncio.sleep(10.0)
            assert not any(task.done() for task in waiting)
            await office.stop()
            await asyncio.gather(*waiting)
            assert now() == 10.0

    in_no_time(story())
    assert len(office.left_at) == 1


def test_a_stop_ends_a_pause() -> None:
    office = Office()

    async def story() -> None:
        await office.requests([STARTED, *[RATE] * 8])
        assert office.progress.waiting == "rate limit, 1 min"
        began = now()
        async with asyncio.TaskGroup() as group:
            waiting = [group.create_task(office.request()) for _ in range(3)]
            await asyncio.sleep(5.0)
            await office.stop()
            await asyncio.gather(*waiting)
            assert now() == began + 5.0

    in_no_time(story())
    assert len(office.left_at) == 9


def test_after_a_stop_there_is_no_turn_any_more() -> None:
    office = Office()

    async def story() -> None:
        await office.request()
        await office.stop()
        await office.request()

    in_no_time(story())
    assert len(office.left_at) == 1


def test_a_full_bucket_goes_at_once_and_then_as_much_as_drains() -> None:
    office = Office(TEN_AND_ONE_A_SECOND, concurrency=99)

    async def story() -> None:
        await office.request()
        async with asyncio.TaskGroup() as group:
            for _ in range(12):
                group.create_task(office.request())

    in_no_time(story())
    assert office.left_at == pytest.approx([*[0.0] * 10, 1.0, 2.0, 3.0])


def test_the_bucket_begins_to_drain_when_the_first_answer_is_there() -> None:
    """The first request may have been under way for a minute before it stood in the portal's bucket."""
    office = Office(TEN_AND_ONE_A_SECOND, concurrency=99)

    async def story() -> None:
        await office.request(takes_s=60.0)
        async with asyncio.TaskGroup() as group:
            for _ in range(12):
                group.create_task(office.request())

    in_no_time(story())
    assert office.left_at == pytest.approx([0.0, *[60.0] * 9, 61.0, 62.0, 63.0])


def test_later_answers_do_not_fill_the_bucket_again() -> None:
    office = Office(TEN_AND_ONE_A_SECOND, concurrency=99)

    async def story() -> None:
        await office.requests([STARTED] * 10)
        await office.request()

    in_no_time(story())
    assert office.left_at == pytest.approx([*[0.0] * 10, 1.0])


def test_after_a_refusal_for_the_rate_only_what_drains_is_sent() -> None:
    """The portal's bucket is full, and other programs fill it too."""
    office = Office(TEN_AND_ONE_A_SECOND, concurrency=99)

    async def story() -> None:
        await office.requests([STARTED, RATE])
        async with asyncio.TaskGroup() as group:
            for _ in range(4):
                group.create_task(office.request())

    in_no_time(story())
    pauses = [later - sooner for sooner, later in itertools.pairwise(office.left_at[1:])]
    assert all(1.0 <= pause <= 3.5 for pause in pauses)
    assert pauses[1:] == sorted(pauses[1:], reverse=True)


def test_a_refusal_for_want_of_operating_time_leaves_the_rate_as_it_was() -> None:
    office = Office(TEN_AND_ONE_A_SECOND, concurrency=99)

    async def story() -> None:
        await office.requests([STARTED, OPERATING])
        async with asyncio.TaskGroup() as group:
            for _ in range(5):
                group.create_task(office.request())

    in_no_time(story())
    assert office.left_at == pytest.approx([0.0, 0.0, *[1.0] * 5])


def test_after_a_lost_answer_rows_go_alone_one_request_at_a_time_and_then_batches_grow() -> None:
    office = Office(concurrency=3)

    async def story() -> None:
        await office.requests([STARTED, LOST])
        async with asyncio.TaskGroup() as group:
            for _ in range(8):
                group.create_task(office.request(takes_s=0.1))

    in_no_time(story())
    assert office.sizes[:3] == [1, 50, 1]
    assert office.left_at[:4] == pytest.approx([0.0, 0.0, 1.0, 1.1])
    assert office.sizes[3:5] == [2, 4]
    assert office.sizes[3:] == sorted(office.sizes[3:])
    assert office.sizes[-1] >= 16


def test_an_answer_that_is_lost_while_others_wait_for_the_rate_lets_only_one_of_them_go() -> None:
    office = Office(Limits(burst=3, per_second=1, operating_seconds=0), concurrency=9)

    async def story() -> None:
        await office.request()
        async with asyncio.TaskGroup() as group:
            group.create_task(office.request(LOST, takes_s=0.5))
            await asyncio.sleep(0.1)
            group.create_task(office.request(takes_s=30.0))
            await asyncio.sleep(0.1)
            for _ in range(3):
                group.create_task(office.request(takes_s=10.0))
            await asyncio.sleep(9.0)
            assert office.in_the_air == 1

    in_no_time(story())
    assert len(office.left_at) == 6
    assert office.left_at[3] >= 30.1


def test_ten_lost_answers_in_a_row_stop_the_run() -> None:
    office = Office()

    async def story() -> None:
        await office.requests([LOST] * 9)
        assert not office.cancel.is_set
        await office.requests([LOST] * 5)

    in_no_time(story())
    assert len(office.left_at) == 10
    assert office.cancel.ending is Ending.STOPPED
    assert "lost 10 times in a row" in office.cancel.reason


def test_lost_answers_with_others_between_do_not_stop_it() -> None:
    office = Office()

    in_no_time(office.requests([LOST, LOST, LOST, STARTED] * 10))
    assert not office.cancel.is_set
    assert len(office.left_at) == 40


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (RATE, "rate limit for 30 min"),
        (OPERATING, "operating time limit for 30 min"),
        (NO_CONNECTION, "no connection for 30 min"),
    ],
    ids=name,
)
def test_a_portal_that_lets_nothing_through_for_half_an_hour_stops_the_run(
    refusal: BatchOutcome, words: str
) -> None:
    office = Office()

    in_no_time(office.requests([STARTED, *[refusal] * 60]))
    assert 1800 < office.left_at[-1] <= 1860
    assert office.cancel.ending is Ending.STOPPED
    assert office.cancel.reason.startswith(f"{words}; no request got through; ")
    assert "continue with launcher resume" in office.cancel.reason


def test_a_portal_that_lets_something_through_is_not_given_up() -> None:
    office = Office()

    in_no_time(office.requests([*[OPERATING] * 20, PARTLY] * 5))
    assert office.left_at[-1] > 3600
    assert not office.cancel.is_set


def test_a_refusal_of_the_run_stops_it_with_what_is_to_be_mended() -> None:
    office = Office()

    in_no_time(office.requests([HALTED, STARTED]))
    assert len(office.left_at) == 1
    assert (office.cancel.ending, office.cancel.reason) == (Ending.STOPPED, "make a new webhook")


def test_too_many_failed_rows_stop_the_run_and_rows_held_back_are_none() -> None:
    office = Office(stop_after=StopAfter(failures=2))

    async def story() -> None:
        await office.requests([FAILED, BUSY, RATE, LOST, STARTED])
        assert not office.cancel.is_set
        await office.requests([FAILED, STARTED])

    in_no_time(story())
    assert len(office.left_at) == 6
    assert office.cancel.reason == "2 rows failed, and stop_after: failures: is 2"


def test_a_request_that_ends_in_a_mistake_of_ours_gives_its_turn_back() -> None:
    office = Office()

    async def story() -> None:
        with pytest.raises(ZeroDivisionError):
            async with office.throttle.slot(lambda: 50):
                raise ZeroDivisionError
        await office.request()

    in_no_time(story())
    assert office.left_at == [0.0]


def test_questions_before_and_during_a_run_count_in_its_bucket() -> None:
    office = Office(TEN_AND_ONE_A_SECOND, concurrency=99)

    async def story() -> None:
        for _ in range(4):
            await office.budget.for_question()
            office.budget.answered()
        await office.request()
        async with asyncio.TaskGroup() as group:
            for _ in range(7):
                group.create_task(office.request())
            await asyncio.sleep(0.0)
            group.create_task(office.budget.for_question())
        await office.request()

    in_no_time(story())
    # Five questions and five starts fill it.
    assert office.left_at == pytest.approx([*[0.0] * 5, 1.0, 2.0, 3.0, 4.0])


def test_a_question_that_is_refused_for_the_rate_holds_starts_back_too() -> None:
    office = Office(TEN_AND_ONE_A_SECOND, concurrency=99)

    async def story() -> None:
        await office.request()
        office.budget.refused(sent_at=await office.budget.for_question())
        await office.requests([STARTED, STARTED])

    in_no_time(story())
    assert office.left_at[0] == 0.0
    assert [round(at) for at in office.left_at[1:]] == [3, 5]
