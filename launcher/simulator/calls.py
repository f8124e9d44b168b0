"""One call of one method: found, allowed, charged, executed, timed."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from launcher.simulator import errors, php, registry
from launcher.simulator.errors import PortalError
from launcher.simulator.limits import Operating
from launcher.simulator.methods import Call, Method, Reply
from launcher.simulator.state import RequestLog, State


@dataclass(frozen=True, slots=True)
class Plan:
    """What a scripted fault changes in the execution itself."""

    stop_after: int | None = None
    """Commands that are executed before the execution stops."""
    refusals: dict[int, PortalError] = field(default_factory=dict)
    """Command's place in the request → why it is not executed."""
    refused_from: int | None = None
    """From this place on commands are refused with the operating limit."""

    def check(self, place: int) -> None:
        """Raise what the fault has for the command at this place."""
        if self.stop_after is not None and place >= self.stop_after:
            raise errors.Stopped
        if place in self.refusals:
            raise self.refusals[place]
        if self.refused_from is not None and place >= self.refused_from:
            raise errors.operating_limit()

    def check_end(self, executed: int) -> None:
        """Raise when the execution is to stop before its answer, though all commands have been executed."""
        if self.stop_after is not None and executed <= self.stop_after:
            raise errors.Stopped


@dataclass(slots=True)
class Session:
    """One HTTP request while it is executed."""

    state: State
    log: RequestLog
    deadline: float
    """time.monotonic() at which the request is cut."""
    webhook: bool = True
    plan: Plan = field(default_factory=Plan)
    in_batch: bool = False


async def perform(session: Session, name: str, params: php.Array, key: str | None = None) -> dict[str, Any]:
    """Call a method and return its whole answer: result, next and total where there are any, time."""
    state = session.state
    began = state.clock.now()
    method = _allowed(session, name)
    check_operating(session, name)
    # Taken out: a method does not see it.
    offset = php.integer(params.pop("start", 0))
    call = Call(state, session.log, php.upper_keys(params), offset, key, session.webhook)
    reply = method.run(call)
    if reply.seconds > 0:
        await _spend(session, reply.seconds)
        charge(session, name, reply.seconds)
    return _answer(session, name, reply, began)


def _allowed(session: Session, name: str) -> Method:
    settings = session.state.settings
    method = registry.find(name, settings.license)
    if method is None:
        raise errors.method_not_found()
    if method.scope and method.scope not in settings.scopes:
        raise errors.insufficient_scope()
    return method


async def _spend(session: Session, seconds: float) -> None:
    """Let the execution take its time, as far as the request has any left."""
    left = session.deadline - time.monotonic()
    if left < seconds:
        await asyncio.sleep(max(0.0, left))
        raise errors.Cut
    await asyncio.sleep(seconds)


def operating(session: Session, name: str) -> Operating:
    """Return the baskets of one method and the webhook or the application."""
    caller = "webhook" if session.webhook else "app"
    return session.state.operating.setdefault((caller, name), Operating())


def charge(session: Session, name: str, seconds: float) -> None:
    """Put execution seconds on the accounts that the portal's mode says."""
    settings, now = session.state.settings, session.state.clock.now()
    for charged in _charged(session, name):
        operating(session, charged).charge(now, seconds, settings.basket_seconds, settings.basket_phase_seconds)


def _charged(session: Session, name: str) -> tuple[str, ...]:
    mode = session.state.settings.operating_mode
    if not session.in_batch or mode in ("method", "none"):
        return (name,)
    return ("batch",) if mode == "batch" else ("batch", name)


def check_operating(session: Session, name: str) -> None:
    """Raise OPERATION_TIME_LIMIT when the method has used up its seconds."""
    state = session.state
    limit = state.settings.operating_limit
    if limit > 0 and operating(session, name).total(state.clock.now(), span(state)) > limit:
        raise errors.operating_limit()


def span(state: State) -> float:
    """Return how long a basket counts, in seconds."""
    return state.settings.basket_seconds * state.settings.baskets


def _answer(session: Session, name: str, reply: Reply, began: float) -> dict[str, Any]:
    answer: dict[str, Any] = {"result": reply.result}
    if reply.next is not None:
        answer["next"] = reply.next
    if reply.total is not None:
        answer["total"] = reply.total
    answer["time"] = timing(session, name, began, session.state.clock.now())
    return answer


def timing(session: Session, name: str, began: float, processed: float) -> dict[str, Any]:
    """Return the `time` of an answer; the operating seconds are those of the named method."""
    state = session.state
    finished = state.clock.now()
    block: dict[str, Any] = {
        "start": round(began, 6),
        "finish": round(finished, 6),
        "duration": finished - began,
        "processing": processed - began,
        "date_start": state.clock.iso(began),
        "date_finish": state.clock.iso(finished),
    }
    if state.settings.operating_mode != "none":
        account = operating(session, name)
        used = account.total(finished, span(state))
        block["operating_reset_at"] = account.reset_at(finished, span(state))
        block["operating"] = used or 0
    return block
