"""Which workflows still run: the question to the portal, and how its answer is read.

One workflow a question, by its ID: the portal documents no filter by several, and pages of a list shift
while workflows end. Source: official REST documentation, "bizproc.workflow.instances".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from launcher.core.batch import encode_call
from launcher.errors import LauncherError

STUCK_AFTER_S = 300
"""A workflow whose lock ran out so long ago is stuck. Source: the page named above."""


class UnexpectedAnswerError(LauncherError):
    """The portal answered something else than was asked; the text says what."""


@dataclass(frozen=True, slots=True)
class Running:
    """A workflow that runs."""

    workflow_id: str
    owned_until: float | None
    """When its lock runs or ran out, in seconds since 1970 of the portal's clock; None: it is not locked."""

    def is_stuck(self, portal_now: float) -> bool:
        """Whether it was at work, and its lock ran out too long ago for that still to be so."""
        return self.owned_until is not None and portal_now - self.owned_until > STUCK_AFTER_S


def question(workflow_id: str) -> str:
    """The command of a batch that asks whether this workflow runs."""
    return encode_call(
        "bizproc.workflow.instances", {"SELECT": ["ID", "OWNED_UNTIL"], "FILTER": {"ID": workflow_id}}
    )


def answer(listed: object, workflow_id: str) -> Running | None:
    """The workflow, where the portal lists it, and None where it does not run. Raises UnexpectedAnswerError."""
    if not isinstance(listed, list):
        raise UnexpectedAnswerError("the portal did not say which workflows run")
    for item in listed:
        if isinstance(item, Mapping) and item.get("ID") == workflow_id:
            return Running(workflow_id, _moment(item.get("OWNED_UNTIL")))
    if listed:
        # As where it takes no filter by ID: then a miss would prove nothing.
        raise UnexpectedAnswerError("the portal lists other workflows than the one that it was asked for")
    return None


def _moment(text: object) -> float | None:
    try:
        return datetime.fromisoformat(str(text)).timestamp() if text else None
    except ValueError:
        return None
