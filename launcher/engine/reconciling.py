"""Asks the portal about rows whose answers were lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from launcher.core.batch import encode_call, parts
from launcher.core.reconcile import NOT_TOLD, LostRow, Running, Settled, settle
from launcher.engine.portal_client import PortalClient
from launcher.errors import PortalError
from launcher.ledger import Ledger
from launcher.log import get_logger

_log = get_logger()

_SELECT = ["ID", "TEMPLATE_ID", "ENTITY", "DOCUMENT_ID", "STARTED", "STARTED_BY"]
_PAGE = 50
"""Workflows listed at once. Source: official REST documentation, "bizproc.workflow.instances"."""


async def reconcile(ledger: Ledger, client: PortalClient, run_id: int) -> int:
    """Rows whose workflows are found running are STARTED; the others stay UNKNOWN, with the reason in words.

    Gives how many were found. Raises PortalError, LedgerError; what was settled until then stays so.
    """
    found, not_told, last_row = 0, 0, 0
    who = when = None
    while lost := await ledger.lost_rows(run_id, after_row=last_row):
        last_row = lost[-1].row_number
        if who is None or when is None:
            who, when = await _own_user(client), await client.clock_offset_s()
        for some in parts(lost):
            settled = await _settled(ledger, client, run_id, some, user_id=who, portal_ahead_s=when)
            found += await ledger.settle(run_id, settled)
            not_told += sum(1 for one in settled if one.starter_not_told)
    if not_told:
        _log.warning(
            "running workflows fit unknown rows, but the portal does not tell who started them: look at the "
            "documents before these rows are sent again",
            rows=not_told,
        )
    return found


async def _settled(
    ledger: Ledger,
    client: PortalClient,
    run_id: int,
    lost: Sequence[LostRow],
    *,
    user_id: int,
    portal_ahead_s: float,
) -> list[Settled]:
    commands = {
        f"r{row.row_number}": encode_call(
            "bizproc.workflow.instances",
            {
                "SELECT": _SELECT,
                "FILTER": {"TEMPLATE_ID": row.template_id, "DOCUMENT_ID": row.document.element_id},
            },
        )
        for row in lost
    }
    results, totals = await client.ask_all(commands)
    running, unanswered = {}, {}
    for row in lost:
        key = f"r{row.row_number}"
        listed, total = results.get(key), totals.get(key, 0)
        if not isinstance(listed, list):
            unanswered[row.row_number] = "the portal did not say which workflows run on its document"
        elif isinstance(total, int) and total > _PAGE:
            unanswered[row.row_number] = f"{total} workflows run on its document, more than can be told apart"
        else:
            running[row.row_number] = [workflow for item in listed if (workflow := _running(item)) is not None]
    owned = await ledger.owned([workflow.workflow_id for found in running.values() for workflow in found])
    answered = [row for row in lost if row.row_number in running]
    rivals = await ledger.rivals(run_id, lost)
    return [
        *settle(answered, running, rivals=rivals, owned=owned, user_id=user_id, portal_ahead_s=portal_ahead_s),
        *(Settled(row_number, reason=reason) for row_number, reason in unanswered.items()),
    ]


def _running(item: object) -> Running | None:
    """A workflow as the portal lists it, or None where it lists something else."""
    if not isinstance(item, Mapping):
        return None
    try:
        return Running(
            workflow_id=str(item["ID"]),
            template_id=int(item["TEMPLATE_ID"]),
            entity=str(item["ENTITY"]),
            element_id=str(item["DOCUMENT_ID"]),
            started_at=datetime.fromisoformat(str(item["STARTED"])).timestamp(),
            started_by=int(item.get("STARTED_BY") or NOT_TOLD),
        )
    except (KeyError, ValueError, TypeError):
        return None


async def _own_user(client: PortalClient) -> int:
    result = (await client.ask("profile", {}))["result"]
    if isinstance(result, Mapping) and str(result.get("ID", "")).isdigit():
        return int(result["ID"])
    raise PortalError("webhook-owner-missing", portal=client.portal)
