"""The portal's own codes and fixed texts.

Source: official REST documentation, "Error codes", "Inbound and outbound webhooks", "Access to the REST API"
and the pages of the methods; the three texts are fixed in the server's code.
"""

from __future__ import annotations

from launcher.core.catalogue.entry import (
    DOCS,
    ERROR_CODES,
    LIMITS,
    LOOK,
    START,
    WEBHOOKS,
    Action,
    Entry,
    Started,
    Who,
)

_NEW_WEBHOOK = (
    "make a new one in the portal, as an administrator, under Applications > Developer resources > Common use "
    "cases > Other > Inbound webhook, and put its address into .env as BITRIX24_WEBHOOK_URL"
)
_OAUTH = DOCS + "settings/oauth/error-codes.html"
_OUR_FAULT = "this is a fault of the launcher; please report it"


def _stops(code: str, meaning: str, who: Who, mend: str, page: str = ERROR_CODES) -> Entry:
    return Entry(
        code=code, meaning=meaning, started=Started.NO, does=Action.STOPS, who=who, mend=mend, page=page
    )  # fmt: skip


def _lost(code: str, meaning: str) -> Entry:
    return Entry(
        code=code, meaning=meaning, started=Started.MAYBE, does=Action.LEAVES_UNKNOWN, who=Who.YOU, mend=LOOK
    )


def _refused(text: str, meaning: str, who: Who, mend: str) -> Entry:
    return Entry(
        code="", text=text, meaning=meaning, started=Started.NO, does=Action.FAILS_THE_ROW, who=who, mend=mend,
        page=START,
    )  # fmt: skip


PORTAL = (
    Entry(
        code="QUERY_LIMIT_EXCEEDED",
        meaning="the portal got more requests from this address than it allows; other programs here count too",
        started=Started.NO,
        does=Action.WAITS_FOR_RATE,
        who=Who.NOBODY,
        page=LIMITS,
    ),
    Entry(
        code="OPERATION_TIME_LIMIT",
        meaning="the portal has spent as many seconds on this method as it allows in ten minutes",
        started=Started.NO,
        does=Action.WAITS_FOR_OPERATING_TIME,
        who=Who.NOBODY,
        page=LIMITS,
    ),
    _stops(
        "EXPIRED_TOKEN",
        "the sign-in to the portal has expired",
        Who.YOU,
        "sign in again: launcher login --oauth",
        DOCS + "settings/oauth/auto-renewal.html",
    ),
    _stops(
        "NO_AUTH_FOUND",
        "the portal does not know this webhook: its address is wrong, or it was deleted or has expired",
        Who.WEBHOOK_OWNER,
        _NEW_WEBHOOK,
        WEBHOOKS,
    ),
    _stops(
        "INVALID_TOKEN",
        "the portal does not take this token: the webhook or the application was deleted",
        Who.WEBHOOK_OWNER,
        _NEW_WEBHOOK,
        WEBHOOKS,
    ),
    _stops(
        "INVALID_CREDENTIALS",
        "the portal has no working webhook with this user and secret: its address is wrong, or it was deleted",
        Who.WEBHOOK_OWNER,
        _NEW_WEBHOOK,
        WEBHOOKS,
    ),
    _stops(
        "INSUFFICIENT_SCOPE",
        "the webhook lacks a permission",
        Who.WEBHOOK_OWNER,
        'open it in the portal under Applications > Developer resources > Integrations, add "Business '
        'processes (bizproc)" under Assign permissions, and save; if its address has changed by that, put '
        "the new one into .env",
        WEBHOOKS,
    ),
    _stops(
        "USER_ACCESS_ERROR",
        "the portal does not let this user use the application",
        Who.ADMIN,
        "let an administrator give the user access to it, or make a webhook as an administrator",
    ),
    _stops(
        "ACCESS_DENIED",
        "the webhook's owner is not an administrator of the portal, or the portal's plan has no REST",
        Who.WEBHOOK_OWNER,
        "make the webhook as an administrator, on a plan with REST (a demo period will do)",
        DOCS + "first-steps/access-to-rest-api.html",
    ),
    _stops(
        "PORTAL_DELETED",
        "the portal was deleted or is closed",
        Who.ADMIN,
        "check its address in a browser; on your own server, switch off the temporary closure of the public "
        "part of the site under Settings > Product Settings > Module Settings > Main Module",
    ),
    _stops(
        "OVERLOAD_LIMIT",
        "Bitrix24 has blocked this portal's REST by hand, because of overload",
        Who.SUPPORT,
        "write to Bitrix24's support, who alone can lift it; then go on with launcher resume",
        DOCS + "bitrix-support.html",
    ),
    _stops(
        "ERROR_METHOD_NOT_FOUND",
        "the portal offers no business processes: its plan is without them, or the webhook may not use them",
        Who.ADMIN,
        "see whether the portal has Automation > Workflows (if not, change to a plan that has them), and "
        'whether the webhook has the permission "Business processes (bizproc)"',
    ),
    _stops(
        "INVALID_REQUEST",
        "the portal wants https",
        Who.SETTINGS,
        "write https:// at the beginning of the webhook's address",
    ),
    _stops(
        "ERROR_WRONG_WORKFLOW_ID",
        "the workflow template does not exist on this portal",
        Who.SETTINGS,
        "check the template's ID: it stands in the address of its page in the portal's workflow designer; then "
        "say --template, or template: in config.yaml",
        START,
    ),
    _stops("ERROR_BATCH_LENGTH_EXCEEDED", "a request held too many commands", Who.MAKERS, _OUR_FAULT),
    _stops(
        "ERROR_BATCH_METHOD_NOT_ALLOWED",
        "a request held a command that cannot be in a batch",
        Who.MAKERS,
        _OUR_FAULT,
    ),
    _lost("INTERNAL_SERVER_ERROR", "the portal broke down while it worked on the request"),
    _lost("ERROR_UNEXPECTED_ANSWER", "a server inside the portal answered with something else"),
    _lost("ERROR_CORE", "the portal's core broke down while it worked on the request"),
    _refused(
        "Wrong DOCUMENT_ID!",
        "there is no such document on the portal",
        Who.FILE,
        "no such document: it was deleted, or the ID is another kind's; correct the ID in the file",
    ),
    _refused(
        "Incorrect document type!",
        "the portal does not take documents of this kind here",
        Who.SETTINGS,
        "the document is of a kind that the portal does not take here; check --kind, or kind: in config.yaml",
    ),
    _refused(
        "Template type and DOCUMENT_ID mismatch!",
        "the template is for documents of another kind",
        Who.SETTINGS,
        "the template is for another kind of document; choose the template or the kind that fits",
    ),
    Entry(
        code="",
        title="any other text without a code",
        meaning="the portal, or the template's own first steps, refused this row in their own words",
        started=Started.NO,
        does=Action.FAILS_THE_ROW,
        who=Who.TEMPLATE_OWNER,
        mend="the words tell why; see on the document what the template had done by then; then launcher retry",
        told=True,
        page=START,
    ),
    Entry(
        code="",
        title="any other code",
        meaning="the portal answered with a code that the launcher does not know",
        started=Started.MAYBE,
        does=Action.LEAVES_UNKNOWN,
        who=Who.YOU,
        mend=LOOK,
    ),
)
"""What the portal answers to a request, in the documentation's order."""

REFUSED_CALLER = Entry(
    code="",
    title="any other code with HTTP 401 or 403",
    also=(
        "authorization_error",
        "ERROR_OAUTH",
        "APPLICATION_NOT_FOUND",
        "METHOD_CONFIRM_WAITING",
        "METHOD_CONFIRM_DENIED",
        "WRONG_AUTH_TYPE",
        "NOT_INSTALLED",
        "ALLOWED_ONLY_INTRANET_USER",
        "INVALID_SCOPE",
        "WRONG_CLIENT",
    ),
    meaning="the portal refused the whole request because of who sent it, so nothing was started: the "
    "webhook's owner was dismissed, or the webhook or the application is not confirmed, not installed or not "
    "allowed",
    started=Started.NO,
    does=Action.STOPS,
    who=Who.WEBHOOK_OWNER,
    mend="see in the portal, under Applications > Developer resources > Integrations, whether it is there and "
    "confirmed, and whether its owner is an active administrator; else make a new webhook and put its address "
    "into .env as BITRIX24_WEBHOOK_URL; then continue with launcher resume",
)
"""A whole request whose code says none of the above; of one command in a batch it says nothing."""

SIGNING_IN = (
    _stops(
        "INVALID_GRANT",
        "the sign-in is over: it was not used for 180 days, was withdrawn, or its renewal was cut off",
        Who.YOU,
        "sign in again: launcher login --oauth",
        _OAUTH,
    ),
    _stops(
        "INVALID_CLIENT",
        "Bitrix24 knows no application with this ID and secret",
        Who.SETTINGS,
        "copy both from the application's card in the portal, under Applications > Developer resources > "
        "Integrations, then: launcher login --oauth",
        _OAUTH,
    ),
    _stops(
        "PAYMENT_REQUIRED",
        "the portal's plan or the application's licence has ended",
        Who.ADMIN,
        "renew it in the portal, then go on with launcher resume",
        _OAUTH,
    ),
)
"""What Bitrix24's authorisation server says to an application, whose sign-in it renews."""
