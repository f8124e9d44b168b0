"""What comes back of a request, and the shapes of the portal's answers.

Source: official REST documentation, "How to Execute a Batch Request"; recorded answers of real portals.

Source of the times: official REST documentation, "Limits" and "How to Execute a Batch Request"; recorded
answers of real portals. All of it may be missing, and what cannot be read counts as missing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from launcher.core.catalogue import (
    STOPPING,
    lost_text,
    moved_text,
    refused_caller_text,
    refuses_caller,
    stop_text,
)


@dataclass(frozen=True, slots=True)
class Response:
    """The portal answered in JSON. Shape and meaning are not yet judged."""

    status: int
    body: object


@dataclass(frozen=True, slots=True)
class NotSent:
    """The request never left: certainly nothing started."""

    cause: str


@dataclass(frozen=True, slots=True)
class ResponseLost:
    """The request may have left, and no whole answer came back: all its starts may have happened."""

    cause: str


@dataclass(frozen=True, slots=True)
class TooLong:
    """A server refused the request for its length (HTTP 413), before anything was executed: nothing started."""


@dataclass(frozen=True, slots=True)
class Redirected:
    """The portal answered with a redirect to another host: nothing started."""

    host: str


@dataclass(frozen=True, slots=True)
class Blocked:
    """Nothing started, and nothing will until a person has mended something, as a sign-in that is over."""

    code: str
    text: str
    """Why, and what to do."""


Outcome = Response | NotSent | ResponseLost | TooLong | Redirected | Blocked

TOO_LONG = (
    "a server in front of the portal takes no request as long as this one (HTTP 413); nothing was started"
)


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """A question that the portal did not answer; questions start nothing and may be asked again."""

    text: str
    refused: bool
    """Whether the portal refused it, and will again."""


def answer_of(outcome: Outcome) -> dict[str, object] | NoAnswer:
    """The body of the portal's answer to a question, or why there is none."""
    match outcome:
        case Response(status, body):
            error = error_of(body)
            if error is None and isinstance(body, dict) and "result" in body:
                return body
            if error is None:
                return NoAnswer("the portal's answer cannot be understood", refused=False)
            code, text = error
            if code.upper() in STOPPING:
                return NoAnswer(stop_text(code, text), refused=True)
            if refuses_caller(status, code):
                return NoAnswer(refused_caller_text(code, text), refused=True)
            given = ": ".join(part for part in (code, text) if part) or "an error without a reason"
            return NoAnswer(f"the portal answered {given}", refused=False)
        case Redirected(host):
            return NoAnswer(moved_text(host), refused=True)
        case Blocked(_, text):
            return NoAnswer(text, refused=True)
        case TooLong():
            return NoAnswer(TOO_LONG, refused=True)
        case NotSent(cause):
            return NoAnswer(
                f"{not_reached(cause)}; see whether it can be reached from this machine, and check its address",
                refused=False,
            )
        case ResponseLost(cause):
            return NoAnswer(not_heard(cause), refused=False)


def not_reached(cause: str) -> str:
    """Why a request never left, in words."""
    return lost_text(cause, "the portal could not be reached")


def not_heard(cause: str) -> str:
    """Why no whole answer came back, in words."""
    return lost_text(cause, "the portal's answer was lost")


def answers_of_batch(body: Mapping[str, object]) -> tuple[dict[str, object], dict[str, object]]:
    """Results and totals of a batch of questions, by command key; what is missing was not answered."""
    inner = body.get("result")
    if not isinstance(inner, dict):
        return {}, {}
    return map_of(inner.get("result")) or {}, map_of(inner.get("result_total")) or {}


def error_of(body: object) -> tuple[str, str] | None:
    """Code and text of an error, or None where there is none to be read."""
    if not isinstance(body, dict) or "error" not in body:
        return None
    code, text = body["error"], body.get("error_description", "")
    return (code if isinstance(code, str) else str(code)), (text if isinstance(text, str) else str(text))


def contradicts_itself(body: object) -> bool:
    """Whether the answer holds a result and an error, so that neither can be believed."""
    return isinstance(body, dict) and "error" in body and bool(body.get("result"))


def maps_of(answer: Response) -> tuple[dict[str, object], dict[str, object]] | None:
    """The maps of results and of errors, or None where this is not the answer to a batch."""
    if answer.status != 200 or not isinstance(answer.body, dict):
        return None
    inner = answer.body.get("result")
    if not isinstance(inner, dict) or "result" not in inner or "result_error" not in inner:
        return None
    results, errors = map_of(inner["result"]), map_of(inner["result_error"])
    return None if results is None or errors is None else (results, errors)


def map_of(value: object) -> dict[str, object] | None:
    """PHP writes an empty map as an empty list."""
    if isinstance(value, dict):
        return value
    return {} if value == [] else None


BATCH = "batch"
START = "start"


@dataclass(frozen=True, slots=True)
class Told:
    """What an answer reported of one account of operating time."""

    used_s: float
    at: float
    """By the portal's clock."""
    reset_at: float
    """By the portal's clock: when the oldest of its baskets drops out."""


@dataclass(frozen=True, slots=True)
class Times:
    """What one answer reported."""

    execution_s: float | None = None
    """Of all its commands together; None where it does not say."""
    told: Mapping[str, Told] = field(default_factory=dict)
    """By account: that of `batch`, and that of the method inside."""


NOTHING = Times()


def times_of(outcome: Outcome, *, alone: bool = False) -> Times:
    """What the answer to a batch says, or to a start that went alone."""
    if not isinstance(outcome, Response) or not isinstance(outcome.body, dict):
        return NOTHING
    whole = outcome.body.get("time")
    if alone:
        return Times(_number(whole, "duration"), _named({START: _told(whole)}))
    inner = outcome.body.get("result")
    commands = list((map_of(inner.get("result_time")) or {}).values()) if isinstance(inner, dict) else []
    durations = [seconds for one in commands if (seconds := _number(one, "duration")) is not None]
    last = max(filter(None, map(_told, commands)), key=lambda told: (told.at, told.used_s), default=None)
    return Times(
        sum(durations) if durations else _number(whole, "duration"),
        _named({BATCH: _told(whole), START: last}),
    )


def _named(accounts: Mapping[str, Told | None]) -> dict[str, Told]:
    return {name: told for name, told in accounts.items() if told is not None}


def _told(block: object) -> Told | None:
    used_s, at = _number(block, "operating"), _number(block, "finish")
    reset_at = _number(block, "operating_reset_at")
    return None if used_s is None or at is None or reset_at is None else Told(used_s, at, reset_at)


def _number(block: object, name: str) -> float | None:
    value = block.get(name) if isinstance(block, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and value >= 0 else None
