"""Which running workflow is the one whose start was not confirmed.

Theory of operation. A workflow is a row's when it runs on the row's document with the row's template, was
started by the webhook's own user while the lost request could have started it, and belongs to no other row.
Everything else leaves the row unknown: a workflow that has ended is not listed, so a miss proves nothing. Some
portals give 0 as the user of a workflow that a webhook started; there a workflow may fit in all else, and the
reason says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from launcher.core.model import Document

EARLIEST_S = 5.0
"""The portal's clock is asked by a request that takes a while itself, and may be set meanwhile."""

LATEST_S = 90.0
"""After a request has left: the cloud cuts it after 60 s, and a workflow may be listed a little later."""


NOT_TOLD = 0
"""The portal does not say who started a workflow. Source: STARTED_BY in the example of the page
"bizproc.workflow.instances"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LostRow:
    """A row whose start was not confirmed, and when its request left, by our clock, in seconds since 1970."""

    row_number: int
    template_id: int
    document: Document
    sent_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A running workflow as the portal lists it; `started_at` by the portal's clock, in seconds since 1970."""

    workflow_id: str
    template_id: int
    entity: str
    element_id: str
    started_at: float
    started_by: int
    """A user's ID, or NOT_TOLD."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What asking the portal taught of a lost row: its workflow, or why it stays unknown."""

    row_number: int
    workflow_id: str = ""
    reason: str = ""
    starter_not_told: bool = False
    """Whether a running workflow fits in all but who started it, which the portal does not tell."""


def settle(
    lost: Sequence[LostRow],
    running: Mapping[int, Sequence[Running]],
    *,
    rivals: Sequence[LostRow] = (),
    owned: Collection[str],
    user_id: int,
    portal_ahead_s: float,
) -> list[Settled]:
    """One for each lost row.

    `running` has, by row number, what the portal lists for the row's document. `rivals` are other rows of
    which nobody knows whether they started. `owned` are the workflow IDs that rows of the ledger have.
    `portal_ahead_s` is how far the portal's clock is ahead.
    """

    def possible(row: LostRow, workflows: Iterable[Running], started_by: int) -> list[Running]:
        """Return those that could be the row's, however long its request was held up on the way."""
        free = (workflow for workflow in workflows if workflow.workflow_id not in owned)
        return [workflow for workflow in free if _could_be(row, workflow, started_by, portal_ahead_s)]

    def in_time(row: LostRow, workflows: Iterable[Running]) -> list[Running]:
        """Return those that began soon enough after the row's request had left to be given to the row."""
        latest = row.sent_at + portal_ahead_s + LATEST_S
        return [workflow for workflow in workflows if workflow.started_at <= latest]

    def fitting(row: LostRow, started_by: int) -> list[str]:
        own = possible(row, running.get(row.row_number, ()), started_by)
        return [workflow.workflow_id for workflow in in_time(row, own)]

    wanted: Counter[str] = Counter()
    listed = {workflow.workflow_id: workflow for found in running.values() for workflow in found}
    for row in (*lost, *rivals):
        later = possible(row, listed.values(), user_id)
        # A request that was held up on its way may have started any later one, if none is of its own time.
        wanted.update(workflow.workflow_id for workflow in in_time(row, later) or later)
    return [
        _settled(row.row_number, found, wanted)
        if (found := fitting(row, user_id))
        else _without(row.row_number, fitting(row, NOT_TOLD))
        for row in lost
    ]


def _could_be(row: LostRow, workflow: Running, user_id: int, portal_ahead_s: float) -> bool:
    return (
        workflow.template_id == row.template_id
        and workflow.entity == row.document.entity
        and workflow.element_id == row.document.element_id
        and workflow.started_by == user_id
        and workflow.started_at >= row.sent_at + portal_ahead_s - EARLIEST_S
    )


def _without(row_number: int, nobodys: Sequence[str]) -> Settled:
    """Of a row without a workflow. `nobodys`: those that fit in all but who started them, which is not told."""
    if not nobodys:
        reason = "the portal lists no running workflow that fits: it has ended, or never started"
        return Settled(row_number, reason=reason)
    reason = (
        "there is a running workflow that fits in all but who started it, which the portal does not tell: "
        f"{', '.join(nobodys)}; look at it before the row is sent again"
    )
    return Settled(row_number, reason=reason, starter_not_told=True)


def _settled(row_number: int, found: Sequence[str], wanted: Counter[str]) -> Settled:
    if len(found) > 1:
        return Settled(row_number, reason=f"{len(found)} running workflows fit: {', '.join(found)}")
    if wanted[found[0]] > 1:
        return Settled(row_number, reason=f"the running workflow {found[0]} fits more than one row")
    return Settled(row_number, workflow_id=found[0])
