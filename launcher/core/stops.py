"""Ending a run's workflows: what is asked of the portal, and what its answer says of each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from launcher.core.answers import error_of
from launcher.core.batch import encode_call
from launcher.core.catalogue import MENDS, PORTAL_CODES, Does, stop_text


class Way(StrEnum):
    """How a workflow is ended."""

    TERMINATE = "terminate"
    """It ends, and the portal keeps its record."""
    KILL = "kill"
    """It is deleted, with its record."""


class Fate(StrEnum):
    """What became of a workflow that was to be ended."""

    ASKED = "asked"
    """The portal was asked to end it; nothing is known yet. Asking again does no harm."""
    ENDED = "ended"
    """The portal ended it."""
    GONE = "gone"
    """It did not run any more: it had ended by itself, or an earlier request whose answer was lost ended it."""
    REFUSED = "refused"
    """It still runs: the portal did not end it."""


OVER = frozenset({Fate.ENDED, Fate.GONE})
"""A workflow with one of these does not run any more and never will."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What one command's answer says. Without a fate it is to be seen whether the workflow still runs."""

    fate: Fate | None = None
    text: str = ""
    again: bool = False
    """The portal refused it only for now."""
    halt: str = ""
    """The portal refuses all of them, for this reason in words."""


def command(workflow_id: str, way: Way, run: str) -> str:
    """The command of a batch that ends this workflow.

    Source: official REST documentation, "bizproc.workflow.terminate" and "bizproc.workflow.kill".
    """
    values = {"ID": workflow_id}
    if way is Way.TERMINATE:
        values["STATUS"] = f"Stopped by bizproc-launcher (run {run})"
    return encode_call(f"bizproc.workflow.{way}", values)


def judge(key: str, results: Mapping[str, object], errors: Mapping[str, object]) -> Answered:
    """What the maps of a batch's answer say of the command with that key."""
    if key not in errors:
        return Answered(Fate.ENDED) if results.get(key) is True else Answered(text="the portal did not say")
    code, text = error_of(errors[key]) or ("", "")
    if code.upper() in MENDS:
        return Answered(halt=stop_text(code, text))
    entry = PORTAL_CODES.get(code.upper())
    again = entry is not None and entry.does in (Does.WAITS_FOR_RATE, Does.WAITS_FOR_OPERATING_TIME)
    given = ": ".join(part for part in (code, text) if part) or "refused without a reason"
    return Answered(text=given, again=again)
