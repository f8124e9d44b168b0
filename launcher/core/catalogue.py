"""What the portal's refusals mean, and how they are mended, in words for the person.

Source: official REST documentation, "Error codes"; the portal's own menus.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_NEW_WEBHOOK = "the webhook is wrong or was deleted; make a new one and put its address into the configuration"
_OUR_FAULT = "this is a fault of the launcher; please report it"

MENDS: Mapping[str, str] = {
    "EXPIRED_TOKEN": "the token has expired; sign in again: launcher login --oauth",
    "INVALID_GRANT": (
        "the sign-in is over: it was not used for 180 days, was withdrawn, or its renewal was cut off; sign in "
        "again: launcher login --oauth"
    ),
    "INVALID_CLIENT": (
        "Bitrix24 knows no application with this ID and secret; copy both from the application's card in "
        "the portal, under Developer resources, then: launcher login --oauth"
    ),
    "PAYMENT_REQUIRED": (
        "the portal's plan or the application's licence has ended; renew it in the portal, then: "
        "launcher resume"
    ),
    "NO_AUTH_FOUND": _NEW_WEBHOOK,
    "INVALID_TOKEN": _NEW_WEBHOOK,
    "INVALID_CREDENTIALS": _NEW_WEBHOOK,
    "INSUFFICIENT_SCOPE": (
        "the webhook lacks a permission; in the portal, under Developer resources, open the webhook and add "
        '"Business processes (bizproc)"'
    ),
    "USER_ACCESS_ERROR": (
        "the webhook's owner may not use it; make the webhook as an administrator of the portal"
    ),
    "ACCESS_DENIED": (
        "the webhook's owner is not an administrator, or the portal's plan has no REST; make the webhook as an "
        "administrator of a portal on a commercial plan"
    ),
    "PORTAL_DELETED": "the portal was deleted; check its address",
    "OVERLOAD_LIMIT": "the portal has blocked REST because of overload; only Bitrix24's support lifts it",
    "ERROR_METHOD_NOT_FOUND": "business processes are not available on this portal's plan",
    "INVALID_REQUEST": "the portal wants https; write https:// in the webhook's address",
    "ERROR_WRONG_WORKFLOW_ID": "the template does not exist on this portal; check its ID",
    "ERROR_BATCH_LENGTH_EXCEEDED": _OUR_FAULT,
    "ERROR_BATCH_METHOD_NOT_ALLOWED": _OUR_FAULT,
}
"""By the portal's code, in capitals; one for each code that stops a run."""

BUSY = "item busy"
"""Our code for a start that the portal refused because two workflows run on its item; the portal gives none."""

_BUSY_TEXTS = (
    r"одновременно быть запущено не более \d+ процесс",  # Russian
    r"can be handled by \d+ processes at most",  # English
    r"maximal \d+ workflows gleichzeitig",  # German
    r"одночасно бути запущено не більше \d+ процес",  # Ukrainian
    r"obsługiwany co najwyżej przez \d+ proces",  # Polish
    r"puede ser manejado por \d+ procesos",  # Spanish
    r"gestito al massimo da \d+ processi",  # Italian
)
"""What portals say in their languages. Source: the message LIMIT_SIMULTANEOUS_PROCESSES of the portal's module
for business processes, as public copies of its language files have it; the portal refuses before it starts.
A language that is not here makes the row failed instead of deferred, and never anything worse."""

_BUSY = re.compile("|".join(_BUSY_TEXTS), re.IGNORECASE)


def is_busy(text: str) -> bool:
    """Whether the portal refused a start because its item has as many workflows running as it may have."""
    return _BUSY.search(text) is not None
