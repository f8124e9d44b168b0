"""The requests that a portal lets us send: whoever sends one, a start or a question, takes it from here."""

from __future__ import annotations

import asyncio
import math
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import KW_ONLY, dataclass, field

from launcher.core.answers import NOTHING, Times
from launcher.core.catalogue import answers_lost_text, given_up_text
from launcher.core.guard import Guard
from launcher.core.model import State
from launcher.core.pacing.backoff import SlowStart
from launcher.core.pacing.controller import Controller, Feedback, Wait, WaitReason
from launcher.core.pacing.limits import Pacing
from launcher.core.pacing.rate import Rate
from launcher.core.pacing.sizing import InFlight
from launcher.core.summary import Ending
from launcher.core.verdict import BatchOutcome
from launcher.core.words import duration
from launcher.engine.cancel import CancelToken, wait_for_event
from launcher.engine.progress import Progress, Waits
from launcher.log import get_logger


class Budget:
    """One for a portal and a command, with the clock."""

    def __init__(self, pacing: Pacing) -> None:
        self.pacing = pacing
        self.rate = Rate(pacing.limits, pacing.share)
        self._changed = asyncio.Event()

    async def for_question(self) -> float:
        """When a question may leave, which it does then, this gives the time: the loop's."""
        while wait_s := self.rate.wait_s(now(), hurried=True):
            await self.changes(within_s=wait_s)
        left_at = now()
        self.rate.passed(left_at)
        return left_at

    def answered(self) -> None:
        """The answer to a question is here."""
        self.rate.answered(now())

    def refused(self, *, sent_at: float) -> None:
        """A question that left at that time was refused for the rate."""
        self.rate.refused(sent_at=sent_at, now=now())
        self.change()

    def change(self) -> None:
        """Whoever waits is to look again."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def changes(self, *, within_s: float) -> None:
        """Return with the next change, or after so long."""
        await wait_for_event(self._changed, within_s)


def now() -> float:
    """Seconds by the loop's clock, by which all pacing goes."""
    return asyncio.get_running_loop().time()


_log = get_logger()

_LOST = "the portal's answer was lost"


class Slot:
    """A place among the requests in flight, held while one is sent, answered and recorded."""

    def __init__(self, controller: Controller, flight: InFlight | None) -> None:
        self._controller = controller
        self.flight = flight
        self.rows = 0 if flight is None else flight.rows
        """Rows that the request may hold; 0: none is to be sent."""
        self.heard_at = 0.0

    @property
    def longest(self) -> float:
        """Bytes that the request's commands may have."""
        return self._controller.longest

    def leaves(self, rows: int) -> None:
        """The request leaves now, with so many rows."""
        if self.flight is not None:
            self._controller.leaves(self.flight, now(), rows=rows)

    def heard(self) -> None:
        """Its answer is here, or is not to come."""
        self.heard_at = now()


@dataclass(slots=True)
class Throttle:
    """All workers pass here before each request, and tell it what each answer taught."""

    budget: Budget
    _: KW_ONLY
    guard: Guard
    give_up_after_s: float
    cancel: CancelToken
    progress: Progress
    waits: Waits = field(default_factory=Waits)
    _controller: Controller = field(init=False)
    _trouble: str = field(init=False, default="")
    """Why everybody waits, in words, if it is a refusal or a loss."""
    _waiting_for: Counter[WaitReason] = field(init=False, default_factory=Counter)
    _waiting_since: dict[WaitReason, float] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._controller = Controller(self.budget.pacing, self.budget.rate)

    @asynccontextmanager
    async def slot(self, rows: Callable[[], int]) -> AsyncIterator[Slot]:
        """A turn to send one request; one without rows where the run is to stop.

        `rows`: how many are left to send, at the moment; where there are none any more, nobody waits.
        """
        flight = await self._enter(rows)
        try:
            yield Slot(self._controller, flight)
        finally:
            if flight is not None:
                self._controller.done(flight)
                self.budget.change()

    @property
    def is_closed(self) -> bool:
        """Whether the run is to stop, so that there is no turn any more."""
        return self.cancel.is_set

    async def _enter(self, rows: Callable[[], int]) -> InFlight | None:
        while not self.is_closed and (count := rows()):
            answer = self._controller.ask(now(), rows=count)
            if not isinstance(answer, Wait):
                self.progress.waiting = ""
                return self._controller.take(answer, now())
            await self._wait(answer)
        return None

    async def _wait(self, wait: Wait) -> None:
        """Wait so long, or until something has changed. Workers that wait for the same wait together."""
        why = wait.why
        self._show(why, wait.seconds)
        if why is WaitReason.OPERATING:
            self.waits.begin(why.value, wait.seconds)
        self._waiting_since.setdefault(why, now())
        self._waiting_for[why] += 1
        try:
            with self.waits.pacing() if why is WaitReason.RATE else nullcontext():
                await self.budget.changes(within_s=wait.seconds)
        finally:
            self._waiting_for[why] -= 1
            if not self._waiting_for[why]:
                seconds = now() - self._waiting_since.pop(why)
                if why is not WaitReason.IN_FLIGHT:
                    _log.debug("waited", reason=self._words(why), seconds=round(seconds, 1))

    def _show(self, why: WaitReason, seconds: float) -> None:
        if why is WaitReason.RATE:
            pacing = self.budget.pacing
            per_second = pacing.limits.per_second * pacing.share
            self.progress.waiting = f"rate limit, {per_second:g} requests a second"
        elif why is not WaitReason.IN_FLIGHT and not math.isinf(seconds):
            self.progress.waiting = f"{self._words(why)}, {duration(seconds)}"

    def _words(self, why: WaitReason) -> str:
        return self._trouble if why is WaitReason.TROUBLE else why.value

    def learn(self, slot: Slot, judgement: BatchOutcome, times: Times = NOTHING) -> None:
        """Take account of the answer to the request of this turn, once it is recorded."""
        if slot.flight is None:
            return
        if judgement.halt is not None:
            self.cancel.cancel(judgement.halt.text, Ending.STOPPED)
        else:
            feedback = self._feedback_of(slot, judgement, times)
            self._controller.learn(slot.flight, feedback, now())
            self._look_out(feedback)
        self.budget.change()

    def _feedback_of(self, slot: Slot, judgement: BatchOutcome, times: Times) -> Feedback:
        states = Counter(verdict.state for verdict in judgement.verdicts)
        accepted, failed = states[State.STARTED], states[State.FAILED]
        if not judgement.lost and (why := self.guard.count(accepted=accepted, failed=failed)):
            self.cancel.cancel(why, Ending.STOPPED)
        return Feedback(
            heard_at=slot.heard_at,
            times=times,
            started=accepted,
            settled=not judgement.lost and accepted + failed > 0,
            lost=judgement.lost,
            limit=None if judgement.lost else judgement.hold,
            too_long=judgement.too_long,
            jitter=random.random(),  # noqa: S311 - dice for spreading requests, not for secrets
        )

    def _look_out(self, feedback: Feedback) -> None:
        """Tell why everybody waits; stop the run if more requests lead nowhere."""
        if feedback.too_long:
            _log.warning("shorter requests from now on", reason="HTTP 413", longest=self._controller.longest)
        if feedback.lost:
            self._trouble = _LOST
        elif feedback.limit is not None:
            self._trouble = feedback.limit.value
        else:
            return
        wait_s = self._controller.pause.wait_s(now())
        self._show(WaitReason.TROUBLE, wait_s)
        self.waits.begin(self._trouble, wait_s)
        _log.warning("waiting", reason=self._trouble, wait_s=round(wait_s, 1))
        if self._controller.slow_start.hopeless:
            self.cancel.cancel(answers_lost_text(SlowStart.LOSSES_AT_MOST), Ending.STOPPED)
        elif not feedback.lost and self._controller.pause.trouble_s(now()) > self.give_up_after_s:
            self.cancel.cancel(given_up_text(self._trouble, duration(self.give_up_after_s)), Ending.STOPPED)

    def stop(self) -> None:
        """Wake whoever waits for a slot."""
        self.budget.change()
